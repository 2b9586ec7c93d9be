"""What is wrong with a resource, said without a word of what the resource holds."""

from typing import NamedTuple


class Problem(NamedTuple):
    """One thing that keeps a resource out of the record."""

    path: str
    """Where: ``Observation.component[1].code``; empty when the whole text is meant."""
    what: str
    """What is wrong, with HL7's key where there is one; never a patient's value."""
