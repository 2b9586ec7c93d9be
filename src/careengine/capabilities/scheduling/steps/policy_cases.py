"""Answer the cases beside scheduling's policies, by the very functions the journeys call."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from careengine.capabilities.scheduling.model import (
    BackfillPolicy,
    ClinicsPolicy,
    Opening,
    OutreachPolicy,
    Part,
    RecoveryPolicy,
    RemindersPolicy,
    Visit,
    VisitsPolicy,
    Waiter,
)
from careengine.capabilities.scheduling.rules.backfill import answer_by, asks_again_at, decide_backfill, pairs
from careengine.capabilities.scheduling.rules.outreach import decide_outreach, moment_of
from careengine.capabilities.scheduling.rules.recovery import decide_recovery, decide_unbooked
from careengine.capabilities.scheduling.rules.reminders import decide_reminder, reminder_of
from careengine.capabilities.scheduling.rules.visits import decide_visit
from careengine.engine.calendars import Calendar
from careengine.kernel.policy import PolicyRef
from careengine.policy.schemas import Answer, Given

_NOON = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
_WEEKDAYS = Calendar(
    ref=PolicyRef("case", 0), weekend=frozenset({5, 6}), holidays={}, first_day=date(2000, 1, 1),
    end_day=date(2100, 1, 1),
)  # fmt: skip
_ANY_CLINIC = ClinicsPolicy(
    ref=PolicyRef("case", 0), clinics={}, parts=dict[str, Part](), apart_minutes=0, near_km=0
)


def _at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _moment(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def answer_reminders(policy: RemindersPolicy, given: Given) -> Answer:
    """Answer a case: ``given: {start, booked, now, zone, reminded?, confirmed?}``, local times."""
    zone = given["zone"]
    decision = decide_reminder(
        _at(given["start"], zone), reminded=given.get("reminded", ()),
        confirmed=given.get("confirmed", False), booked=_at(given["booked"], zone),
        now=_at(given["now"], zone), zone=zone, policy=policy,
    )  # fmt: skip
    return {"answer": decision.answer, "name": reminder_of(decision), "at": _moment(moment_of(decision))}


def answer_outreach(policy: OutreachPolicy, given: Given) -> Answer:
    """Answer a case: ``given: {urgency, tries, since, now, zone, used?}``, local times, weekends closed."""
    zone = given["zone"]
    decision = decide_outreach(
        given["tries"], since=_at(given["since"], zone), urgency=given["urgency"],
        now=_at(given["now"], zone), zone=zone, calendar=_WEEKDAYS, policy=policy, used=given.get("used", ()),
    )  # fmt: skip
    return {
        "answer": decision.answer,
        "route": decision.route.value,
        "at": _moment(moment_of(decision)),
        "another_channel": decision.because[0].params.get("another_channel"),
    }


def answer_recovery(policy: RecoveryPolicy, given: Given) -> Answer:
    """Answer a case: ``given: {cause or why, times, urgency}``."""
    if "why" in given:
        decision = decide_unbooked(
            given["times"], why=given["why"], urgency=given["urgency"], now=_NOON, policy=policy
        )
    else:
        decision = decide_recovery(
            given["times"], cause=given["cause"], urgency=given["urgency"], now=_NOON, policy=policy
        )
    at = moment_of(decision)
    hours = (at - _NOON) // timedelta(hours=1) if at else None
    return {"answer": decision.answer, "route": decision.route.value, "hours": hours}


def answer_visits(policy: VisitsPolicy, given: Given) -> Answer:
    """Answer a case: a visit at 14:00 with ``status``, ``reason?``, ``expected?``."""
    visit = Visit(
        ref="Appointment/case@1", status=given["status"], reason=given.get("reason", ""),
        start=_at("2026-03-05T14:00"), end=_at("2026-03-05T14:30"),
    )  # fmt: skip
    expected = _at(given.get("expected", "2026-03-05T14:00"))
    decision = decide_visit(visit, expected=expected, now=_at(given["now"]), policy=policy)
    return {"answer": decision.answer, "route": decision.route.value}


def answer_backfill(policy: BackfillPolicy, given: Given) -> Answer:
    """Answer a case at noon of 5 March: slots by their start, waiters by what is special about them."""
    slots = [
        Opening(slot=f"Slot/{i}", start=_at(text), end=_at(text) + timedelta(minutes=30))
        for i, text in enumerate(given["slots"])
    ]
    waiters = [_waiter(i, one) for i, one in enumerate(given["waiters"], 1)]
    decision = decide_backfill(
        slots, waiters, out=given.get("out", ()), now=_NOON, zone="UTC", policy=policy, clinics=_ANY_CLINIC
    )
    found = pairs(decision)
    worths = [reason.params["worth"] for reason in decision.because if "worth" in reason.params]
    until = answer_by(slots[0], now=_NOON, policy=policy)
    freed_at = _at(given["freed_at"]) if "freed_at" in given else _NOON
    return {
        "answer": decision.answer,
        "route": decision.route.value,
        "cases": [case for case, _ in found],
        "pairs": [f"{case} {slot}" for case, slot in found],
        "worths": worths,
        "answer_minutes": (until - _NOON) // timedelta(minutes=1),
        "asks_at": f"{asks_again_at(freed_at, zone='UTC', policy=policy):%Y-%m-%dT%H:%M}",
        "look_minutes": policy.look_minutes,
    }


def _waiter(case: int, one: Given) -> Waiter:
    return Waiter(
        case=case,
        patient=f"Patient/{case}",
        since=_NOON - timedelta(days=one.get("waited", 0)),
        urgency=one.get("urgency", "routine"),
        wish=one.get("wish", ""),
        current_start=_at(one["has"]) if "has" in one else None,
        distance_km=one.get("km"),
        offers=one.get("offers", 0),
    )
