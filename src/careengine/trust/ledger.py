"""The pen of the ledger: writes a batch's decisions, inputs and audit rows, and seals them in a block."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from uuid import UUID

import psycopg

from careengine.kernel.decision import AdverseDecision, ClinicianBasis, Decision, Refusal, Route
from careengine.kernel.errors import Conflict, Refused
from careengine.runtime.codec import PHRASES, pack
from careengine.runtime.database import Connection
from careengine.runtime.ids import Ids
from careengine.trust import chain, rows
from careengine.trust.actor import ActorKind
from careengine.trust.audit import AuditEntry
from careengine.trust.encoding import Kind, encode_decision


class AdverseNeedsPerson(Refused):
    """Software or an agent tried to write an adverse decision; only a clinician may make one."""


class InputMissing(Refused):
    """A decision names an input that the batch does not bring."""


class AlreadySealed(Conflict):
    """The batch has a block already: it was committed, and only the answer was lost."""


class ChainUnready(Refused):
    """The ledger has no head: the database is not migrated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """A decision with what only the engine knows: whose, where, when, by whom, on which input."""

    id: int
    case: int
    case_version: int
    ordinal: int
    """Which of the decisions of this advance, from 0."""
    subject: UUID
    site: int
    journey: int
    function: str
    """The full name of the function that decided; for a person's act, of the handler that took it."""
    at: datetime
    """Domain time; the real time is the batch's."""
    actor: str
    actor_kind: ActorKind
    event: int | None
    code_version: str
    decision: Decision
    input_digest: bytes
    """SHA-256 of what the function saw."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Which rule spoke: the words that many decisions share, kept once."""

    question: str
    function: str
    policy: str
    policy_version: int
    code_version: str

    def key(self) -> UUID:
        """Return the digest of these words, under which decisions refer to them."""
        parts = (self.question, self.function, self.policy, str(self.policy_version), self.code_version)
        return UUID(bytes=sha256(b"".join(rows.text(part) for part in parts)).digest()[:16])


RuleWords = tuple[str, str, str, int, str]
"""A rule's fields in order: a tuple is found faster than a dataclass."""
_COPY_DECISIONS = f"copy decision ({', '.join(rows.DECISION_COLUMNS)}) from stdin (format binary)"
_COPY_AUDIT = f"copy audit ({', '.join(rows.AUDIT_COLUMNS)}) from stdin (format binary)"
_INSERT_RULES = """
    insert into decision_rule (key, question, function, policy, policy_version, code_version)
    select * from unnest(%b::uuid[], %b::text[], %b::text[], %b::text[], %b::int[], %b::text[])
    on conflict (key) do nothing
"""
_INSERT_INPUTS = """
    insert into decision_input (digest, month, body_crc, body)
    select i.digest, %b, i.crc, i.body from unnest(%b::bytea[], %b::int[], %b::bytea[]) i(digest, crc, body)
    on conflict (digest, month) do nothing
"""
_LOCK_HEAD = "select seq, hash from block_head where id = 1 for update"
_APPEND = """
    with appended as (
        insert into block (seq, batch, recorded_at, n, prev, root, hash, leaves)
        values (%b, %b, %b, %b, %b, %b, %b, %b) returning seq, hash
    )
    update block_head h set seq = a.seq, hash = a.hash from appended a where h.id = 1
"""


