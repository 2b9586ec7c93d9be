"""How clocks, calendars and the escalation ladder are written as policies, and answered in their cases."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Annotated

from pydantic import Field

from careengine.engine.calendars import Calendar
from careengine.engine.clocks import ClockPolicy, Ladder, Rung, Running, Unit, at_risk, deadline, next_rung
from careengine.kernel.policy import PolicyRef
from careengine.policy.schemas import Answer, Covered, Given, PolicySchema, PolicyValues

_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Share = Annotated[float, Field(ge=0.0, le=1.0)]
PolicyWord = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$")]


class ClockValues(PolicyValues):
    """What stands in the file of a clock."""

    amount: int = Field(ge=1, le=10_000)
    unit: Unit
    calendar: PolicyWord | None = None
    """The open days to count by; ``null`` is the calendar of the case's site."""
    tolls: frozenset[str] = frozenset()
    citation: str = Field(min_length=3)
    legal: bool
    ladder: PolicyWord
    predict_at: Share


class Holiday(PolicyValues):
    """One closed day and its name."""

    day: date
    name: str = Field(min_length=3)


class CalendarValues(PolicyValues):
    """What stands in the file of a calendar."""

    weekend: tuple[str, ...]
    first_day: date
    end_day: date
    """The first day whose holidays are not known yet."""
    opens: time | None = None
    closes: time | None = None
    holidays: tuple[Holiday, ...]


class RungValues(PolicyValues):
    """One rung of the ladder."""

    role: str = Field(pattern=r"^(owner|backup|supervisor|director|executive)$")
    share: Share
    after_hours: int = Field(ge=0, le=720)


class LadderValues(PolicyValues):
    """What stands in the file of an escalation ladder."""

    rungs: tuple[RungValues, ...] = Field(min_length=2)
    repeat_hours: int = Field(ge=1, le=168)


def _clock(values: ClockValues, ref: PolicyRef) -> ClockPolicy:
    return ClockPolicy(
        ref=ref, amount=values.amount, unit=values.unit, calendar=values.calendar or "", tolls=values.tolls,
        citation=values.citation, legal=values.legal, ladder=values.ladder, predict_at=values.predict_at,
    )  # fmt: skip


def _calendar(values: CalendarValues, ref: PolicyRef) -> Calendar:
    return Calendar(
        ref=ref,
        weekend=frozenset(_WEEK.index(day) for day in values.weekend),
        holidays={holiday.day: holiday.name for holiday in values.holidays},
        first_day=values.first_day,
        end_day=values.end_day,
        opens=values.opens or time(0),
        closes=values.closes,
    )


def _ladder(values: LadderValues, ref: PolicyRef) -> Ladder:
    rungs = tuple(Rung(r.role, r.share, timedelta(hours=r.after_hours)) for r in values.rungs)
    return Ladder(ref=ref, rungs=rungs, repeat=timedelta(hours=values.repeat_hours))


def _answer_clock(clock: ClockPolicy, given: Given) -> Answer:
    """Say by when, for a start at a place; ``holidays`` lists the closed days beside the weekend."""
    start, zone = datetime.fromisoformat(given["start"]), given["zone"]
    calendar = Calendar(
        ref=PolicyRef("case", 0),
        weekend=frozenset({5, 6}),
        holidays={date.fromisoformat(str(day)): "closed" for day in given.get("holidays", ())},
        first_day=date(2000, 1, 1),
        end_day=date(2100, 1, 1),
    )
    until = deadline(start, clock, calendar, zone)
    answer: dict[str, object] = {
        "deadline": until.isoformat(),
        "citation": clock.citation,
        "legal": clock.legal,
        "ladder": clock.ladder,
        "calendar": clock.calendar,
    }
    if "looked_at" in given:
        looked = datetime.fromisoformat(given["looked_at"])
        answer["at_risk"] = at_risk(Running(start, until), clock, looked)
    if "awaiting" in given:
        answer["stands_still"] = given["awaiting"] in clock.tolls
    return answer


def _answer_calendar(calendar: Calendar, given: Given) -> Answer:
    return {"open": calendar.is_open(date.fromisoformat(str(given["day"])))}


def _answer_ladder(ladder: Ladder, given: Given) -> Answer:
    since, until, now = (datetime.fromisoformat(given[name]) for name in ("since", "until", "now"))
    rung, due = next_rung(since, until, 0, ladder, now)
    return {"role": ladder.role(rung), "due": due.isoformat()}


def _lint_calendar(values: CalendarValues) -> Iterable[tuple[str, str, str]]:
    for index, day in enumerate(values.weekend):
        if day not in _WEEK:
            yield f"weekend.{index}", f"{day} is no weekday.", "Write monday to sunday."
    if values.first_day >= values.end_day:
        yield "end_day", "The calendar ends before it begins.", "Correct first_day or end_day."
    if values.closes is not None and values.closes <= (values.opens or time(0)):
        yield "closes", "It closes before it opens.", "Correct opens or closes."
    if len(set(values.weekend)) == len(_WEEK):
        yield "weekend", "No day is ever open.", "Leave at least one day open."
    for index, holiday in enumerate(values.holidays):
        if not values.first_day <= holiday.day < values.end_day:
            yield f"holidays.{index}", "It lies outside the calendar's days.", "Correct it, or the days."


def _lint_ladder(values: LadderValues) -> Iterable[tuple[str, str, str]]:
    steps = [(rung.share, rung.after_hours) for rung in values.rungs]
    if steps[0] != (0.0, 0):
        yield "rungs.0", "The first rung does not begin with the clock.", "Give it share 0.0, after_hours 0."
    if steps != sorted(set(steps)):
        yield "rungs", "The rungs do not rise.", "Order them by share and hours, each higher than the last."
    if not any(share >= 1.0 for share, _ in steps):
        yield "rungs", "Nobody hears of a breach.", "Add a rung with share 1.0."


POLICY_SCHEMAS = (
    PolicySchema("engine.clock", ClockValues, _clock, _answer_clock),
    PolicySchema(
        "engine.calendar", CalendarValues, _calendar, _answer_calendar, _lint_calendar, Covered.VERSIONS
    ),
    PolicySchema(
        "engine.escalation",
        LadderValues,
        _ladder,
        _answer_ladder,
        _lint_ladder,
        fixed=frozenset({"rungs.0.share", "rungs.0.after"}),
    ),
)
