"""What a referral makes leave the house for its sender: the acknowledgement. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from careengine.capabilities.referrals.model import AcknowledgementPolicy, Referral
from careengine.kernel.decision import Decision
from careengine.kernel.effect import Effect

ACKNOWLEDGE = "referrals.acknowledge"
UNSPECIFIED = "unspecified"
"""The reason sent when the one given is on no list: what a person typed stays in the house."""


def addressed(referral: Referral) -> Mapping[str, str]:
    """Return how the sender recognises their referral: its name here, and their own number for it."""
    placer = referral.placers[0] if referral.placers else None
    return {
        "referral": referral.ref.partition("@")[0],
        "version": referral.ref.partition("@")[2],
        "placer_system": placer.system if placer else "",
        "placer": placer.value if placer else "",
    }


def acknowledge(
    referral: Referral,
    decision: Decision,
    *,
    policy: AcknowledgementPolicy,
    now: datetime,
    why: str = "",
    clinic: str = "",
) -> Effect:
    """Return the acknowledgement that ``decision`` words; it names the referral, never the patient.

    ``why`` is the reason a person gave, sent only when the policy lists it for the outcome (an
    outcome with a single reason always carries that);
    ``clinic`` is where a redirected referral went.
    """
    body = {
        **addressed(referral),
        "status": policy.statuses[decision.answer],
        "task_status": policy.task_statuses[decision.answer],
        "at": now.isoformat(),
    }
    listed = policy.reasons.get(decision.answer, frozenset())
    if listed:
        only = next(iter(listed)) if len(listed) == 1 else UNSPECIFIED
        body["reason"] = why if why in listed else only
    if clinic:
        body["clinic"] = clinic
    return Effect(
        kind=ACKNOWLEDGE,
        partner=referral.sender.partner,
        body=body,
        not_after=now + timedelta(days=policy.valid_days),
        purpose="treatment",
    )
