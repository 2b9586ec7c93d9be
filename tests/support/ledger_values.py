"""Decisions, ledger entries and readings to test with."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from careengine.kernel.decision import Decision, Evidence, Flip, Reason, Route
from careengine.kernel.policy import PolicyRef
from careengine.trust.actor import ActorKind, Purpose, Reader
from careengine.trust.audit import AuditEntry
from careengine.trust.ledger import LedgerEntry

Sealer = Callable[..., int]
"""Writes, seals and commits one batch; returns its id."""
RECORDED = datetime(2026, 11, 22, 23, 0, 0, 123456, tzinfo=UTC)
AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PATIENT = UUID(int=0xA11CE)


def decision_of(answer: str = "routine", **more: Any) -> Decision:
    return Decision(
        question="referrals.triage",
        route=Route.PROCEED,
        answer=answer,
        because=(Reason("complete", {"missing": 0}), Reason("no_red_flag")),
        policy=PolicyRef("referrals.triage", 3, "row-7"),
        evidence=(
            Evidence(
                source="ServiceRequest/8f14e45f-ceea-467f-a8e5-c1a2b3d4e5f6@2#reasonCode.text",
                words="chest pain on exertion",
                start=3,
                end=25,
            ),
        ),
        confidence=0.98,
        threshold=0.9,
        flips=(Flip("priority", "urgent", "urgent"),),
        **more,
    )


def input_of(n: int) -> bytes:
    return b'{"case":%d,"facts":{"referral":{"reason":"intermittent pain","priority":"routine"}}}' % n


def entry_of(number: int, **more: Any) -> LedgerEntry:
    given: dict[str, Any] = {
        "id": number,
        "case": 1000 + number,
        "case_version": 2,
        "ordinal": 0,
        "subject": PATIENT,
        "site": 1,
        "journey": 1,
        "function": "careengine.capabilities.referrals.rules.decide_triage",
        "at": AT,
        "actor": "careengine",
        "actor_kind": ActorKind.SOFTWARE,
        "event": number,
        "code_version": "c0de",
        "decision": decision_of(),
        "input_digest": sha256(input_of(number)).digest(),
        **more,
    }
    return LedgerEntry(**given)


PRIVACY = Reader(
    actor="officer.reyes",
    actor_kind=ActorKind.PERSON,
    purpose=Purpose.OVERSIGHT,
    roles=frozenset({"privacy"}),
)
READING = AuditEntry(
    act="read", actor="nurse.lee", actor_kind=ActorKind.PERSON, purpose=Purpose.TREATMENT, at=AT,
    subjects=(PATIENT, UUID(int=7)), kinds=("Condition", "Patient"), why="roles.clinical", things=(5,),
)  # fmt: skip
