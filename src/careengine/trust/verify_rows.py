"""Judge the ledger's rows of one page against the leaves of its blocks."""

from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256

from psycopg import sql

from careengine.runtime.codec import StoredBodyDamaged, unpack
from careengine.runtime.database import Connection
from careengine.trust import chain, rows
from careengine.trust.rows import month_of, signed_crc

_SEALED = len(rows.DECISION_SEALED)
_PLACE = {name: place for place, name in enumerate(rows.DECISION_COLUMNS)}
_INPUT, _BODY = _PLACE["input"], _PLACE["body"]
_AUDIT_PLACE = {name: place for place, name in enumerate(rows.AUDIT_COLUMNS)}
_PAGE_OF = """
    copy (
        select {columns} from {table}
        where recorded_at > {since}::timestamptz and recorded_at <= {until}::timestamptz
    ) to stdout (format binary)
"""
_PURGES = "select unnest(things) from audit where act = 'purge' and things && %b::bigint[]"
_NEWER = "select batch from block where batch = any(%b::bigint[]) and seq > %b"
_INPUTS = """
    select i.digest, i.month, i.body_crc, i.body from decision_input i
    join unnest(%b::bytea[], %b::date[]) w(digest, month) on w.digest = i.digest and w.month = i.month
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not agree: which row, and what is wrong with it."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where} {self.what}"


@dataclass(slots=True)
class Sealed:
    """A block's leaves, and which of them were met."""

    seq: int
    leaves: bytes
    met: set[int] = field(default_factory=set)

    def take(self, index: int, leaf: bytes) -> bool:
        """Say whether this leaf stands at this place and was not met before."""
        start = index * chain.SIZE
        agrees = index >= 0 and index not in self.met and self.leaves[start : start + chain.SIZE] == leaf
        if agrees:
            self.met.add(index)
        return agrees


@dataclass(slots=True)
class Page:
    """The blocks of a span of real time, by batch, and what was found wrong in it."""

    blocks: dict[int, Sealed]
    since: str
    until: str
    last_seq: int
    faults: list[Fault] = field(default_factory=list)
    strangers: list[tuple[int, str]] = field(default_factory=list)
    """Batch and name of rows that no block of the page claims."""

    def take(self, batch: int, index: int, leaf: bytes, where: str) -> None:
        """Put a row's leaf to its block."""
        block = self.blocks.get(batch)
        if block is None:
            self.strangers.append((batch, where))
        elif not block.take(index, leaf):
            self.faults.append(Fault(where, f"is not what block {block.seq} sealed"))

    def missing(self) -> list[Fault]:
        """Return a fault for each leaf whose row was not met."""
        return [
            Fault(f"block {block.seq}", f"the row of its leaf {index} is missing or altered")
            for block in self.blocks.values()
            for index in range(len(block.leaves) // chain.SIZE)
            if index not in block.met
        ]


@dataclass(frozen=True, slots=True)
class JudgedDecision:
    """What the inputs' judge must know of a decision."""

    id: int
    recorded: datetime
    input: bytes | None
    purged: bool


def judge_decisions(conn: Connection, page: Page) -> list[JudgedDecision]:
    """Compare every decision of the page with its leaf; return them."""
    found = []
    for row in rows.read_rows(_copied(conn, "decision", rows.DECISION_COLUMNS, page)):
        ident = row.number(_PLACE["id"])
        where = f"decision {ident}"
        leaf = chain.decision_leaf(row.sealed(_SEALED), _body_digest(row, page, where))
        page.take(row.number(_PLACE["batch"]), row.number(_PLACE["leaf"]), leaf, where)
        recorded = rows.instant(row.number(_PLACE["recorded_at"]))
        found.append(JudgedDecision(ident, recorded, row.values[_INPUT], row.values[_BODY] is None))
    _judge_purges(conn, page, [one.id for one in found if one.purged])
    _judge_strangers(conn, page)
    return found


def _body_digest(row: rows.Row, page: Page, where: str) -> bytes:
    """Return what the leaf must have kept of the body: worked out again, or as the purge left it."""
    crc, digest, input_digest, salt, body = row.values[_SEALED:]
    left = [part is not None for part in (crc, input_digest, salt, body)]
    if any(left) if digest is not None else not all(left):
        page.faults.append(Fault(where, "is neither whole nor purged"))
    if body is None:
        return digest or b""
    if crc is None or crc != rows.crc_bytes(body):
        page.faults.append(Fault(where, "its stored body is damaged"))
    try:
        return chain.body_digest(salt or b"", input_digest or b"", unpack(body))
    except StoredBodyDamaged:
        return b""


def _judge_purges(conn: Connection, page: Page, purged: list[int]) -> None:
    """See that each purge is in the ledger itself, with who did it and why."""
    if not purged:
        return
    named = {ident for (ident,) in conn.execute(_PURGES, (purged,)).fetchall()}
    page.faults.extend(
        Fault(f"decision {ident}", "its body is gone and no purge names it")
        for ident in purged
        if ident not in named
    )


def judge_audits(conn: Connection, page: Page) -> int:
    """Compare every audit row of the page with its leaf; return how many there are."""
    count = 0
    for row in rows.read_rows(_copied(conn, "audit", rows.AUDIT_COLUMNS, page)):
        leaf = chain.audit_leaf(row.sealed(len(rows.AUDIT_COLUMNS)))
        where = f"audit {row.number(_AUDIT_PLACE['id'])}"
        page.take(row.number(_AUDIT_PLACE["batch"]), row.number(_AUDIT_PLACE["leaf"]), leaf, where)
        count += 1
    _judge_strangers(conn, page)
    return count


def _judge_strangers(conn: Connection, page: Page) -> None:
    """Rows of blocks sealed meanwhile are nobody's business yet; any other was put in by hand."""
    batches = list({batch for batch, _ in page.strangers})
    newer: set[int] = set()
    if batches:
        newer = {batch for (batch,) in conn.execute(_NEWER, (batches, page.last_seq)).fetchall()}
    page.faults.extend(
        Fault(where, "belongs to no block of its time")
        for batch, where in page.strangers
        if batch not in newer
    )
    page.strangers.clear()


def judge_inputs(conn: Connection, page: Page, decisions: list[JudgedDecision]) -> None:
    """Compare every input the page's decisions name with its digest."""
    naming: dict[tuple[bytes, date], int] = {}
    for one in decisions:
        if one.input is not None:
            naming.setdefault((one.input, month_of(one.recorded)), one.id)
    if not naming:
        return
    wanted = ([digest for digest, _ in naming], [month for _, month in naming])
    for digest, month, crc, body in conn.execute(_INPUTS, wanted, binary=True).fetchall():
        ident = naming.pop((digest, month))
        if not _is_whole(digest, crc, body):
            page.faults.append(Fault(f"decision {ident}", f"its stored input {digest.hex()[:16]} is damaged"))
    page.faults.extend(Fault(f"decision {ident}", "its input is missing") for ident in naming.values())


def _is_whole(digest: bytes, crc: int, body: bytes) -> bool:
    try:
        return crc == signed_crc(body) and sha256(unpack(body)).digest() == digest
    except StoredBodyDamaged:
        return False


def _copied(conn: Connection, table: str, columns: tuple[str, ...], page: Page) -> bytes:
    statement = sql.SQL(_PAGE_OF).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)), table=sql.Identifier(table),
        since=page.since, until=page.until,
    )  # fmt: skip
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        return b"".join(bytes(part) for part in copy)
