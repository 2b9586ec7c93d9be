"""Contacts, rules and cases that tests of messaging share; the policies are the package's own."""

from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from careengine.capabilities import messaging
from careengine.capabilities.messaging.wiring import POLICY_SCHEMAS
from careengine.engine.case import Case
from careengine.kernel.policy import PolicyName
from careengine.policy.book import book_of
from careengine.policy.schemas import Schemas
from careengine.policy.sources import package_sources

DAY = date(2026, 3, 3)
NOON = datetime(2026, 3, 3, 17, tzinfo=UTC)
"""Noon in Boston."""
NUMBER = "+16175550123"
NAMES = ("messaging.sending", "messaging.zones", "messaging.templates", "messaging.commands")


class InForce:
    """The package's policies of one day."""

    def __init__(self) -> None:
        sources = package_sources()
        self._book = book_of({name: sources[name] for name in NAMES}, Schemas.of(POLICY_SCHEMAS))

    def __getitem__(self, name: PolicyName[Any]) -> Any:
        return self._book.value(name, DAY)


@cache
def in_force() -> InForce:
    return InForce()


@cache
def rules() -> messaging.Rules:
    return messaging.Rules.of(in_force())


def number(**known: Any) -> messaging.Address:
    return messaging.Address(**{"digest": "d" * 32, "agreed": ("treatment",), **known})


def contact(**known: Any) -> messaging.Contact:
    standard: dict[str, Any] = {
        "ref": "Patient/pat-1@1",
        "languages": ("en",),
        "states": ("MA",),
        "numbers": (number(),),
        "emails": (number(digest="e" * 32),),
        "has_address": True,
    }
    return messaging.Contact(**{**standard, **known})


def sent(at: datetime, **known: Any) -> messaging.Sent:
    standard: dict[str, Any] = {
        "ref": "Communication/m-1-1-0@1", "channel": "sms", "template": "scheduling.reminder_week",
    }  # fmt: skip
    return messaging.Sent(**{"at": at, **standard, **known})


def note(template: str = "messaging.thanks", **known: Any) -> messaging.Note:
    return messaging.Note(template=template, **known)


def case(**known: Any) -> Case:
    standard: dict[str, Any] = {
        "id": 42, "journey": "referral_to_visit", "journey_version": 1, "state": "offering", "version": 7,
        "subject": UUID(int=9), "site": "boston", "zone": "America/New_York", "opened_at": NOON,
        "entered_at": NOON,
    }  # fmt: skip
    return Case(**{**standard, **known})
