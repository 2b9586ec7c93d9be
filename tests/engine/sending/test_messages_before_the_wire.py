"""Just before the wire a message is looked at once more: is it day, was enough written, is it theirs?"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from chart_values import CHANNELS, consent, patient, store, subject

from careengine.capabilities.messaging.rules.numbers import digest
from careengine.capabilities.messaging.wiring import POLICY_SCHEMAS, Window
from careengine.engine.sending_batch import Together
from careengine.policy.book import PolicyBook, book_of
from careengine.policy.schemas import Schemas
from careengine.policy.sources import package_sources
from careengine.runtime.database import Connection
from careengine.trust.consent import Objections
from careengine.trust.policies import installed_book

NOON = datetime(2026, 3, 3, 17, tzinfo=UTC)
NIGHT = datetime(2026, 3, 4, 2, tzinfo=UTC)
NUMBER = "+16175550123"
NAMES = ("messaging.sending", "messaging.zones", "messaging.templates", "messaging.commands")


def book() -> PolicyBook:
    sources = package_sources()
    return book_of({name: sources[name] for name in NAMES}, Schemas.of(POLICY_SCHEMAS))


WINDOW = Window(book())


@dataclass(frozen=True)
class Leaving:
    id: int
    subject: UUID
    body: dict[str, Any] = field(default_factory=dict)
    purpose: str = "treatment"


def leaving(conn: Connection, name: str, number: int = 1, **more: Any) -> Leaving:
    body = {"channel": "sms", "about": f"Communication/m-{name}-{number}", "address": digest(NUMBER), **more}
    return Leaving(number, subject(conn, name), body)


def ana(conn: Connection, name: str = "ana", state: str = "MA", number: str = NUMBER) -> None:
    store(conn, patient(name, telecom=[{"system": "phone", "value": number}], address=[{"state": state}]))


def planned(
    conn: Connection, number: int, at: datetime, name: str = "ana", *more: tuple[str, str], status: str = ""
) -> None:
    store(conn, {
        "resourceType": "Communication", "id": f"m-{name}-{number}", "status": status or "in-progress",
        "subject": {"reference": f"Patient/{name}"}, "sent": at.isoformat(),
        "category": [{"coding": [{"system": f"urn:careengine:{s}", "code": c}]}
                     for s, c in (("template", "scheduling.offer"), *more)],
        "medium": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode",
                                "code": "SMSWRIT"}]}],
    })  # fmt: skip


def test_a_text_that_would_arrive_at_night_stays(conn: Connection) -> None:
    ana(conn)
    planned(conn, 1, NIGHT)

    assert WINDOW(conn, [leaving(conn, "ana")], NIGHT) == {1: "messaging.quiet_hours"}
    assert WINDOW(conn, [leaving(conn, "ana", channel="email", address=digest("a@b.c"))], NIGHT) == {}


def test_a_patient_who_moved_zone_since_it_was_planned_is_not_woken(conn: Connection) -> None:
    morning = datetime(2026, 3, 3, 13, 30, tzinfo=UTC)
    ana(conn)
    planned(conn, 1, morning)
    assert WINDOW(conn, [leaving(conn, "ana")], morning) == {}

    ana(conn, state="CA")
    assert WINDOW(conn, [leaving(conn, "ana")], morning) == {1: "messaging.quiet_hours"}


def test_of_two_texts_of_one_batch_to_one_person_only_the_first_leaves(conn: Connection) -> None:
    ana(conn)
    planned(conn, 1, NOON)
    planned(conn, 2, NOON)
    batch = [leaving(conn, "ana", 2), leaving(conn, "ana", 1)]

    assert WINDOW(conn, batch, NOON) == {2: "messaging.caps"}


def test_two_senders_at_once_come_to_the_same_answer(conn: Connection) -> None:
    ana(conn)
    planned(conn, 1, NOON)
    planned(conn, 2, NOON + timedelta(minutes=1))

    assert WINDOW(conn, [leaving(conn, "ana", 1)], NOON) == {}
    assert WINDOW(conn, [leaving(conn, "ana", 2)], NOON + timedelta(minutes=1)) == {2: "messaging.caps"}


def test_the_fourth_of_a_week_stays_and_an_answer_never_does(conn: Connection) -> None:
    ana(conn)
    for number, back in ((1, 3), (2, 2), (3, 1)):
        planned(conn, number, NOON - timedelta(days=back))
    planned(conn, 4, NOON)
    planned(conn, 5, NOON, "ana", ("turn", "prompted"))

    both = WINDOW(conn, [leaving(conn, "ana", 4), leaving(conn, "ana", 5)], NOON)

    assert both == {4: "messaging.caps"}


def test_what_did_not_leave_makes_room(conn: Connection) -> None:
    ana(conn)
    planned(conn, 1, NOON - timedelta(hours=1), status="not-done")
    planned(conn, 2, NOON)

    assert WINDOW(conn, [leaving(conn, "ana", 2)], NOON) == {}


def test_caps_are_each_person_s_own(conn: Connection) -> None:
    for name in ("ana", "ben"):
        ana(conn, name)
        planned(conn, 1, NOON, name)

    assert WINDOW(conn, [leaving(conn, "ana"), leaving(conn, "ben")], NOON) == {}


def test_a_number_that_is_no_longer_theirs_or_was_called_wrong_is_not_texted(conn: Connection) -> None:
    ana(conn)
    planned(conn, 1, NOON)
    store(conn, {
        "resourceType": "Flag", "id": "f", "status": "active", "subject": {"reference": "Patient/ana"},
        "identifier": [{"system": "urn:careengine:address", "value": digest(NUMBER)}],
        "code": {"coding": [{"system": "urn:careengine:flag", "code": "wrong-number"}]},
    })  # fmt: skip
    assert WINDOW(conn, [leaving(conn, "ana")], NOON) == {1: "messaging.wrong_number"}

    ana(conn, number="+12125550199")
    assert WINDOW(conn, [leaving(conn, "ana")], NOON) == {1: "messaging.address_gone"}


@pytest.mark.parametrize(
    ("address", "expected"),
    [(NUMBER, {1: "consent.refused"}), ("+12125550199", {1: "messaging.address_gone"})],
)
def test_consent_is_asked_for_the_very_number_and_first(
    conn: Connection, address: str, expected: dict[int, str]
) -> None:
    ana(conn)
    planned(conn, 1, NOON)
    codes = [{"coding": [{"system": CHANNELS, "code": "sms"}]}]
    named = [*codes, {"coding": [{"system": "urn:careengine:address", "code": digest(NUMBER)}]}]
    store(
        conn, consent("yes", "ana", date_time="2026-01-01", type="permit", code=codes),
        consent("stop", "ana", date_time="2026-03-03", type="deny", code=named),
    )  # fmt: skip
    checks = Together((Objections(installed_book()), WINDOW))

    assert checks(conn, [leaving(conn, "ana", address=digest(address))], NOON) == expected  # type: ignore[list-item]  # all it asks


def test_what_is_not_written_to_a_patient_is_not_looked_at(conn: Connection) -> None:
    assert WINDOW(conn, [Leaving(1, UUID(int=5), {})], NIGHT) == {}
