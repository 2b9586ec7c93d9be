"""The other policies of scheduling as their files state them, and the frozen values the rules receive."""

from collections.abc import Iterator
from datetime import time
from typing import Annotated

from pydantic import Field

from careengine.capabilities.scheduling.model import (
    BackfillPolicy,
    OutreachPlan,
    OutreachPolicy,
    RecoveryPolicy,
    Reminder,
    RemindersPolicy,
    VisitsPolicy,
    Weights,
)
from careengine.capabilities.scheduling.steps.clinic_values import ClockTime
from careengine.kernel.policy import PolicyRef
from careengine.policy.plain import Path
from careengine.policy.schemas import PolicyValues

BusinessDays = Annotated[int, Field(ge=0, le=250)]
Share = Annotated[float, Field(ge=0)]


class ReminderValues(PolicyValues):
    """One reminder, by days or by hours."""

    name: str = Field(pattern=r"^[a-z]+$")
    days_before: int = Field(default=0, ge=0, le=60)
    at: ClockTime | None = None
    hours_before: int = Field(default=0, ge=0, le=48)
    when_confirmed: bool = True


class RemindersValues(PolicyValues):
    """Every reminder."""

    reminders: tuple[ReminderValues, ...]
    earliest: ClockTime
    evening: ClockTime
    late_hours: int = Field(ge=1, le=48)


class PlanValues(PolicyValues):
    """How people of one urgency are asked."""

    after: tuple[BusinessDays, ...] = Field(min_length=1)
    channels: int = Field(ge=1, le=4)
    letter: BusinessDays | None
    person: BusinessDays


class OutreachValues(PolicyValues):
    """A plan for each urgency."""

    plans: dict[str, PlanValues] = Field(min_length=1)


class RecoveryValues(PolicyValues):
    """By cause."""

    most: dict[str, int] = Field(min_length=1)
    person_when: frozenset[str]
    rest_hours: dict[str, int]


class VisitsValues(PolicyValues):
    """What statuses and reasons mean."""

    statuses: dict[str, Annotated[str, Field(pattern="^(kept|no_show|cancelled|booked|void)$")]]
    by_clinic: frozenset[str]
    by_patient: frozenset[str]
    grace_hours: int = Field(ge=1, le=168)


class WeightValues(PolicyValues):
    """What counts."""

    urgency: dict[str, Share] = Field(min_length=1)
    wait: Share
    gain: Share
    near: Share
    wait_days: int = Field(ge=1)
    gain_days: int = Field(ge=1)
    far_km: int = Field(ge=1)


class BackfillValues(PolicyValues):
    """How freed slots are offered."""

    batch: int = Field(ge=1, le=20)
    answer_minutes: int = Field(ge=5, le=1440)
    notice_hours: int = Field(ge=0, le=168)
    offers_most: int = Field(ge=1)
    asks_from_hour: int = Field(default=8, ge=0, le=23)
    """Versions from before these three were asked for mean what texts allow, and a look every ten minutes."""
    asks_until_hour: int = Field(default=20, ge=1, le=24)
    look_minutes: int = Field(default=10, ge=1, le=1440)
    greedy_up_to: int = Field(ge=0)
    weights: WeightValues


def build_reminders(values: RemindersValues, ref: PolicyRef) -> RemindersPolicy:
    """Return the value the rule receives."""
    return RemindersPolicy(
        ref=ref,
        reminders=tuple(
            Reminder(
                name=one.name,
                before=one.days_before if one.at else one.hours_before,
                at=time.fromisoformat(one.at) if one.at else None,
                when_confirmed=one.when_confirmed,
            )
            for one in values.reminders
        ),
        earliest=time.fromisoformat(values.earliest),
        evening=time.fromisoformat(values.evening),
        late_hours=values.late_hours,
    )


def lint_reminders(values: RemindersValues) -> Iterator[tuple[Path, str, str]]:
    """Yield a reminder that has no time or two, and a name used twice."""
    names = [one.name for one in values.reminders]
    for index, one in enumerate(values.reminders):
        by_days, by_hours = one.at is not None and one.days_before > 0, one.hours_before > 0
        if by_days == by_hours or (one.at is None) != (one.days_before == 0):
            say = "Give days_before with at, or hours_before alone."
            yield ("reminders", str(index)), "Its time is not clear.", say
        if names.count(one.name) > 1:
            yield ("reminders", str(index), "name"), f"{one.name} is used twice.", "Name each differently."


def build_outreach(values: OutreachValues, ref: PolicyRef) -> OutreachPolicy:
    """Return the value the rule receives."""
    return OutreachPolicy(
        ref=ref,
        plans={
            name: OutreachPlan(after=one.after, channels=one.channels, letter=one.letter, person=one.person)
            for name, one in values.plans.items()
        },
    )


def lint_outreach(values: OutreachValues) -> Iterator[tuple[Path, str, str]]:
    """Yield a plan whose days do not rise, or that wants more channels than it has attempts."""
    for name, plan in values.plans.items():
        days = [*plan.after, *([] if plan.letter is None else [plan.letter]), plan.person]
        if days != sorted(days):
            yield ("plans", name), "Its days do not rise.", "Attempts, letter and person follow each other."
        if plan.channels > len(plan.after):
            yield ("plans", name, "channels"), "There are fewer attempts than channels.", "Ask for fewer."


def build_recovery(values: RecoveryValues, ref: PolicyRef) -> RecoveryPolicy:
    """Return the value the rule receives."""
    return RecoveryPolicy(
        ref=ref, most=values.most, person_when=values.person_when, rest_hours=values.rest_hours
    )


def lint_recovery(values: RecoveryValues) -> Iterator[tuple[Path, str, str]]:
    """Yield a cause that has a number of times and no rest, or the other way round."""
    for cause in sorted(set(values.most) ^ set(values.rest_hours)):
        yield ("rest_hours", cause), f"{cause} stands in one list only.", "Name it in most and in rest_hours."
    for pair in sorted(values.person_when):
        if pair.partition(" ")[0] not in values.most:
            yield ("person_when",), f"{pair} names no cause.", "Write a cause and an urgency."


def build_visits(values: VisitsValues, ref: PolicyRef) -> VisitsPolicy:
    """Return the value the rules receive."""
    return VisitsPolicy(
        ref=ref,
        statuses=values.statuses,
        by_clinic=values.by_clinic,
        by_patient=values.by_patient,
        grace_hours=values.grace_hours,
    )


def lint_visits(values: VisitsValues) -> Iterator[tuple[Path, str, str]]:
    """Yield a reason that would be both sides' doing."""
    for reason in sorted(values.by_clinic & values.by_patient):
        yield ("by_patient",), f"{reason} is listed for both.", "List it once, or leave it to a person."


def build_backfill(values: BackfillValues, ref: PolicyRef) -> BackfillPolicy:
    """Return the value the rule receives."""
    return BackfillPolicy(
        ref=ref,
        batch=values.batch,
        answer_minutes=values.answer_minutes,
        notice_hours=values.notice_hours,
        offers_most=values.offers_most,
        asks_from_hour=values.asks_from_hour,
        asks_until_hour=values.asks_until_hour,
        look_minutes=values.look_minutes,
        greedy_up_to=values.greedy_up_to,
        weights=Weights(**values.weights.model_dump()),
    )
