"""One value by which a resource is found."""

from enum import IntEnum
from typing import Any, NamedTuple


class Kind(IntEnum):
    """How a value is compared in a search (FHIR's search parameter types)."""

    TOKEN = 0
    STRING = 1
    REFERENCE = 2
    DATE = 3
    NUMBER = 4
    QUANTITY = 5
    URI = 6


class IndexValue(NamedTuple):
    """A value of one search parameter, by kind.

    * TOKEN: ``value`` is the code, identifier, contact or ``true``/``false``; ``system`` empty for none.
    * STRING: ``value`` as written; comparing without case and accents is the search's affair.
    * REFERENCE: ``value`` is ``Type/id`` without version, or a whole url, ``urn:`` or canonical.
    * DATE: from ``low`` (inside) to ``high`` (outside), aware and in UTC; None where the end is open.
    * NUMBER: from ``low`` to ``high``, both inside and mostly equal; infinite where the end is open.
    * QUANTITY: as NUMBER, with the unit's ``system`` and its code (or the unit as written) in ``value``.
    * URI: ``value`` as written.
    """

    param: str
    kind: Kind
    system: str = ""
    value: str = ""
    low: Any = None
    high: Any = None
