"""What did not leave, or was not taken: said another way, tried again, or a person does it."""

from careengine.capabilities import messaging, referrals, scheduling
from careengine.engine.journey import Case, EffectFailed, Event, Facts, Instant, Policies
from careengine.journeys.referral_to_visit.arriving import ASKING
from careengine.journeys.referral_to_visit.booking import UNCANCELLED
from careengine.journeys.referral_to_visit.reporting import DELIVERY
from careengine.journeys.referral_to_visit.saying import REACH, text_failed
from careengine.journeys.referral_to_visit.story import ENDS, journey, urgency_of
from careengine.kernel.next import Next, ask, stay
from careengine.kernel.team import Team

CARD_OF = {
    referrals.ACKNOWLEDGE: DELIVERY,
    referrals.ASK_SENDER: ASKING,
    scheduling.CANCEL_APPOINTMENT: UNCANCELLED,
}
"""What is asked of a person when one of these could not be done."""


@journey.on_any(EffectFailed, needs=(messaging.CONTACT, referrals.REFERRAL), asks=(REACH, *CARD_OF.values()))
def failed(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """A message goes another way; a sender who could not be told, or a visit still booked, is a person's."""
    assert isinstance(event, EffectFailed)  # noqa: S101  the engine calls it with no other event
    if event.effect_kind in messaging.KINDS:
        return stay() if case.state in ENDS else text_failed(case, facts, policy, event, now)
    kind = CARD_OF.get(event.effect_kind)
    if kind is None or case.state in ENDS:
        return stay()
    if kind == UNCANCELLED:
        why = event.why.partition(":")[2]
        rules = policy[scheduling.RECOVERY]
        undone = scheduling.decide_unbooked(1, why=why, urgency=urgency_of(case), now=now, policy=rules)
        return ask(kind, because=undone, team=Team.ACCESS)
    untold = referrals.decide_undelivered(
        facts[referrals.REFERRAL], why=event.why, policy=policy[referrals.ACKNOWLEDGEMENT]
    )
    return ask(kind, because=untold, team=Team.ACCESS)
