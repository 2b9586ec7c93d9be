"""Verify the ledger: every link, root, decision, input, audit row and rule against what the chain says.

It reads page by page in short statements, beside a working engine: only blocks up to
the head found at the start are judged.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from careengine.runtime.database import Connection
from careengine.trust import chain, rows
from careengine.trust.ledger import Rule
from careengine.trust.proof import Head
from careengine.trust.verify_rows import Fault, Page, Sealed, judge_audits, judge_decisions, judge_inputs

BLOCKS_A_PAGE = 100
_ENDS = """
    select h.seq, h.hash, b.seq, b.hash, b.recorded_at
    from (select 1) one
    left join block_head h on h.id = 1
    left join lateral (select seq, hash, recorded_at from block order by seq desc limit 1) b on true
"""
_LINKS = """
    select seq, batch, recorded_at, n, prev, root, hash, leaves from block
    where seq > %b and seq <= %b order by seq limit %b
"""
_NEXT_PAGE = """
    select max(recorded_at) from (
        select recorded_at from block where seq <= %b and recorded_at > %b::timestamptz
        order by recorded_at limit %b
    ) page
"""
_BLOCKS_OF_PAGE = """
    select seq, batch, leaves from block
    where seq <= %b and recorded_at > %b::timestamptz and recorded_at <= %b::timestamptz
"""


@dataclass(slots=True)
class ChainReport:
    """What was verified and what does not agree."""

    blocks: int = 0
    decisions: int = 0
    audits: int = 0
    purged: int = 0
    """Decisions whose body was purged; their leaves agree all the same."""
    head: Head | None = None
    """The newest block judged; publish it outside to make a rewritten chain visible."""
    faults: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Say whether everything agrees."""
        return not self.faults


def verify(
    conn: Connection, progress: Callable[[int], None] = lambda _: None, *, published: Iterable[Head] = ()
) -> ChainReport:
    """Verify the whole ledger.

    ``progress`` hears how many rows were read so far; ``published`` are heads kept outside.
    """
    report = ChainReport()
    with conn.transaction():
        end = _judge_head(conn, report)
        _judge_links(conn, report, end, {head.seq: head for head in published})
        _judge_rules(conn, report)
    for since, until in _pages(conn, end):
        with conn.transaction():
            page = Page(blocks=_blocks(conn, end, since, until), since=since, until=until, last_seq=end)
            decisions = judge_decisions(conn, page)
            report.audits += judge_audits(conn, page)
            judge_inputs(conn, page, decisions)
        report.decisions += len(decisions)
        report.purged += sum(one.purged for one in decisions)
        report.faults.extend((*page.faults, *page.missing()))
        progress(report.decisions + report.audits)
    with conn.transaction():
        report.faults.extend(_unused_inputs(conn))
    return report


def _judge_head(conn: Connection, report: ChainReport) -> int:
    """Compare the head with the newest block; return the number of the last block to be judged."""
    found = conn.execute(_ENDS).fetchone()
    row: tuple[int | None, bytes | None, int | None, bytes | None, datetime | None] = found or (None,) * 5
    head_seq, head_hash, seq, hash_, recorded_at = row
    if head_seq is None:
        report.faults.append(Fault("head", "is missing"))
    elif (head_seq, head_hash) != (seq or 0, hash_ or chain.GENESIS):
        report.faults.append(Fault("head", "does not name the newest block"))
    if seq is None or hash_ is None or recorded_at is None:
        return 0
    report.head = Head(seq, hash_, recorded_at)
    return seq


def _judge_links(conn: Connection, report: ChainReport, end: int, published: dict[int, Head]) -> None:
    seq, prev = 0, chain.GENESIS
    while found := _links(conn, seq, end):
        for block in found:
            this, batch, recorded_at, n, named, root, hash_, leaves = block
            where = f"block {this}"
            if this != seq + 1:
                report.faults.append(Fault(f"block {seq + 1}", "is missing"))
            if named != prev:
                report.faults.append(Fault(where, "does not name the block before it"))
            if len(leaves) != n * chain.SIZE or not leaves or chain.merkle_root(leaves) != root:
                report.faults.append(Fault(where, "its leaves do not give its root"))
            again = chain.block_hash(
                prev=named, seq=this, batch=batch, root=root, n=n, recorded=rows.micros(recorded_at)
            )
            if again != hash_:
                report.faults.append(Fault(where, "its columns do not give its hash"))
            if this in published and published[this].hash != hash_:
                report.faults.append(Fault(where, "is not the block whose hash was published"))
            seq, prev = this, hash_
            report.blocks += 1
    report.faults.extend(
        Fault(f"block {one}", "was published and is missing") for one in published if one > end
    )


def _links(conn: Connection, after: int, end: int) -> list[tuple[Any, ...]]:
    return conn.execute(_LINKS, (after, end, BLOCKS_A_PAGE), binary=True).fetchall()


def _judge_rules(conn: Connection, report: ChainReport) -> None:
    found = conn.execute(
        "select key, question, function, policy, policy_version, code_version from decision_rule"
    ).fetchall()
    report.faults.extend(
        Fault(f"decision_rule {key}", "its words do not give its key")
        for key, *words in found
        if Rule(*words).key() != key
    )


def _pages(conn: Connection, end: int) -> Iterator[tuple[str, str]]:
    """Yield spans of real time that together cover all of it, each with about a page of blocks."""
    since = "-infinity"
    while True:
        with conn.transaction():
            found = conn.execute(_NEXT_PAGE, (end, since, BLOCKS_A_PAGE)).fetchone()
        if found is None or found[0] is None:
            yield since, "infinity"
            return
        until = found[0].isoformat()
        yield since, until
        since = until


def _blocks(conn: Connection, end: int, since: str, until: str) -> dict[int, Sealed]:
    found = conn.execute(_BLOCKS_OF_PAGE, (end, since, until), binary=True).fetchall()
    return {batch: Sealed(seq, leaves) for seq, batch, leaves in found}


def _unused_inputs(conn: Connection) -> Iterator[Fault]:
    """Find inputs that no decision names: added, or renamed by hand. A month at a time."""
    for (month,) in conn.execute("select distinct month from decision_input").fetchall():
        found = conn.execute(
            "select encode(i.digest, 'hex') from decision_input i where i.month = %(month)s and not exists ("
            " select from decision d where d.input = i.digest"
            " and d.recorded_at >= %(month)s::timestamp at time zone 'UTC'"
            " and d.recorded_at < (%(month)s + interval '1 month') at time zone 'UTC')",
            {"month": month},
        ).fetchall()
        yield from (Fault(f"input {digest[:16]}", "no decision of its month names it") for (digest,) in found)
