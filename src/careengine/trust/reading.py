"""Read one decision back from the ledger as it was written, with whose, when, by whom and under what."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from careengine.kernel.decision import Decision
from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection
from careengine.trust.actor import ActorKind
from careengine.trust.encoding import Kind, decode_decision
from careengine.trust.proof import NotInLedger

_ONE = """
    select d.id, d.case_id, d.case_version, d.subject, d.at, d.recorded_at, d.actor, d.actor_kind, d.event_id,
        d.kind, d.answer, r.question, r.function, r.policy, r.policy_version, r.code_version, d.body
    from decision d join decision_rule r on r.key = d.rule where d.id = %s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One row of the ledger."""

    id: int
    case: int
    case_version: int
    subject: UUID
    at: datetime
    """Domain time."""
    recorded_at: datetime
    """Real time."""
    actor: str
    actor_kind: ActorKind
    event: int | None
    kind: Kind
    answer: str
    question: str
    function: str
    policy: str
    policy_version: int
    code_version: str
    decision: Decision | None
    """``None`` once its text was purged; what stands above is kept."""


def recorded(conn: Connection, decision: int) -> Recorded:
    """Return one decision; raises :class:`NotInLedger`."""
    row = conn.execute(_ONE, (decision,)).fetchone()
    if row is None:
        raise NotInLedger(f"The ledger holds no decision {decision}. `careengine cases show` lists a case's.")
    return Recorded(
        id=row[0], case=row[1], case_version=row[2], subject=row[3], at=row[4], recorded_at=row[5],
        actor=row[6], actor_kind=ActorKind(row[7]), event=row[8], kind=Kind(row[9]), answer=row[10],
        question=row[11], function=row[12], policy=row[13], policy_version=row[14], code_version=row[15],
        decision=None if row[16] is None else decode_decision(row[9], unpack(row[16])),
    )  # fmt: skip
