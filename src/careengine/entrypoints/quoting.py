"""Show the words of a chart that a decision rests on, to a person who may read them; it leaves a trace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from careengine.engine.composition import Engine
from careengine.kernel.decision import Evidence
from careengine.kernel.errors import Refused
from careengine.kernel.refs import Ref
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection
from careengine.trust.access import Access, NotAllowed
from careengine.trust.actor import Reader
from careengine.trust.charts import Charts
from careengine.trust.ledger import Pen


@dataclass(frozen=True, slots=True)
class Quotes:
    """Which sources a reader may see; without a reader, none."""

    readable: frozenset[str] = frozenset()
    withheld: str = ""
    """The code of the sentence that says why words are left out; empty if none are."""
    params: Mapping[str, str] = field(default_factory=dict)

    def told(self, evidence: Sequence[Evidence]) -> list[dict[str, Any]]:
        """Return the evidence with its words where they may be shown, ``None`` where they may not."""
        return [
            {
                "source": one.source, "bearing": one.bearing.value, "start": one.start, "end": one.end,
                "words": one.words if not one.words or one.source in self.readable else None,
            }
            for one in evidence
        ]  # fmt: skip


NOBODY = Quotes(withheld="worklist.quotes_need_reader")


def quotes_for(
    conn: Connection, engine: Engine, access: Access, evidence: Sequence[Evidence], *, reader: Reader
) -> Quotes:
    """Read the sources of quoted evidence as ``reader``; every reading is sealed and committed."""
    quoted = {one.source: ref for one in evidence if one.words and (ref := _ref(one.source)) is not None}
    if not quoted:
        return Quotes()
    charts = Charts(conn, reader=reader, access=access, at=engine.clock.now())
    try:
        found = charts.resources(quoted.values(), kinds={ref.type for ref in quoted.values()})
    except NotAllowed:
        return Quotes(withheld="worklist.quotes_not_allowed", params=_for(reader))
    finally:
        _seal(conn, engine, charts, real_now())
    readable = frozenset(source for source, ref in quoted.items() if ref in found)
    left_out = len(readable) < len(quoted)
    return Quotes(readable, "worklist.quotes_not_allowed" if left_out else "", _for(reader))


def _for(reader: Reader) -> dict[str, str]:
    return {"actor": reader.actor, "purpose": reader.purpose.value}


def _ref(source: str) -> Ref | None:
    """Return the resource a source lies in; ``None`` when it names none, whose words then stay closed."""
    try:
        return Ref.parse(source.partition("#")[0])
    except Refused:
        return None


def _seal(conn: Connection, engine: Engine, charts: Charts, recorded_at: datetime) -> None:
    if charts.audits:
        pen, batch = Pen(engine.ids), engine.ids.next()
        leaves = pen.write(
            conn, batch=batch, recorded_at=recorded_at, entries=(), inputs={}, audits=charts.audits
        )
        pen.seal(conn, batch=batch, leaves=leaves, recorded_at=recorded_at)
    conn.commit()
