"""How people can be reached, from what their charts hold: in two readings for any number of cases."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from chart_values import CHANNELS, consent, patient, store, subject

from careengine.capabilities import messaging
from careengine.capabilities.messaging.rules.numbers import digest, e164, ways_of_writing
from careengine.capabilities.messaging.wiring import LOADERS
from careengine.engine.case import Case
from careengine.record.subjects import merge
from careengine.runtime.database import Connection
from careengine.trust.access import Access
from careengine.trust.actor import Reader
from careengine.trust.charts import Charts

AT = datetime(2026, 3, 3, 17, tzinfo=UTC)
NUMBER, OTHER = "+16175550123", "+12125550199"
ADDRESS = "urn:careengine:address"


def charts(conn: Connection) -> Charts:
    reader = Reader.for_journey("referral_to_visit")
    return Charts(conn, reader=reader, access=Access.from_package(), at=AT)


def case(person: UUID, number: int = 1, about: str = "") -> Case:
    known: dict[str, Any] = {"journey": "referral_to_visit", "state": "offering", "site": "boston"}
    return Case(
        id=number, journey_version=1, version=1, subject=person, zone="America/New_York", opened_at=AT,
        entered_at=AT, about=about, **known,
    )  # fmt: skip


def contact(conn: Connection, name: str) -> messaging.Contact:
    found: messaging.Contact = LOADERS["contact"](charts(conn), [case(subject(conn, name))])[1]
    return found


def by(*channels: str, address: str = "") -> dict[str, Any]:
    codes = [(CHANNELS, one) for one in channels] + ([(ADDRESS, digest(address))] if address else [])
    return {"code": [{"coding": [{"system": system, "code": code}]} for system, code in codes]}


def phone(value: str, use: str = "mobile", **more: Any) -> dict[str, Any]:
    return {"system": "phone", "value": value, "use": use, **more}


def communication(ident: str, of: str, at: datetime, *codes: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Communication", "id": ident, "status": "in-progress",
        "subject": {"reference": f"Patient/{of}"},
        "category": [{"coding": [{"system": f"urn:careengine:{s}", "code": c}]} for s, c in codes],
        "medium": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode",
                                "code": "SMSWRIT"}]}],
        "sent": at.isoformat(), **more,
    }  # fmt: skip


@pytest.mark.parametrize("written", ["OK", "ok ", "Oklahoma", "OKLAHOMA"])
def test_a_state_is_known_however_an_address_spells_it(conn: Connection, written: str) -> None:
    store(conn, patient("a", telecom=[phone("(617) 555-0123")], address=[{"state": written}]))

    assert contact(conn, "a").states == ("OK",)


def test_a_chart_says_where_someone_lives_what_they_speak_and_how_they_are_reached(conn: Connection) -> None:
    spoken = [
        {"language": {"coding": [{"code": "en-US"}]}},
        {"language": {"coding": [{"code": "es"}]}, "preferred": True},
    ]
    home = {"line": ["5 Main"], "city": "Nashville", "state": "TN", "postalCode": "37201"}
    store(conn, patient(
        "a", telecom=[phone("617 555 0100", "home"), phone("(617) 555-0123"),
                      {"system": "email", "value": "Ana@Home.example"}],
        communication=spoken, address=[home, {"state": "CA", "use": "old"}],
    ))  # fmt: skip

    found = contact(conn, "a")

    assert found.ref == "Patient/a@1"
    assert (found.languages, found.states, found.born) == (("es", "en"), ("TN",), date(1970, 1, 1))
    assert [one.digest for one in found.numbers] == [digest(NUMBER), digest("+16175550100")]
    assert [one.digest for one in found.emails] == [digest("ana@home.example")]
    assert found.has_address
    assert not found.dead
    assert "555" not in repr(found)


def test_a_yes_to_texts_covers_every_number_and_one_to_a_number_only_that(conn: Connection) -> None:
    store(
        conn, patient("a", telecom=[phone(NUMBER), phone(OTHER, "home")]),
        patient("b", telecom=[phone(NUMBER), phone(OTHER, "home")]),
        consent("all", "a", type="permit", **by("sms")),
        consent("one", "b", type="permit", **by("sms", address=OTHER)),
    )  # fmt: skip

    assert [bool(one.agreed) for one in contact(conn, "a").numbers] == [True, True]
    assert [bool(one.agreed) for one in contact(conn, "b").numbers] == [False, True]


def test_stop_from_one_number_leaves_the_others(conn: Connection) -> None:
    store(
        conn, patient("a", telecom=[phone(NUMBER), phone(OTHER, "home")]),
        consent("all", "a", type="permit", **by("sms")),
        consent("stop", "a", date_time="2026-03-01T00:00:00Z", type="deny", **by("sms", address=NUMBER)),
    )  # fmt: skip

    first, second = contact(conn, "a").numbers

    assert (first.agreed, bool(first.refused)) == ((), True)
    assert (bool(second.agreed), second.refused) == (True, ())


def test_an_agreement_counts_for_its_purpose_and_in_its_time_only(conn: Connection) -> None:
    past = {"end": "2026-01-01"}
    store(
        conn, patient("a", telecom=[phone(NUMBER)]), patient("b", telecom=[phone(NUMBER)]),
        consent("pay", "a", type="permit", purpose=[{"code": "HPAYMT"}], **by("sms")),
        consent("past", "b", type="permit", period=past, **by("sms")),
    )  # fmt: skip

    assert contact(conn, "a").numbers[0].agreed == ("payment",)
    assert contact(conn, "b").numbers[0].agreed == ()


def test_a_number_flagged_as_wrong_is_wrong_until_the_flag_is_lifted(conn: Connection) -> None:
    flag = {
        "resourceType": "Flag", "id": "f", "status": "active", "subject": {"reference": "Patient/a"},
        "identifier": [{"system": ADDRESS, "value": digest(NUMBER)}],
        "code": {"coding": [{"system": "urn:careengine:flag", "code": "wrong-number"}]},
    }  # fmt: skip
    store(conn, patient("a", telecom=[phone(NUMBER)]), flag)
    assert contact(conn, "a").numbers[0].wrong

    store(conn, {**flag, "status": "inactive"})
    assert not contact(conn, "a").numbers[0].wrong


def test_numbers_that_are_old_or_none_are_left_out(conn: Connection) -> None:
    ways = [phone(NUMBER, "old"), phone(OTHER, period={"end": "2025-01-01"}), phone("555-1"), phone("x")]
    store(conn, patient("a", telecom=ways))

    assert contact(conn, "a").numbers == ()


def test_what_was_sent_and_heard_stands_in_the_contact_also_from_a_merged_chart(conn: Connection) -> None:
    ours = [("template", "scheduling.offer"), ("turn", "prompted")]
    store(
        conn, patient("a"), patient("b"),
        communication("m-7-1-0", "b", AT - timedelta(hours=2), *ours, about=[{"reference": "Task/case-7"}],
                      identifier=[{"system": ADDRESS, "value": "d" * 32}]),
        communication("in-1", "a", AT - timedelta(hours=1), ("turn", "received")),
        communication("else", "a", AT - timedelta(hours=1), ("other", "x")),
    )  # fmt: skip
    merge(conn, subject(conn, "b"), subject(conn, "a"), actor="desk", at=AT)

    found = contact(conn, "a")

    assert [(one.template, one.case, one.prompted, one.address) for one in found.sent] == [
        ("scheduling.offer", 7, True, "d" * 32)
    ]
    assert [one.at for one in found.heard] == [AT - timedelta(hours=1)]


def test_somebody_who_died_or_whose_language_nobody_coded_is_known_as_such(conn: Connection) -> None:
    store(
        conn, patient("a", deceasedBoolean=True), patient("b", deceasedDateTime="2026-01-01"),
        patient("c", communication=[{"language": {"text": "Vietnamese"}}]),
    )  # fmt: skip

    assert contact(conn, "a").dead
    assert contact(conn, "b").dead
    assert contact(conn, "c").languages == ("und",)


def test_any_number_of_cases_is_loaded_in_two_readings(conn: Connection) -> None:
    store(conn, *(patient(f"p{n}", telecom=[phone(NUMBER)]) for n in range(30)))
    opened = charts(conn)

    found = LOADERS["contact"](opened, [case(subject(conn, f"p{n}"), n) for n in range(30)])

    assert len(found) == 30
    assert len(opened.audits) == 2


def test_the_inbox_begins_with_the_message_at_hand(conn: Connection) -> None:
    said = {"payload": [{"contentString": "2"}]}
    store(
        conn, patient("a"),
        communication("in-1", "a", AT - timedelta(hours=3), ("turn", "received"), **said),
        communication("in-2", "a", AT - timedelta(hours=1), ("turn", "received"), payload=[]),
        communication("m-1-1-0", "a", AT, ("template", "scheduling.offer"), **said),
    )  # fmt: skip
    at_hand = case(subject(conn, "a"), about="Communication/in-1@1")

    found = LOADERS["inbox"](charts(conn), [at_hand])[1]

    assert [one.ref for one in found.messages] == ["Communication/in-1@1", "Communication/in-2@1"]
    assert found.messages[0].text == "2"


def test_a_number_is_the_same_however_a_chart_writes_it() -> None:
    assert {e164(one) for one in ways_of_writing(NUMBER)} == {NUMBER}
    assert [e164(one) for one in ("", "555-1", "x", "+0123", "911", "+1 617 555 01")] == [""] * 6
    assert e164("617-555-0123 ext. 4") == NUMBER
    assert e164("+52 55 1234 5678") == "+525512345678"
