"""Which card comes first, and the one line that says why. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from careengine.kernel.decision import Decision, Reason
from careengine.kernel.errors import Refused
from careengine.kernel.policy import PolicyName, PolicyRef
from careengine.kernel.team import Team


class ReasonMissing(Refused):
    """Somebody decided otherwise than proposed, without saying why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPolicy:
    """What comes before what. Safety is always first: no value here can change that."""

    ref: PolicyRef
    legal_within: timedelta
    """A legal clock with less time left than this comes before everything that is not urgent."""
    at_risk_within: timedelta
    """A card with less time left than this is called at risk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidingPolicy:
    """How people's answers are taken."""

    ref: PolicyRef
    undo: timedelta
    """How long an answer waits before the engine takes it, so that it can be undone; urgent ones do not."""
    stand_ins: Mapping[str, frozenset[Team]] = field(default_factory=dict)
    """By team: whose people may answer its cards besides its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the order of a card depends on."""

    urgent: bool
    legal: bool
    """Its clock is set by law or contract."""
    due_at: datetime
    opened_at: datetime


ORDER = PolicyName("worklist.order", OrderPolicy)
DECIDING = PolicyName("worklist.deciding", DecidingPolicy)


def place(standing: Standing, *, now: datetime, policy: OrderPolicy) -> tuple[int, datetime, datetime]:
    """Return what cards are sorted by: safety and law, then the least time left, then age."""
    return _rank(standing, now, policy), standing.due_at, standing.opened_at


def why_here(standing: Standing, *, now: datetime, policy: OrderPolicy) -> Reason:
    """Say in one sentence why a card stands where it does."""
    left = standing.due_at - now
    if standing.urgent and left <= timedelta():
        return Reason("worklist.here_urgent_late", _hours(-left))
    if standing.urgent:
        return Reason("worklist.here_urgent", _hours(left))
    if _rank(standing, now, policy) == 1:
        return Reason("worklist.here_legal_clock", _hours(left))
    if left <= timedelta():
        return Reason("worklist.here_breached", _hours(-left))
    if left < policy.at_risk_within:
        return Reason("worklist.here_at_risk", _hours(left))
    return Reason("worklist.here_in_turn", _hours(now - standing.opened_at))


def needs_reason(proposal: Decision, answer: str) -> bool:
    """Say whether an answer must be explained: every one but the plain acceptance of what was proposed."""
    return answer != proposal.answer


def _rank(standing: Standing, now: datetime, policy: OrderPolicy) -> int:
    if standing.urgent:
        return 0
    return 1 if standing.legal and standing.due_at - now < policy.legal_within else 2


def _hours(span: timedelta) -> Mapping[str, int]:
    return {"hours": int(span / timedelta(hours=1))}
