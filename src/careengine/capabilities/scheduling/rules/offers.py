"""Which slots is somebody offered, and why do they fit? Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from careengine.capabilities.scheduling.model import ClinicSetting, ClinicsPolicy, Opening, Openings, Wish
from careengine.capabilities.scheduling.rules.own_time import person_keys
from careengine.capabilities.scheduling.rules.spread import spread
from careengine.capabilities.scheduling.rules.wish import suits, wish_from
from careengine.engine.calendars import zone_of
from careengine.kernel.decision import Decision, Evidence, Flip, Reason, Route, because
from careengine.kernel.next import Hold

OFFER = "offer"
NO_SLOT = "no_slot"
"""The clinic has nothing that may be offered at all."""
OUTSIDE_WINDOW = "outside_window"
"""What is free, or suits, lies later than the patient's urgency allows."""
WISH_UNMET = "wish_unmet"
WISH_UNCLEAR = "wish_unclear"
UNLISTED = "unlisted"
BOOK = "book"
GONE = "gone"
_QUESTION = "scheduling.offer"


@dataclass(frozen=True, slots=True)
class _Search:
    """One patient's search: everything the choice depends on."""

    clinic: ClinicSetting
    wish: Wish
    zone: ZoneInfo
    first: datetime
    last: datetime
    policy: ClinicsPolicy


def decide_offer(  # noqa: PLR0913  what an offer depends on, each named
    openings: Openings,
    *,
    clinic: str,
    urgency: str,
    wish: str,
    tried: Sequence[str] = (),
    now: datetime,
    zone: str,
    policy: ClinicsPolicy,
    since: datetime | None = None,
    before: datetime | None = None,
) -> Decision:
    """Choose slots inside the clinical window and the wish, spread over days; otherwise ask a person.

    The window runs from ``since`` (by default from now). ``tried`` are slots not to be
    offered again. With ``before``, only what begins earlier than that counts.
    """
    setting = policy.clinics.get(clinic)
    days = setting.windows.get(urgency) if setting else None
    if setting is None or days is None:
        return _ask(UNLISTED, because("scheduling.not_listed", clinic=clinic, urgency=urgency), policy)
    wanted = wish_from(wish)
    if wanted.unknown or (wanted.part and wanted.part not in policy.parts):
        return _ask(WISH_UNCLEAR, because("scheduling.wish_unclear", wish=wish), policy)
    first = now + timedelta(hours=setting.lead_hours)
    last = (since or now) + timedelta(days=days)
    search = _Search(setting, wanted, zone_of(zone), first, last, policy)
    free = [
        one
        for one in openings.found
        if one.start >= first and one.slot not in tried and (before is None or one.start < before)
    ]
    suiting = [one for one in free if suits(one, wanted, zone=search.zone, parts=policy.parts)]
    chosen = spread(
        [one for one in suiting if one.start <= last],
        most=setting.offered, apart=timedelta(minutes=policy.apart_minutes), zone=search.zone,
    )  # fmt: skip
    if not chosen:
        return _nothing(free, suiting, search, urgency)
    return _offer(chosen, search, urgency, openings.group)


def _offer(chosen: Sequence[Opening], search: _Search, urgency: str, group: str) -> Decision:
    soonest = min(chosen, key=lambda one: one.start)
    reasons = [reason for one in chosen for reason in _fit(one, soonest, search)]
    made = Reason("scheduling.offer_made", {"slots": len(chosen), "urgency": urgency, "group": group})
    return Decision(
        question=_QUESTION,
        route=Route.PROCEED,
        answer=OFFER,
        because=(made, *reasons),
        policy=search.policy.ref,
        evidence=tuple(
            Evidence(source=one.at("start"), words=one.start.isoformat(timespec="minutes")) for one in chosen
        ),
        flips=(
            Flip("window.last", _told(soonest.start - timedelta(minutes=1), search.zone), OUTSIDE_WINDOW),
        ),
    )


def _fit(one: Opening, soonest: Opening, search: _Search) -> list[Reason]:
    """Return why a slot fits; that it lies in the window is true of each and said first."""
    slot, start = one.slot, _told(one.start, search.zone)
    last = _told(search.last, search.zone)
    reasons = [Reason("scheduling.fits_window", {"slot": slot, "start": start, "last": last})]
    if one is soonest:
        reasons.append(Reason("scheduling.fits_soonest", {"slot": slot, "start": start}))
    if search.wish != Wish():
        reasons.append(Reason("scheduling.fits_wish", {"slot": slot, "start": start}))
    if one.known:
        who = one.practitioner
        reasons.append(
            Reason("scheduling.fits_continuity", {"slot": slot, "start": start, "practitioner": who})
        )
    if one.distance_km is not None and one.distance_km <= search.policy.near_km:
        km = round(one.distance_km, 1)
        reasons.append(Reason("scheduling.fits_distance", {"slot": slot, "start": start, "km": km}))
    return reasons


