"""A patient insured with the town's plan, and the published policies that registration reads."""

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from careengine.capabilities.registration import Cover, Held
from careengine.capabilities.registration.wiring import POLICY_SCHEMAS
from careengine.engine.journey import Case
from careengine.kernel.policy import PolicyName
from careengine.policy.book import PolicyBook, book_of
from careengine.policy.schemas import Schemas
from careengine.policy.sources import all_sources

NEW_YORK = "America/New_York"
VISIT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
VISIT_DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)


@cache
def book() -> PolicyBook:
    """Return the published policies of registration."""
    schemas = Schemas.of(POLICY_SCHEMAS)
    known = {name: one for name, one in all_sources().items() if name.startswith("registration.")}
    return book_of({name: one for name, one in known.items() if "schema: wording" not in one.text}, schemas)


class InForce:
    """The published policies on the day of the examples."""

    def __getitem__(self, name: PolicyName[Any]) -> Any:
        return book().value(name, NOW.date())


def a_held(**changes: Any) -> Held:
    """Return an insurance that nothing is wrong with."""
    sound = Held(
        ref="Coverage/ann@1",
        status="active",
        start=date(2026, 1, 1),
        end=date(2026, 12, 31),
        called=("town_health",),
        member=True,
    )
    return replace(sound, **changes)


def a_cover(*held: Held, **changes: Any) -> Cover:
    """Return the insurances of somebody a payer can recognise."""
    known = Cover(held=held or (a_held(),), patient="Patient/ann", has=("family_name", "birth_date"))
    return replace(known, **changes)


def a_case(**data: Any) -> Case:
    """Return a case in New York that keeps ``data``."""
    return Case(
        id=7, journey="referral_to_visit", journey_version=1, state="scheduled", version=3,
        subject=UUID(int=7), site="boston", zone=NEW_YORK, opened_at=NOW, entered_at=NOW,
        data=data,
    )  # fmt: skip
