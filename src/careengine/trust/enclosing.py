"""What goes along with an effect is read just before the wire: fresh, allowed, and on the trail."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import orjson

from careengine.kernel.errors import CareError
from careengine.kernel.refs import Ref
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection
from careengine.runtime.ids import Ids
from careengine.trust.access import Access, NotAllowed
from careengine.trust.actor import Purpose, Reader
from careengine.trust.audit import AuditEntry
from careengine.trust.charts import Charts
from careengine.trust.ledger import Pen

ENCLOSE = "enclose"
"""The part of an effect's body that lists what goes along, ``Type/id`` or ``Type/id@version``."""
NOT_ALLOWED = "enclosure.not_allowed"
MISSING = "enclosure.missing"

Enclosed = Mapping[str, Mapping[str, Any]]


class Leaving(Protocol):
    """An effect about to leave, as far as its enclosures must know it."""

    @property
    def id(self) -> int:
        """Its id."""
        ...

    @property
    def journey(self) -> str:
        """For which journey it leaves; what that may read may go along."""
        ...

    @property
    def purpose(self) -> str:
        """Why it leaves."""
        ...

    @property
    def body(self) -> Mapping[str, Any]:
        """What it carries."""
        ...


class Enclosures:
    """Reads what a batch of effects takes along; what may not or cannot be read keeps its effect here."""

    def __init__(self, access: Access, ids: Ids) -> None:
        self._access = access
        self._ids = ids

    def __call__(
        self, conn: Connection, leaving: Sequence[Leaving], now: datetime
    ) -> tuple[dict[int, Enclosed], dict[int, str]]:
        """Return what goes along by effect id, and a reason code by id for each that must stay.

        A reading a journey and purpose, each on the trail; the seal is the transaction's last act.
        """
        found: dict[int, Enclosed] = {}
        stays: dict[int, str] = {}
        audits: list[AuditEntry] = []
        for (journey, purpose), some in _grouped(leaving).items():
            charts = Charts(
                conn, reader=Reader.for_journey(journey, Purpose(purpose)), access=self._access, at=now
            )
            _read(charts, some, found, stays)
            audits.extend(charts.audits)
        self._seal(conn, audits)
        return found, stays

    def _seal(self, conn: Connection, audits: Sequence[AuditEntry]) -> None:
        if not audits:
            return
        pen, batch, recorded_at = Pen(self._ids), self._ids.next(), real_now()
        leaves = pen.write(conn, batch=batch, recorded_at=recorded_at, entries=(), inputs={}, audits=audits)
        pen.seal(conn, batch=batch, leaves=leaves, recorded_at=recorded_at)


def _grouped(leaving: Iterable[Leaving]) -> Mapping[tuple[str, str], list[Leaving]]:
    groups: dict[tuple[str, str], list[Leaving]] = defaultdict(list)
    for one in leaving:
        if one.body.get(ENCLOSE):
            groups[one.journey, one.purpose].append(one)
    return groups


def _read(
    charts: Charts, leaving: Sequence[Leaving], found: dict[int, Enclosed], stays: dict[int, str]
) -> None:
    named = {str(text): Ref.parse(str(text)) for one in leaving for text in one.body[ENCLOSE]}
    try:
        stored = charts.resources(named.values(), kinds={ref.type for ref in named.values()})
    except NotAllowed:
        stays.update((one.id, NOT_ALLOWED) for one in leaving)
        return
    except CareError:
        stays.update((one.id, MISSING) for one in leaving)
        return
    for one in leaving:
        texts = [str(text) for text in one.body[ENCLOSE]]
        if all(named[text] in stored for text in texts):
            found[one.id] = {text: orjson.loads(stored[named[text]].raw) for text in texts}
        else:
            stays[one.id] = MISSING
