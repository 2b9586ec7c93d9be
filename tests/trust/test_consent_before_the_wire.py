"""Nothing leaves that the patient refused, did not agree to, or can no longer receive."""

from dataclasses import dataclass, field
from uuid import UUID

import pytest
from chart_values import CHANNELS, NOW, consent, patient, store, subject

from careengine.record.subjects import merge
from careengine.runtime.database import Connection
from careengine.trust.consent import Objections
from careengine.trust.policies import installed_book

OBJECTIONS = Objections(installed_book())


@dataclass(frozen=True)
class Leaving:
    id: int
    subject: UUID
    purpose: str = "treatment"
    body: dict[str, str] = field(default_factory=dict)


def said(conn: Connection, name: str, channel: str = "", purpose: str = "treatment") -> str | None:
    """Return the objection to one effect about a patient."""
    body = {"channel": channel} if channel else {}
    return OBJECTIONS(conn, [Leaving(1, subject(conn, name), purpose, body)], NOW).get(1)


def by(channel: str) -> dict[str, object]:
    return {"code": [{"coding": [{"system": CHANNELS, "code": channel}]}]}


def test_a_message_to_a_partner_needs_no_consent(conn: Connection) -> None:
    store(conn, patient("a"))
    assert said(conn, "a") is None


def test_a_text_needs_a_yes_to_texts(conn: Connection) -> None:
    store(conn, patient("a"), consent("general", "a", type="permit"))
    assert said(conn, "a", "sms") == "consent.not_given"
    assert said(conn, "a", "phone") is None
    store(conn, consent("texts", "a", type="permit", **by("sms")))
    assert said(conn, "a", "sms") is None
    assert said(conn, "a", "email") == "consent.not_given"


def test_stop_ends_texts_at_once_and_only_texts(conn: Connection) -> None:
    store(
        conn, patient("a"), consent("yes", "a", date_time="2026-01-01T09:00:00Z", type="permit", **by("sms")),
        consent("stop", "a", date_time="2026-03-02T11:59:59Z", type="deny", **by("sms")),
    )  # fmt: skip
    assert said(conn, "a", "sms") == "consent.refused"
    assert said(conn, "a") is None


def test_a_refusal_of_the_purpose_stops_everything_for_it(conn: Connection) -> None:
    store(conn, patient("a"), consent("no", "a", type="deny", purpose=[{"code": "HPAYMT"}]))
    assert said(conn, "a", purpose="payment") == "consent.refused"
    assert said(conn, "a", purpose="treatment") is None


def test_the_deeper_provision_is_the_exception(conn: Connection) -> None:
    inner = {"type": "permit", **by("sms")}
    store(conn, patient("a"), consent("mostly_no", "a", type="deny", **by("sms"), provision=[inner]))
    assert said(conn, "a", "sms") is None


def test_a_consent_to_research_is_none_of_ours(conn: Connection) -> None:
    research = consent("r", "a", type="deny")
    store(conn, patient("a"), {**research, "scope": {"coding": [{"code": "research"}]}})
    assert said(conn, "a") is None


@pytest.mark.parametrize("death", [{"deceasedBoolean": True}, {"deceasedDateTime": "2026-02-01"}])
def test_nobody_writes_to_the_dead(conn: Connection, death: dict[str, object]) -> None:
    store(conn, patient("a", **death), consent("texts", "a", type="permit", **by("sms")))
    assert said(conn, "a", "sms") == "consent.patient_died"
    assert said(conn, "a") is None


def test_after_a_merge_the_consent_of_either_chart_counts(conn: Connection) -> None:
    store(conn, patient("a"), patient("b"), consent("stop", "b", type="deny", **by("sms")))
    merge(conn, subject(conn, "b"), subject(conn, "a"), actor="test", at=NOW)
    assert said(conn, "a", "sms") == "consent.refused"


def test_an_unknown_purpose_does_not_leave(conn: Connection) -> None:
    store(conn, patient("a"))
    assert said(conn, "a", purpose="curiosity") == "consent.purpose_unknown"


def test_the_whole_batch_is_asked_at_once(conn: Connection) -> None:
    store(conn, patient("a"), patient("b"), consent("no", "b", type="deny"))
    leaving = [Leaving(n, subject(conn, name)) for n, name in enumerate("abab")]
    assert OBJECTIONS(conn, leaving, NOW) == {1: "consent.refused", 3: "consent.refused"}
