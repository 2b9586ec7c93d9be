"""A flawless referral and what can be wrong with it, as facts; and the published policies' values."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from careengine.capabilities import referrals
from careengine.capabilities.referrals import (
    Attachment,
    Code,
    Cover,
    Person,
    Placer,
    Referral,
    Role,
    Rules,
    Sender,
    Twin,
    Twins,
    Words,
)
from careengine.capabilities.referrals.wiring import POLICY_SCHEMAS
from careengine.engine.clock_policy import POLICY_SCHEMAS as CLOCK_SCHEMAS
from careengine.kernel.policy import PolicyName
from careengine.policy.book import PolicyBook, book_of
from careengine.policy.schemas import Schemas
from careengine.policy.sources import all_sources

TODAY = date(2026, 3, 5)
NOW = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)
SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
CARDIOLOGY, PHYSIOTHERAPY, DERMATOLOGY = "308471005", "308447003", "308472003"
NOTE = "ServiceRequest/one@1#note[0].text"


@cache
def book() -> PolicyBook:
    """Return the published policies that referrals read."""
    schemas = Schemas.of((*POLICY_SCHEMAS, *CLOCK_SCHEMAS))
    areas = ("referrals.", "access.", "nurses.", "integration.", "engine.", "calendars.")
    sources = {
        name: source
        for name, source in all_sources().items()
        if name.startswith(areas) and any(f"schema: {known}\n" in source.text for known in schemas.by_name)
    }
    return book_of(sources, schemas)


class InForce:
    """The published policies on the day of the examples."""

    def __getitem__(self, name: PolicyName[Any]) -> Any:
        return book().value(name, TODAY)


@cache
def rules() -> Rules:
    """Return every policy the questions follow."""
    return Rules.of(InForce())


def a_person(**changes: Any) -> Person:
    """Return somebody who is known, alive and reachable."""
    known = Person(
        ref="Patient/ann@1",
        has=("family_name", "birth_date", "gender", "phone", "address"),
        identified_by=("MR", "http://hospital.smarthealthit.org"),
    )
    return replace(known, **changes)


def a_referral(**changes: Any) -> Referral:
    """Return a referral to the heart clinic that nothing is wrong with."""
    flawless = Referral(
        ref="ServiceRequest/one@1",
        received=NOW,
        status="active",
        intent="order",
        categories=(f"{SNOMED}|3457005",),
        priority="routine",
        authored=TODAY - timedelta(days=1),
        placers=(Placer("https://lakeside.example/referrals", "LAK-1"),),
        services=(Code(SNOMED, CARDIOLOGY, "Referral to cardiologist"),),
        people=(a_person(),),
        words=(
            Words("ServiceRequest/one@1#reasonCode[0].text", "Palpitations", Role.REASON),
            Words(NOTE, "Would you consider ambulatory monitoring?", Role.QUESTION),
        ),
        covers=(Cover("Coverage/ann@1", "active", date(2026, 1, 1), date(2026, 12, 31)),),
        attachments=(Attachment("DiagnosticReport/ecg@1", (f"{LOINC}|11524-6",), date(2026, 2, 1)),),
        sender=Sender("PractitionerRole/doe@1", "Organization/lakeside@1", "lakeside-practice"),
    )
    return replace(flawless, **changes)


def saying(note: str, **changes: Any) -> Referral:
    """Return the flawless referral with another note."""
    referral = a_referral(**changes)
    return replace(referral, words=(referral.words[0], Words(NOTE, note, Role.QUESTION)))


def a_twin(**changes: Any) -> Twin:
    """Return the same referral, as it came an hour earlier under another id and another number."""
    same = Twin(
        ref="ServiceRequest/earlier@1",
        received=NOW - timedelta(hours=1),
        status="active",
        authored=TODAY - timedelta(days=1),
        placers=(Placer("https://lakeside.example/referrals", "LAK-0"),),
        services=(Code(SNOMED, CARDIOLOGY),),
        reasons=("palpitations",),
    )
    return replace(same, **changes)


def checked(referral: Referral, *twins: Twin, **settled: str) -> referrals.Checked:
    """Ask all the questions of a referral."""
    return referrals.check(referral, Twins(twins), rules=rules(), settled=settled, today=TODAY)
