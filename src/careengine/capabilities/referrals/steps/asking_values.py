"""The policy of asking for what is missing as its file states it, and the frozen value the rules receive."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from pydantic import Field

from careengine.capabilities.referrals.model.asking import AskingPolicy
from careengine.capabilities.referrals.rules.asking import (
    BY_LETTER,
    BY_MESSAGE,
    BY_SENDER,
    asked_of,
    asks_of,
    decide_asking,
    remembered,
)
from careengine.kernel.decision import Decision, Reason, Route
from careengine.kernel.policy import PolicyRef
from careengine.policy.plain import Path
from careengine.policy.schemas import Answer, Given, PolicyValues

WAYS = (BY_SENDER, BY_MESSAGE, BY_LETTER)
_NOON = datetime.fromisoformat("2026-03-05T17:00:00+00:00")
_ZONE = "America/New_York"


class AskingValues(PolicyValues):
    """The ways for each item, and how long each way has."""

    of_sender: tuple[str, ...] = Field(min_length=1, max_length=10)
    of_patient: dict[str, tuple[str, ...]]
    days: dict[str, int]


def build_asking(values: AskingValues, ref: PolicyRef) -> AskingPolicy:
    """Return the value the rule receives."""
    return AskingPolicy(ref=ref, of_sender=values.of_sender, of_patient=values.of_patient, days=values.days)


def lint_asking(values: AskingValues) -> Iterator[tuple[Path, str, str]]:
    """Yield each way that is none, that has no time, or by which an item cannot be asked."""
    places: dict[Path, tuple[str, ...]] = {("of_sender",): values.of_sender, ("days",): tuple(values.days)}
    places |= {("of_patient", item): ways for item, ways in values.of_patient.items()}
    for place, ways in places.items():
        for way in ways:
            if way not in WAYS:
                yield place, f"{way} is no way to ask.", f"Write one of {', '.join(WAYS)}."
            elif way not in values.days:
                yield ("days",), f"An answer by {way} has no time.", "Say how many weekdays."
    if set(values.of_sender) - {BY_SENDER}:
        yield ("of_sender",), "What a sender owes is asked of the sender.", "List sender only."
    if BY_MESSAGE in values.of_patient.get("phone", ()):
        yield ("of_patient", "phone"), "A telephone cannot be asked for by telephone.", "Ask by letter."
    for way, days in values.days.items():
        if not 1 <= days <= 30:
            yield ("days", way), f"{days} weekdays are not between 1 and 30.", "Correct it."


def answer_asking(policy: AskingPolicy, given: Given) -> Answer:
    """Answer a case: ``given: {missing: {item: party}, ways, days_later?, asks?}``; asked again each time."""
    there = (Reason("referrals.all_items_there", {"clinic": "cardiology", "items": 6}),)
    missing = Decision(
        question="referrals.completeness",
        route=Route.ASK,
        answer="incomplete",
        because=tuple(
            Reason("referrals.item_missing", {"item": item, "ask_of": of, "clinic": "cardiology"})
            for item, of in given["missing"].items()
        )
        or there,
        policy=PolicyRef("referrals.clinics", 1),
    )
    so_far = ""
    for later in (*given.get("asked_on_days", ()), given.get("days_later", 0)):
        decision = decide_asking(
            missing,
            asked=asked_of(so_far),
            ways=frozenset(given["ways"]),
            policy=policy,
            now=_NOON + timedelta(days=later),
            zone=_ZONE,
        )
        so_far = remembered(decision)
    return {
        "answer": decision.answer,
        "route": decision.route.value,
        "asks": {ask.item: ask.way for ask in asks_of(decision)},
        "due": sorted({_day(ask.due) for ask in asks_of(decision)}),
    }


def _day(at: datetime) -> str:
    return date.isoformat(at.date())
