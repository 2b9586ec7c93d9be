"""The policy of the clinics that give visits, as its file states it, and the value the rules receive."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Annotated

from pydantic import Field

from careengine.capabilities.scheduling.model import ClinicSetting, ClinicsPolicy, Opening, Openings, Part
from careengine.capabilities.scheduling.rules.offers import decide_offer, nearest, offered
from careengine.kernel.policy import PolicyRef
from careengine.policy.plain import Path
from careengine.policy.schemas import Answer, Given, PolicyValues

ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Days = Annotated[int, Field(ge=0, le=730)]
_NOON = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)


class EveryClinicValues(PolicyValues):
    """What holds for a clinic that says nothing else."""

    partner: str
    windows: dict[str, Days] = Field(min_length=1)
    minutes: int = Field(ge=5, le=480)
    offered: int = Field(ge=1, le=9)
    hold_minutes: int = Field(ge=1, le=10_080)
    lead_hours: int = Field(ge=0, le=720)


class ClinicValues(PolicyValues):
    """One clinic, and where it differs."""

    service: str = Field(pattern=r"^[^|]+\|[^|]+$")
    address: str = Field(min_length=3)
    phone: str = Field(pattern=r"^\+[1-9][0-9]{6,14}$")
    partner: str | None = None
    windows: dict[str, Days] | None = None
    minutes: int | None = Field(default=None, ge=5, le=480)
    offered: int | None = Field(default=None, ge=1, le=9)
    hold_minutes: int | None = Field(default=None, ge=1, le=10_080)
    lead_hours: int | None = Field(default=None, ge=0, le=720)


class PartValues(PolicyValues):
    """A part of the day."""

    from_: ClockTime = Field(alias="from")
    until: ClockTime


class ClinicsValues(PolicyValues):
    """Every clinic."""

    every_clinic: EveryClinicValues
    parts: dict[str, PartValues]
    apart_minutes: int = Field(ge=0, le=1440)
    near_km: int = Field(ge=0)
    clinics: dict[str, ClinicValues] = Field(min_length=1)


def build_clinics(values: ClinicsValues, ref: PolicyRef) -> ClinicsPolicy:
    """Return every clinic with what holds for it."""
    usual = values.every_clinic.model_dump()
    return ClinicsPolicy(
        ref=ref,
        clinics={
            name: ClinicSetting(name=name, **{**usual, **one.model_dump(exclude_none=True)})
            for name, one in values.clinics.items()
        },
        parts={
            name: Part(time.fromisoformat(one.from_), time.fromisoformat(one.until))
            for name, one in values.parts.items()
        },
        apart_minutes=values.apart_minutes,
        near_km=values.near_km,
    )


def lint_clinics(values: ClinicsValues) -> Iterator[tuple[Path, str, str]]:
    """Yield a part of the day that holds nothing, and a clinic that lists other urgencies than the rest."""
    for name, part in values.parts.items():
        if part.from_ >= part.until:
            yield ("parts", name), "It ends before it begins.", "Correct from or until."
    usual = set(values.every_clinic.windows)
    for name, one in values.clinics.items():
        if one.windows is not None and set(one.windows) != usual:
            listed = ", ".join(sorted(usual))
            yield ("clinics", name, "windows"), f"It does not list {listed}.", "Give each urgency its days."


def answer_clinics(policy: ClinicsPolicy, given: Given) -> Answer:
    """Answer a case at noon of 5 March: ``{clinic}``, or ``{clinic, urgency, free: [UTC], wish?, km?}``."""
    if "urgency" not in given:
        setting = policy.clinics[given["clinic"]]
        return {"setting": {**_plain_parts(setting), "windows": dict(setting.windows.items())}}
    starts = {f"Slot/{i}": _at(text) for i, text in enumerate(given["free"])}
    openings = Openings(
        found=tuple(
            Opening(slot=slot, start=at, end=at + timedelta(minutes=30), distance_km=given.get("km"))
            for slot, at in starts.items()
        )
    )
    decision = decide_offer(
        openings, clinic=given["clinic"], urgency=given["urgency"], wish=given.get("wish", ""), now=_NOON,
        zone="UTC", policy=policy,
    )  # fmt: skip
    return {
        "answer": decision.answer,
        "route": decision.route.value,
        "starts": [f"{starts[slot]:%Y-%m-%dT%H:%M}" for slot in offered(decision)],
        "nearest": [f"{starts[slot]:%Y-%m-%dT%H:%M}" for slot in nearest(decision)],
        "reasons": [reason.code for reason in decision.because],
    }


def _plain_parts(setting: ClinicSetting) -> dict[str, object]:
    """Return the plain parts of a clinic's setting."""
    plain = (
        "name",
        "service",
        "partner",
        "address",
        "phone",
        "minutes",
        "offered",
        "hold_minutes",
        "lead_hours",
    )
    return {name: getattr(setting, name) for name in plain}


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
