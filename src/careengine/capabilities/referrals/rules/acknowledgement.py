"""What is the sender told, and can we tell them? Pure."""

from careengine.capabilities.referrals.model import AcknowledgementPolicy, Referral
from careengine.kernel.decision import Bearing, Decision, Evidence, Flip, Reason, Route

ACCEPTED = "accepted"
ECONSULT_ACCEPTED = "econsult_accepted"
REDIRECTED = "redirected"
DECLINED = "declined"
NOBODY_TO_TELL = "nobody_to_tell"
UNDELIVERED = "undelivered"


def decide_acknowledgement(referral: Referral, *, outcome: str, policy: AcknowledgementPolicy) -> Decision:
    """Say which business status the sender is sent for ``outcome``, or that nobody can be reached.

    The answer is the outcome; its code in the field's standard stands in the reason.
    A decline can only follow a person's decision; this rule words it, it does not make it.
    """
    status = policy.statuses.get(outcome)
    if status is None:
        reason = Reason("referrals.outcome_unlisted", {"outcome": outcome})
        return _decision(referral, policy, NOBODY_TO_TELL, reason)
    if not referral.sender.partner:
        reason = Reason("referrals.sender_has_no_endpoint", {"outcome": outcome, "status": status})
        return _decision(referral, policy, NOBODY_TO_TELL, reason)
    reason = Reason("referrals.sender_is_told", {"status": status, "partner": referral.sender.partner})
    return _decision(referral, policy, outcome, reason)


def decide_undelivered(referral: Referral, *, why: str, policy: AcknowledgementPolicy) -> Decision:
    """Say that a person must reach a sender to whom the acknowledgement could not be delivered."""
    reason = Reason("referrals.not_delivered", {"partner": referral.sender.partner, "why": why})
    return _decision(referral, policy, UNDELIVERED, reason)


def _decision(referral: Referral, policy: AcknowledgementPolicy, answer: str, reason: Reason) -> Decision:
    asks = answer in {NOBODY_TO_TELL, UNDELIVERED}
    sender = referral.sender.organization or referral.at("requester")
    flips = () if asks else (Flip("referral.sender.partner", "", NOBODY_TO_TELL),)
    return Decision(
        question="referrals.acknowledgement",
        route=Route.ASK if asks else Route.PROCEED,
        answer=answer,
        because=(reason,),
        policy=policy.ref,
        evidence=(
            Evidence(
                source=f"{sender}#identifier" if referral.sender.organization else sender,
                bearing=Bearing.MISSING if asks else Bearing.SUPPORTS,
            ),
        ),
        flips=flips,
    )
