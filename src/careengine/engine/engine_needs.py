"""What the engine itself must ask a person: lateness, an event nobody handles, a fault, a stopped lane. Pure.

These are handlers like a journey's: they see a case, facts and the policies, and
answer with a decision that can be recomputed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from careengine.engine.case import CardDecided, Case, Event, Facts, Instant, Policies
from careengine.engine.journey import Handler
from careengine.kernel.decision import Decision, Reason, Route, because
from careengine.kernel.need import Need
from careengine.kernel.next import Next, ask, stay
from careengine.kernel.policy import PolicyName, PolicyRef
from careengine.kernel.team import Team

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
    event: int = 0
    """The event that was put by, when the fault came to light only on writing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """What software would have done in a stopped lane: a proposal, done only if a person says so."""

    scope: str
    name: str
    function: str
    proposal: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingPolicy:
    """Who gets the engine's own cards, when a late case is urgent, and by when cards are answered."""

    ref: PolicyRef
    teams: Mapping[str, Team]
    urgent_from_rung: int
    clock: str
    """The clock under which a card is answered that names no date of its own."""
    urgent_clock: str
    """The same for an urgent one."""


ASKING = PolicyName("engine.asking", AskingPolicy)
LATENESS = Need("engine.lateness", Lateness)
FAULT_FOUND = Need("engine.fault", Fault)
WITHHELD = Need("engine.withheld", Withheld)


def late(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Say that a case's clock has reached its next rung, and who must hear of it."""
    found, asking = facts[LATENESS], policy[ASKING]
    decision = Decision(
        question="engine.late",
        route=Route.ASK,
        answer="look",
        because=because("engine.clock_reached", rung=found.name, deadline=found.deadline.isoformat()),
        policy=found.policy,
    )
    return ask(
        LATE,
        because=decision,
        urgent=found.rung >= asking.urgent_from_rung,
        team=asking.teams.get(LATE),
    )


def unhandled(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Show a person an event that the case's state does not expect."""
    kind = event.kind if event is not None else "none"
    return _asked(UNHANDLED, policy, Reason("engine.no_state_handles", {"kind": kind}))


def fault(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Show a person a case that software could not carry on."""
    found = facts[FAULT_FOUND]
    why = Reason("engine.function_failed", {"function": found.function, "error": found.error})
    return _asked(FAULT, policy, why)


def endless(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Stop a case that hops from state to state without end."""
    return _asked(ENDLESS, policy, Reason("engine.too_many_hops", {"state": case.state}))


def withheld(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Hand to a person what software would have done, because its lane is stopped."""
    found = facts[WITHHELD]
    why = (Reason("engine.lane_stopped", {"scope": found.scope, "name": found.name}), *found.proposal.because)
    decision = Decision(
        question="engine.lane_stopped",
        route=Route.ASK,
        answer=found.proposal.answer,
        because=why,
        policy=policy[ASKING].ref,
        evidence=found.proposal.evidence,
    )
    return ask(STOPPED, because=decision, team=policy[ASKING].teams.get(STOPPED))


def settled(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
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


def _asked(kind: str, policy: Policies, why: Reason) -> Next:
    asking = policy[ASKING]
    decision = Decision(question=kind, route=Route.ASK, answer="look", because=(why,), policy=asking.ref)
    return ask(kind, because=decision, team=asking.teams.get(kind))
