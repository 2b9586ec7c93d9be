"""One day of one clinic: if it does not take place its patients hear at once; each visit gets an outcome."""

from collections.abc import Sequence

from careengine.capabilities import scheduling
from careengine.engine.journey import (
    Candidate,
    CardDecided,
    Case,
    Event,
    Facts,
    Instant,
    Join,
    Journey,
    Open,
    Policies,
)
from careengine.kernel.decision import Route
from careengine.kernel.next import Next, Tell, ask, called, stay, to
from careengine.kernel.team import Team

SCHEDULE = "record.Schedule"
UNKNOWN = "scheduling.session"
CLOSED, ENDED = "session.closed", "session.ended"
VISITS = "referral_to_visit"

journey = Journey(
    "clinic_session", version=1, subject="Schedule",
    outcome="every patient of the day was seen or has another time", target="scheduling.visits",
    listens=(SCHEDULE,),
)  # fmt: skip


@journey.route
def route(event: Event, candidates: Sequence[Candidate]) -> Join | Open | None:
    """Each schedule has one case."""
    schedule = event.ref.partition("@")[0]
    mine = tuple(c.case for c in candidates if c.data.get("focus") == schedule)
    return Join(mine) if mine else Open(key=schedule, data={"focus": schedule})


@journey.state(
    "planned", owner=Team.ACCESS, clock="access.session", awaits="the_day",
    needs=(scheduling.SESSION,), goes=("closed", "ended"), asks=(UNKNOWN,),
)  # fmt: skip
def planned(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Wait for the day; tell its patients when it is cancelled, and see to their outcomes when it is over."""
    session = facts[scheduling.SESSION]
    day = scheduling.decide_session(session, now=now, policy=policy[scheduling.VISIT_RULES])
    if day.route is Route.ASK:
        return ask(UNKNOWN, because=day)
    if day.answer == scheduling.OPEN:
        return stay(wake=scheduling.moment_of(day) or session.end)
    kind = CLOSED if day.answer == scheduling.CLOSED else ENDED
    body = {"schedule": str(case.data["focus"])}
    tells = tuple(Tell(called(VISITS, focus), kind, body, if_there=True) for focus in session.focuses)
    return to("closed" if kind == CLOSED else "ended", because=day, tells=tells)


@journey.on("planned", SCHEDULE, needs=(scheduling.SESSION,), goes=("closed", "ended"), asks=(UNKNOWN,))
def changed(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """The clinic changed its day."""
    return planned(case, facts, policy, event, now)


@journey.on("planned", CardDecided, goes=("closed", "ended"))
def looked_at(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """A person says what is meant by a day that cannot be read."""
    assert isinstance(event, CardDecided)  # noqa: S101  the engine calls it with no other event
    return to("ended") if event.answer == "no_session" else stay()


journey.end("closed", outcome="it did not take place; its patients were told", reached_goal=True)
journey.end("ended", outcome="it took place", reached_goal=True)
