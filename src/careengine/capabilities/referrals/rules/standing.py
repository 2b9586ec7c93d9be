"""Is this a referral to act on at all? Pure."""

from careengine.capabilities.referrals.model import Referral, StandingPolicy
from careengine.kernel.decision import Bearing, Decision, Evidence, Flip, Route, because

WORK = "work"
WITHDRAWN = "withdrawn"
UNCLEAR = "unclear"


def decide_standing(referral: Referral, *, policy: StandingPolicy) -> Decision:
    """Say whether the referral is work, was withdrawn by its sender, or needs a person to tell.

    Only statuses and intents the policy lists are work; every other one is asked about.
    """
    if referral.status in policy.withdrawn:
        return _decision(referral, policy, WITHDRAWN, "referrals.sender_withdrew")
    if referral.status not in policy.work:
        return _decision(referral, policy, UNCLEAR, "referrals.status_not_work")
    if referral.intent not in policy.intents:
        return _decision(referral, policy, UNCLEAR, "referrals.intent_not_work")
    return _decision(referral, policy, WORK, "referrals.active_order")


def _decision(referral: Referral, policy: StandingPolicy, answer: str, reason: str) -> Decision:
    holds = Bearing.CONTRADICTS if answer == UNCLEAR else Bearing.SUPPORTS
    return Decision(
        question="referrals.standing",
        route=Route.ASK if answer == UNCLEAR else Route.PROCEED,
        answer=answer,
        because=because(reason, status=referral.status, intent=referral.intent),
        policy=policy.ref,
        evidence=(
            Evidence(source=referral.at("status"), words=referral.status, bearing=holds),
            Evidence(source=referral.at("intent"), words=referral.intent, bearing=holds),
        ),
        flips=_flips(referral, policy, answer),
    )


def _flips(referral: Referral, policy: StandingPolicy, answer: str) -> tuple[Flip, ...]:
    """Return the nearest changes of status or intent that lead elsewhere."""
    if answer == WORK:
        return tuple(Flip("referral.status", status, WITHDRAWN) for status in sorted(policy.withdrawn))
    status_would_do = referral.status in policy.work
    if referral.intent in policy.intents:
        return tuple(Flip("referral.status", status, WORK) for status in sorted(policy.work))
    if status_would_do:
        return tuple(Flip("referral.intent", intent, WORK) for intent in sorted(policy.intents))
    return ()
