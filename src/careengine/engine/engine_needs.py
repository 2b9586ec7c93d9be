"""What the engine itself must ask a person: lateness, an event nobody handles, a fault, a stopped lane. Pure.

These are handlers like a journey's: they see a case, facts and the policies, and
answer with a decision that can be recomputed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from careengine.engine.case import CardDecided, Case, Event, Facts, Instant, Policies
from careengine.engine.journey import Handler
from careengine.kernel.decision import Decision, Reason, Route, because
from careengine.kernel.need import Need
from careengine.kernel.next import Next, ask, stay
from careengine.kernel.policy import PolicyRef

UNHANDLED = "engine.unhandled_event"
FAULT = "engine.fault"
STOPPED = "engine.lane_stopped"
LATE = "engine.late"
ENDLESS = "engine.endless_hops"
ENGINE_CARDS = (UNHANDLED, FAULT, STOPPED, LATE, ENDLESS)
"""Kinds of cards that any state may have, and that the engine itself answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """How far a case's clock has run: the rung reached, its name, the deadline, the clock's policy."""

    rung: int
    name: str
    deadline: datetime
    policy: PolicyRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What went wrong inside: the function and the kind of error, never its message."""

    function: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """What software would have done in a stopped lane: a proposal, done only if a person says so."""

    scope: str
    name: str
    function: str
    proposal: Decision


LATENESS = Need("engine.lateness", Lateness)
FAULT_FOUND = Need("engine.fault", Fault)
WITHHELD = Need("engine.withheld", Withheld)
_ENGINE = PolicyRef("engine.escalation", 0)


def late(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:  # noqa: ARG001  a handler's signature is fixed
    """Say that a case's clock has reached its next rung, and who must hear of it."""
    found = facts[LATENESS]
    decision = Decision(
        question="engine.late",
        route=Route.ASK,
        answer="look",
        because=because("engine.clock_reached", rung=found.name, deadline=found.deadline.isoformat()),
        policy=found.policy,
    )
    return ask(LATE, because=decision, urgent=found.rung >= 3)


def unhandled(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:  # noqa: ARG001  a handler's signature is fixed
    """Show a person an event that the case's state does not expect."""
    kind = event.kind if event is not None else "none"
    return ask(UNHANDLED, because=_asking("engine.unhandled_event", "engine.no_state_handles", kind=kind))


def fault(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:  # noqa: ARG001  a handler's signature is fixed
    """Show a person a case that software could not carry on."""
    found = facts[FAULT_FOUND]
    decision = _asking("engine.fault", "engine.function_failed", function=found.function, error=found.error)
    return ask(FAULT, because=decision)


def endless(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:  # noqa: ARG001  a handler's signature is fixed
    """Stop a case that hops from state to state without end."""
    return ask(ENDLESS, because=_asking("engine.endless_hops", "engine.too_many_hops", state=case.state))


def withheld(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:  # noqa: ARG001  a handler's signature is fixed
    """Hand to a person what software would have done, because its lane is stopped."""
    found = facts[WITHHELD]
    why = (Reason("engine.lane_stopped", {"scope": found.scope, "name": found.name}), *found.proposal.because)
    decision = Decision(
        question="engine.lane_stopped",
        route=Route.ASK,
        answer=found.proposal.answer,
        because=why,
        policy=_ENGINE,
        evidence=found.proposal.evidence,
    )
    return ask(STOPPED, because=decision)


def settled(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:  # noqa: ARG001  a handler's signature is fixed
    """Take a person's answer to one of the engine's own cards; what it lets happen is a call of its own."""
    return stay(because=event.decision) if isinstance(event, CardDecided) else stay()


ENGINE_HANDLERS: dict[str, tuple[Handler, tuple[Need[Any], ...]]] = {
    "engine/settled": (settled, ()),
    "engine/late": (late, (LATENESS,)),
    "engine/unhandled": (unhandled, ()),
    "engine/fault": (fault, (FAULT_FOUND,)),
    "engine/endless": (endless, ()),
    "engine/withheld": (withheld, (WITHHELD,)),
}


def _asking(question: str, code: str, **params: str) -> Decision:
    return Decision(
        question=question, route=Route.ASK, answer="look", because=because(code, **params), policy=_ENGINE
    )
