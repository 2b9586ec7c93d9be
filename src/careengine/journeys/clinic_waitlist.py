"""One clinic's waitlist: a slot that becomes free is offered to a few who wait, and then to the next."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta

from careengine.capabilities import scheduling
from careengine.engine.calendars import instant
from careengine.engine.journey import CardDecided, Case, Event, Facts, Instant, Journey, Policies
from careengine.kernel.decision import Route
from careengine.kernel.next import Next, Tell, ask, stay, to
from careengine.kernel.policy import Scalar
from careengine.kernel.team import Team

A_MOMENT = timedelta(minutes=1)
"""How soon a freed slot is looked for again that the clinic's feed has not told of yet."""
NEEDS = (scheduling.FREED, scheduling.WAITERS)
FREED, CLOSED, OFFERED, LAPSED = "slot.freed", "offer.closed", "slot.offered", "offer.lapsed"
JOINED = "waitlist.joined"
GIVEN = "scheduling.backfill"

journey = Journey(
    "clinic_waitlist", version=1, subject="HealthcareService",
    outcome="no freed slot stays empty while somebody waits", target="scheduling.backfill",
)  # fmt: skip


@journey.state(
    "watching", owner=Team.ACCESS, clock="access.waitlist", awaits="a_freed_slot",
    needs=NEEDS, goes=("reviewing",), asks=(GIVEN,),
)  # fmt: skip
def watching(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Offer what became free; with nothing freed, look over the list when its time has come."""
    if event is not None and event.kind == FREED:
        return freed(case, facts, policy, event, now)
    if event is not None and event.kind == CLOSED:
        return answered(case, facts, policy, event, now)
    if event is not None and event.kind == JOINED:
        return joined(case, facts, policy, event, now)
    if case.data.get("freed") or facts[scheduling.FREED].found:
        return deal(case, facts, policy, now)
    if case.data.get("day") == case.day(now).isoformat():
        return stay(wake=next_look(case, facts, policy, now), data=looked(facts))
    return to("reviewing", now=True, data=looked(facts))


@journey.state(
    "reviewing", owner=Team.ACCESS, clock="access.rebook", awaits="our_review", goes=("watching", "closed"),
)  # fmt: skip
def reviewing(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Begin a new day of the list: its clock starts anew."""
    return to("watching", now=True, data={"day": case.day(now).isoformat()})


@journey.on("watching", FREED, needs=NEEDS, asks=(GIVEN,))
def freed(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """A slot became free: remember it, and offer it at once."""
    assert event is not None  # noqa: S101  the engine calls it with an event
    return stay(data=remembered(case, str(event.body["slot"]), now), wake=now)


def remembered(case: Case, slot: str, now: Instant) -> dict[str, Scalar]:
    """Return the list of freed slots with one more, and since when it is waited for."""
    slots = dict.fromkeys((*str(case.data.get("freed") or "").split(), slot))
    since = {**waited_for(case), slot: now}
    return {
        "freed": " ".join(slots),
        "since": " ".join(f"{one}|{at.isoformat()}" for one, at in since.items()),
    }


def waited_for(case: Case) -> dict[str, datetime]:
    """Return since when each freed slot is waited for: a clinic's feed may be a moment behind its answer."""
    found = (one.rpartition("|") for one in str(case.data.get("since") or "").split())
    return {slot: datetime.fromisoformat(at) for slot, _, at in found}


def deal(case: Case, facts: Facts, policy: Policies, now: Instant) -> Next:
    """Choose who is asked about which slot, close what nobody answered, and wait for the answers."""
    rules = policy[scheduling.BACKFILL]
    asks_at = scheduling.asks_again_at(now, zone=case.zone, policy=rules)
    if asks_at > now:
        return until_morning(case, facts, asks_at)
    openings = facts[scheduling.FREED].found
    out, lapsed = lapse(case, now)
    patience = timedelta(minutes=rules.answer_minutes)
    there = {one.slot for one in openings}
    unseen = [one for one, at in waited_for(case).items() if one not in there and at + patience > now]
    if not openings:
        open_now = {"open": words(still_open(case, now)), "freed": " ".join(unseen) or None}
        data: dict[str, Scalar] = {**open_now, **looked(facts)}
        look = next_look(case, facts, policy, now)
        return stay(tells=lapsed, data=data, wake=now + A_MOMENT if unseen else look)
    chosen = scheduling.decide_backfill(
        openings, facts[scheduling.WAITERS].waiting, out=out, now=now, zone=case.zone,
        policy=rules, clinics=policy[scheduling.CLINICS],
    )  # fmt: skip
    if chosen.route is Route.ASK:
        return ask(GIVEN, because=chosen, data={"freed": None, "out": None})
    pairs = scheduling.pairs(chosen)
    by_slot = {one.slot: one for one in openings}
    until = {slot: scheduling.answer_by(by_slot[slot], now=now, policy=rules) for _, slot in pairs}
    kept = {**still_open(case, now), **{f"{who}:{slot}": until[slot] for who, slot in pairs}}
    tells = tuple(offer(who, by_slot[slot], until[slot]) for who, slot in pairs)
    live = {slot for _, _, slot in map(split, kept)} if kept else set()
    new = (scheduling.asked(who, slot) for who, slot in pairs)
    data = {
        "freed": " ".join((*(slot for slot in by_slot if slot in live), *unseen)) or None,
        "open": words(kept),
        "out": ",".join((*before(case), *new)) if live else None, **looked(facts),
    }  # fmt: skip
    soon = [now + A_MOMENT] if unseen else []
    wake = min((*kept.values(), *soon, next_look(case, facts, policy, now)))
    return stay(because=chosen, tells=(*lapsed, *tells), data=data, wake=wake)


def until_morning(case: Case, facts: Facts, asks_at: datetime) -> Next:
    """Keep what became free until people may be asked; who was asked has time until then."""
    slots = (*str(case.data.get("freed") or "").split(), *(one.slot for one in facts[scheduling.FREED].found))
    data: dict[str, Scalar] = {"freed": " ".join(dict.fromkeys(slots)), **looked(facts)}
    return stay(data=data, wake=asks_at)


def looked(facts: Facts) -> dict[str, Scalar]:
    """Return up to which change the clinic's book was looked through, as the case keeps it."""
    return {"seen": facts[scheduling.FREED].seen or None}


def next_look(case: Case, facts: Facts, policy: Policies, now: Instant) -> datetime:
    """Return when the clinic's book is looked through again: soon while somebody waits, else tomorrow."""
    if not facts[scheduling.WAITERS].waiting:
        return tomorrow(case, now)
    again = now + timedelta(minutes=policy[scheduling.BACKFILL].look_minutes)
    return min(
        tomorrow(case, now),
        scheduling.asks_again_at(again, zone=case.zone, policy=policy[scheduling.BACKFILL]),
    )


def words(open_questions: Mapping[str, datetime]) -> str | None:
    """Return open questions as the case keeps them."""
    return " ".join(f"{name}|{at.isoformat()}" for name, at in open_questions.items()) or None


def tomorrow(case: Case, now: Instant) -> datetime:
    """Return when the next day of the list begins at its clinic."""
    return instant(case.day(now) + timedelta(days=1), time(0), case.zone)


def split(name: str) -> tuple[str, str, str]:
    """Return case, mark and slot of a question that is open."""
    return name.partition(":")


def offer(who: int, opening: scheduling.Opening, until: datetime) -> Tell:
    """Ask one patient's case about one slot."""
    body = {
        "slot": opening.slot, "start": opening.start.isoformat(), "end": opening.end.isoformat(),
        "answer_by": until.isoformat(),
    }  # fmt: skip
    return Tell(who, OFFERED, body)


def questions(case: Case) -> dict[str, datetime]:
    """Return the questions that were asked and not closed, with when each lapses."""
    found = (one.rpartition("|") for one in str(case.data.get("open") or "").split())
    return {name: datetime.fromisoformat(at) for name, _, at in found}


def still_open(case: Case, now: Instant) -> dict[str, datetime]:
    """Return the questions that may still be answered."""
    return {name: at for name, at in questions(case).items() if at > now}


def before(case: Case) -> tuple[str, ...]:
    """Return the questions asked so far about the slots that are free: nobody hears one twice."""
    kept = str(case.data.get("out") or "")
    return tuple(kept.split(",")) if kept else ()


def lapse(case: Case, now: Instant) -> tuple[tuple[str, ...], tuple[Tell, ...]]:
    """Return what was asked, open questions marked, and a word to those whose time to answer is over."""
    open_now = still_open(case, now)
    asked = dict.fromkeys(before(case))
    for name in open_now:
        who, _, slot = split(name)
        asked[scheduling.asked(int(who), slot, still_open=True)] = None
    over = [split(name) for name in questions(case) if name not in open_now]
    return tuple(asked), tuple(gone_from(int(who), slot, taken=False) for who, _, slot in over)


def asked_about(case: Case, slot: str) -> list[str]:
    """Return the cases that were asked about a slot so far."""
    found = (one.split(" ") for one in before(case))
    return [who for who, name in found if name == slot]


def gone_from(who: int, slot: str, *, taken: bool) -> Tell:
    """Tell a case that a slot is not held open for its answer any more, and whether somebody has it."""
    return Tell(who, LAPSED, {"slot": slot, "taken": taken})


@journey.on("watching", CLOSED, needs=NEEDS, asks=(GIVEN,))
def answered(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Taken: the others hear that it is gone. Not wanted: the next one is asked."""
    assert event is not None  # noqa: S101  the engine calls it with an event
    slot, who = str(event.body["slot"]), str(event.body["case"])
    taken = bool(event.body.get("taken"))
    every = questions(case)
    mine = {name for name in every if split(name)[0] == who and split(name)[2] == slot}
    others = {name for name in every if split(name)[2] == slot} - mine
    gone = mine | others if taken else mine
    left = {name: at for name, at in every.items() if name not in gone}
    heard = {int(split(name)[0]) for name in others} | {int(one) for one in asked_about(case, slot)}
    tells = tuple(gone_from(one, slot, taken=True) for one in sorted(heard - {int(who)})) if taken else ()
    slots = [one for one in str(case.data.get("freed") or "").split() if not (taken and one == slot)]
    data: dict[str, Scalar] = {
        "freed": " ".join(slots) or None,
        "open": words(left),
    }  # fmt: skip
    return stay(tells=tells, data=data, wake=now if slots else next_look(case, facts, policy, now))


@journey.on("reviewing", FREED)
def once_more(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """The list is watched again in a moment; what became free is offered then."""
    assert event is not None  # noqa: S101  the engine calls it with an event
    return stay(data=remembered(case, str(event.body["slot"]), now), wake=now)


@journey.on("watching", JOINED, needs=NEEDS)
def joined(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Somebody waits: from now on the clinic's book is looked through."""
    return stay(data=looked(facts), wake=next_look(case, facts, policy, now))


@journey.on_any(JOINED)
@journey.on_any(FREED)
@journey.on_any(CLOSED)
def too_late(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """A list that was closed offers nothing any more."""
    return stay()


@journey.on("reviewing", CardDecided, goes=("closed",))
@journey.on("watching", CardDecided, goes=("closed",))
def looked_at(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """A person gave the slot away by telephone, or closes the list with its clinic."""
    assert isinstance(event, CardDecided)  # noqa: S101  the engine calls it with no other event
    return to("closed") if event.answer == "close_list" else stay()


journey.end("closed", outcome="the clinic gives no visits any more", reached_goal=True)
