"""Which case does a message belong to, when we know only the number it came from? Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from careengine.capabilities.messaging.model import SendingPolicy
from careengine.kernel.decision import Bearing, Decision, Evidence, Reason, Route

CASE, PLACE = "case", "place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """What one open case wrote last to this number."""

    case: int
    person: str
    """Whom the case is about: our own id as text."""
    ref: str
    template: str
    at: datetime
    answered: bool = False
    """Somebody answered from this number since, and the answer went to this case."""


def decide_conversation(
    threads: Sequence[Thread], *, people: frozenset[str], source: str, policy: SendingPolicy, now: datetime
) -> Decision:
    """Say which case a message belongs to, or that a person places it.

    ``threads`` are the open cases that wrote to the number; ``people`` is everybody
    whose chart names it. Two people, two open questions, or nobody: a person looks.
    """
    since = now - timedelta(days=policy.open_days)
    recent = [one for one in threads if one.at > since]
    if len(people | {one.person for one in recent}) > 1:
        return _decision(policy, source, recent, Reason("messaging.number_shared", {"people": len(people)}))
    if not recent:
        return _decision(policy, source, recent, Reason("messaging.number_unknown", {}))
    asking = [one for one in recent if one.template in policy.asks and not one.answered]
    if len({one.case for one in asking}) > 1:
        reason = Reason("messaging.two_questions_open", {"cases": len({one.case for one in asking})})
        return _decision(policy, source, asking, reason)
    newest = max(recent, key=lambda one: (one.at, one.case))
    reason = Reason("messaging.answers_newest", {"case": newest.case, "template": newest.template})
    return _decision(policy, source, [newest], reason, CASE)


def _decision(
    policy: SendingPolicy, source: str, threads: Sequence[Thread], reason: Reason, answer: str = PLACE
) -> Decision:
    bearing = Bearing.SUPPORTS if answer == CASE else Bearing.CONTRADICTS
    return Decision(
        question="messaging.conversation",
        route=Route.PROCEED if answer == CASE else Route.ASK,
        answer=answer,
        because=(reason,),
        policy=policy.ref,
        evidence=(Evidence(source=source), *(Evidence(source=one.ref, bearing=bearing) for one in threads)),
    )