class Pen:
    """Writes to the ledger within the caller's transaction. One per thread."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._rule_keys: dict[RuleWords, UUID] = {}
        self._put_down: set[UUID] = set()
        self._committed: set[UUID] = set()

    def committed(self) -> None:
        """Hear that the last batch was committed: its rules stand in the ledger, once is enough."""
        self._committed |= self._put_down

    def write(
        self,
        conn: Connection,
        *,
        batch: int,
        recorded_at: datetime,
        entries: Sequence[LedgerEntry],
        inputs: Mapping[bytes, bytes],
        audits: Sequence[AuditEntry],
    ) -> bytes:
        """Write decisions, the inputs they name and audit rows; return the leaves for :meth:`seal`.

        ``inputs`` maps the SHA-256 of each input to its bytes; one that no entry names is not kept. Raises
        :class:`AdverseNeedsPerson` and :class:`InputMissing` before anything is written.
        """
        written = Written(batch, rows.micros(recorded_at), self._rule_keys)
        for entry in entries:
            if entry.input_digest not in inputs:
                raise InputMissing(f"A decision of case {entry.case} names an input its batch lacks.")
            written.add_decision(entry)
        for audit in audits:
            written.add_audit(audit, self._ids.next())
        named = {entry.input_digest: inputs[entry.input_digest] for entry in entries}
        self._put_down = set(written.rules)
        with conn.pipeline():
            fresh = {key: rule for key, rule in written.rules.items() if key not in self._committed}
            _insert_rules(conn, fresh)
            _insert_inputs(conn, named, rows.month_of(recorded_at))
        _copy(conn, _COPY_DECISIONS, written.decisions)
        _copy(conn, _COPY_AUDIT, written.audits)
        return b"".join(written.leaves)

    def seal(self, conn: Connection, *, batch: int, leaves: bytes, recorded_at: datetime) -> None:
        """Append the batch's block: the transaction's last act, since it locks the head until the commit.

        A batch without leaves needs no block. Raises :class:`AlreadySealed` if the
        batch has one; after a rolled-back transaction the whole batch may be tried again.
        """
        if not leaves:
            return
        root, n = chain.merkle_root(leaves), len(leaves) // chain.SIZE
        with conn.cursor(binary=True) as cursor:
            head = cursor.execute(_LOCK_HEAD).fetchone()
            if head is None:
                raise ChainUnready("The ledger has no head row. Run `careengine init`.")
            seq, prev = head[0] + 1, head[1]
            sealed = chain.block_hash(
                prev=prev, seq=seq, batch=batch, root=root, n=n, recorded=rows.micros(recorded_at)
            )
            try:
                cursor.execute(_APPEND, (seq, batch, recorded_at, n, prev, root, sealed, leaves))
            except psycopg.errors.UniqueViolation as error:
                raise AlreadySealed(f"Batch {batch} is sealed already; it was committed before.") from error


class Written:
    """The rows and leaves of one batch, as bytes."""

    def __init__(self, batch: int, recorded: int, rule_keys: dict[RuleWords, UUID]) -> None:
        self.decisions: list[bytes] = []
        self.audits: list[bytes] = []
        self.leaves: list[bytes] = []
        self.rules: dict[UUID, Rule] = {}
        self._batch = batch
        self._recorded = recorded
        self._rule_keys = rule_keys

    def add_decision(self, entry: LedgerEntry) -> None:
        """Encode one decision and seal it in a leaf."""
        decision = entry.decision
        kind, body = encode_decision(decision)
        if kind is Kind.ADVERSE and entry.actor_kind is not ActorKind.PERSON:
            raise AdverseNeedsPerson(
                f"An adverse decision in case {entry.case} was not made by a person. Ask a clinician."
            )
        leaf = len(self.leaves)
        numbers = rows.DECISION_NUMBERS(
            len(rows.DECISION_COLUMNS), 8, entry.id, 8, self._recorded, 8, rows.micros(entry.at),
            8, self._batch, 8, entry.case, 16, entry.subject.bytes, 16, self._rule(entry).bytes, 4, leaf,
            4, entry.case_version, 2, entry.ordinal, 2, entry.site, 2, entry.journey,
            2, 0 if decision.route is Route.PROCEED else 1, 2, kind, 2, entry.actor_kind,
        )  # fmt: skip
        clause, law, basis = _grounds(decision)
        words = b"".join((
            rows.int8(entry.event), rows.text(entry.actor), rows.text(decision.answer),
            rows.text(clause), rows.text(law), rows.text(basis),
        ))  # fmt: skip
        salt = secrets.token_bytes(chain.SALT)
        digest = chain.body_digest(salt, entry.input_digest, body)
        self.leaves.append(chain.decision_leaf(numbers[rows.COUNT :] + words, digest))
        stored = pack(body, phrases=PHRASES)
        self.decisions.append(b"".join((
            numbers, words, rows.crc_field(stored), rows.NULL, rows.binary(entry.input_digest),
            rows.binary(salt), rows.binary(stored),
        )))  # fmt: skip

    def add_audit(self, audit: AuditEntry, ident: int) -> None:
        """Encode one audit row and seal it in a leaf."""
        row = b"".join((
            rows.AUDIT_NUMBERS(
                len(rows.AUDIT_COLUMNS), 8, ident, 8, self._recorded, 8, rows.micros(audit.at),
                8, self._batch, 4, len(self.leaves), 2, audit.actor_kind,
            ),
            rows.text(audit.act), rows.text(audit.actor), rows.text(audit.purpose), rows.text(audit.journey),
            rows.text(audit.why), rows.texts(audit.kinds), rows.uuids(audit.subjects),
            rows.int8s(audit.things), rows.binary(secrets.token_bytes(chain.SALT)),
        ))  # fmt: skip
        self.leaves.append(chain.audit_leaf(row[rows.COUNT :]))
        self.audits.append(row)

    def _rule(self, entry: LedgerEntry) -> UUID:
        policy = entry.decision.policy
        words = (entry.decision.question, entry.function, policy.name, policy.version, entry.code_version)
        key = self._rule_keys.get(words)
        if key is None:
            key = self._rule_keys[words] = Rule(*words).key()
        if key not in self.rules:
            self.rules[key] = Rule(*words)
        return key


def _grounds(decision: Decision) -> tuple[str | None, str | None, str | None]:
    """Return clause, law and clinician's basis, where the kind of decision has them."""
    if isinstance(decision, Refusal):
        return decision.clause, f"{decision.jurisdiction}: {decision.law}", None
    if isinstance(decision, AdverseDecision):
        return None, None, _basis(decision.basis)
    return None, None, None


def _basis(basis: ClinicianBasis) -> str:
    return f"{basis.clinician}; {basis.licence}; {basis.specialty}"


def _insert_rules(conn: Connection, rules: Mapping[UUID, Rule]) -> None:
    if not rules:
        return
    # In sorted order, so that two workers never wait for each other crosswise.
    keys = sorted(rules)
    found = [rules[key] for key in keys]
    with conn.cursor(binary=True) as cursor:
        cursor.execute(_INSERT_RULES, (
            keys, [rule.question for rule in found], [rule.function for rule in found],
            [rule.policy for rule in found], [rule.policy_version for rule in found],
            [rule.code_version for rule in found],
        ))  # fmt: skip


def _insert_inputs(conn: Connection, inputs: Mapping[bytes, bytes], month: date) -> None:
    if not inputs:
        return
    digests = sorted(inputs)
    stored = [pack(inputs[digest], phrases=PHRASES) for digest in digests]
    with conn.cursor(binary=True) as cursor:
        cursor.execute(_INSERT_INPUTS, (month, digests, [rows.signed_crc(body) for body in stored], stored))


def _copy(conn: Connection, statement: str, written: Iterable[bytes]) -> None:
    data = b"".join(written)
    if data:
        with conn.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(b"".join((rows.HEADER, data, rows.TRAILER)))
