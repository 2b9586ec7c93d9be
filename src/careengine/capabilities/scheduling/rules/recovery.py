"""A visit fell through, or could not be booked: offer again, or does a person take over? Pure."""

from datetime import datetime, timedelta

from careengine.capabilities.scheduling.model import RecoveryPolicy
from careengine.kernel.decision import Decision, Flip, Reason, Route, because

OFFER_AGAIN = "offer_again"
PERSON = "person"
SLOT_TAKEN = "scheduling.slot_taken"
"""Why the clinic's system refused a booking: somebody else has the slot."""


def decide_recovery(
    times: int, *, cause: str, urgency: str, now: datetime, policy: RecoveryPolicy
) -> Decision:
    """Say how somebody is brought back whose visit fell through for the ``times``-th time by this cause.

    Causes are ``no_show``, ``cancelled_by_patient``, ``cancelled_by_clinic``, ``session_closed``
    and ``slot_taken``. Nobody is double-booked or closed for having missed a visit.
    """
    most = policy.most.get(cause)
    if most is None:
        return _person(because("scheduling.cause_not_listed", cause=cause), policy)
    if f"{cause} {urgency}" in policy.person_when:
        return _person(because("scheduling.too_urgent_to_wait", cause=cause, urgency=urgency), policy)
    if times > most:
        why = because("scheduling.fell_through_often", cause=cause, times=times, most=most)
        return _person(why, policy, (Flip("times", most, OFFER_AGAIN),))
    at = now + timedelta(hours=policy.rest_hours[cause])
    return Decision(
        question="scheduling.recovery",
        route=Route.PROCEED,
        answer=OFFER_AGAIN,
        because=because("scheduling.bring_back", cause=cause, times=times, at=at.isoformat()),
        policy=policy.ref,
        flips=(Flip("times", most + 1, PERSON),),
    )


def decide_unbooked(times: int, *, why: str, urgency: str, now: datetime, policy: RecoveryPolicy) -> Decision:
    """Say what follows when a visit was not booked: another offer if the slot was taken, else a person."""
    if why == SLOT_TAKEN:
        return decide_recovery(times, cause="slot_taken", urgency=urgency, now=now, policy=policy)
    return _person(because("scheduling.not_booked", why=why), policy, (Flip("why", SLOT_TAKEN, OFFER_AGAIN),))


def _person(why: tuple[Reason, ...], policy: RecoveryPolicy, flips: tuple[Flip, ...] = ()) -> Decision:
    return Decision(
        question="scheduling.recovery",
        route=Route.ASK,
        answer=PERSON,
        because=why,
        policy=policy.ref,
        flips=flips,
    )
