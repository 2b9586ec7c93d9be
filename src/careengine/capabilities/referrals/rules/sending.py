"""The one thing a referral makes leave the house: the acknowledgement to its sender. Pure."""

from datetime import datetime, timedelta

from careengine.capabilities.referrals.model import AcknowledgementPolicy, Referral
from careengine.kernel.decision import Decision
from careengine.kernel.effect import Effect

ACKNOWLEDGE = "referrals.acknowledge"


def acknowledge(
    referral: Referral, decision: Decision, *, policy: AcknowledgementPolicy, now: datetime
) -> Effect:
    """Return the acknowledgement that ``decision`` words; it names the referral, never the patient."""
    placer = referral.placers[0] if referral.placers else None
    return Effect(
        kind=ACKNOWLEDGE,
        partner=referral.sender.partner,
        body={
            "referral": referral.ref.partition("@")[0],
            "version": referral.ref.partition("@")[2],
            "placer_system": placer.system if placer else "",
            "placer": placer.value if placer else "",
            "status": policy.statuses[decision.answer],
            "task_status": policy.task_statuses[decision.answer],
            "at": now.isoformat(),
        },
        not_after=now + timedelta(days=policy.valid_days),
        purpose="treatment",
    )
