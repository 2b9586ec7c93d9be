"""Is this a referral to act on at all? Pure."""

from dataclasses import replace

from careengine.capabilities.referrals.model import Referral, StandingPolicy
from careengine.kernel.decision import Bearing, Decision, Evidence, Flip, Route, because

WORK = "work"
WITHDRAWN = "withdrawn"
NOT_A_REFERRAL = "not_a_referral"
UNCLEAR = "unclear"


def decide_standing(referral: Referral, *, policy: StandingPolicy) -> Decision:
    """Say whether the request is a referral to work on, was withdrawn, is no referral, or is unclear.

    Only categories, statuses and intents the policy lists are told apart; every other one
    is asked about. A request without a category is taken for a referral.
    """
    named = set(referral.categories)
    if named & policy.others and not named & policy.referrals:
        return _decision(referral, policy, NOT_A_REFERRAL, "referrals.another_kind_of_request")
    if named and not named & policy.referrals:
        return _decision(referral, policy, UNCLEAR, "referrals.category_unknown")
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
    """Return the nearest changes of category, status or intent that lead elsewhere."""
    named = set(referral.categories)
    if named and not named & policy.referrals:
        would = replace(referral, categories=())
        then = decide_standing(would, policy=policy).answer
        flips = tuple(Flip("referral.categories", category, then) for category in sorted(policy.referrals))
        return flips if then != answer else ()
    if answer == WORK:
        return tuple(Flip("referral.status", status, WITHDRAWN) for status in sorted(policy.withdrawn))
    if referral.intent in policy.intents:
        return tuple(Flip("referral.status", status, WORK) for status in sorted(policy.work))
    if referral.status in policy.work:
        return tuple(Flip("referral.intent", intent, WORK) for intent in sorted(policy.intents))
    return ()