def _nothing(free: Sequence[Opening], suiting: Sequence[Opening], search: _Search, urgency: str) -> Decision:
    """Say what stands against an offer, and which slots are nearest to one."""
    inside = [one for one in free if one.start <= search.last]
    if not free:
        answer, nearest = NO_SLOT, list[Opening]()
        why = because("scheduling.nothing_free", clinic=search.clinic.name)
    elif inside:
        answer, nearest = WISH_UNMET, inside
        why = because("scheduling.wish_unmet", clinic=search.clinic.name)
    else:
        answer, nearest = OUTSIDE_WINDOW, list(suiting or free)
        why = because("scheduling.outside_window", urgency=urgency, last=_told(search.last, search.zone))
    near = spread(
        nearest, most=search.clinic.offered, apart=timedelta(minutes=search.policy.apart_minutes),
        zone=search.zone,
    )  # fmt: skip
    shown = tuple(
        Reason("scheduling.nearest", {"slot": one.slot, "start": _told(one.start, search.zone)})
        for one in near
    )
    flips = (Flip("wish", "", OFFER),) if answer == WISH_UNMET else ()
    return _ask(answer, (*why, *shown), search.policy, flips)


def _ask(
    answer: str, why: tuple[Reason, ...], policy: ClinicsPolicy, flips: tuple[Flip, ...] = ()
) -> Decision:
    return Decision(
        question=_QUESTION, route=Route.ASK, answer=answer, because=why, policy=policy.ref, flips=flips
    )


def _told(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(timespec="minutes")


def offered(decision: Decision) -> tuple[str, ...]:
    """Return the slots a decision offers, in order; one that asks offers none."""
    return slots_of(decision, "scheduling.fits_window")


def nearest(decision: Decision) -> tuple[str, ...]:
    """Return the slots a decision that asks shows to the person, nearest first."""
    return slots_of(decision, "scheduling.nearest")


def slots_of(decision: Decision, code: str) -> tuple[str, ...]:
    """Return the slots that reasons of one code name, each once."""
    named = (str(one.params["slot"]) for one in decision.because if one.code == code)
    return tuple(dict.fromkeys(named))


def hold_key(slot: str) -> str:
    """Return under which key a slot is held."""
    return f"slot:{slot}"


def holds(decision: Decision, *, clinic: str, now: datetime, policy: ClinicsPolicy) -> tuple[Hold, ...]:
    """Return the holds that keep what is offered for this patient until the offer lapses."""
    until = now + timedelta(minutes=policy.clinics[clinic].hold_minutes)
    return tuple(Hold(hold_key(slot), until) for slot in offered(decision))


def booking_holds(
    opening: Opening, *, patient: str, clinic: str, now: datetime, policy: ClinicsPolicy
) -> tuple[Hold, ...]:
    """Return the holds while a visit is being booked: on the slot, and on the patient's own time."""
    until = now + timedelta(minutes=policy.clinics[clinic].hold_minutes)
    return tuple(Hold(key, until) for key in (hold_key(opening.slot), *person_keys(patient, opening)))


def opening_of(openings: Openings, slot: str) -> Opening | None:
    """Return the opening of a slot, if it is still free for this patient."""
    return next((one for one in openings.found if one.slot == slot), None)


def decide_choice(
    openings: Openings, *, slot: str, now: datetime, zone: str, policy: ClinicsPolicy
) -> Decision:
    """Say whether a slot somebody chose can be booked, or is gone and others must be offered."""
    one = opening_of(openings, slot)
    free = one is not None and one.start > now
    evidence = (Evidence(source=one.at("start"), words=one.start.isoformat()),) if one else ()
    if one is not None and free:
        why = because("scheduling.chosen_is_free", slot=slot, start=_told(one.start, zone_of(zone)))
    else:
        why = because("scheduling.chosen_is_gone", slot=slot)
    return Decision(
        question="scheduling.choice",
        route=Route.PROCEED,
        answer=BOOK if free else GONE,
        because=why,
        policy=policy.ref,
        evidence=evidence,
    )
