"""Charts are read by somebody, for a purpose, within kinds, labels and consent, and it leaves a trace."""

from typing import Any

import pytest
from chart_values import (
    ACT_REASON,
    CONFIDENTIALITY,
    ETH,
    JOURNEY,
    NOW,
    NURSE,
    condition,
    consent,
    patient,
    person,
    store,
    subject,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from careengine.kernel.refs import Ref
from careengine.record.query import query_of
from careengine.record.subjects import merge, unmerge
from careengine.runtime.database import Connection
from careengine.runtime.ids import SequentialIds
from careengine.trust.access import Access, NotAllowed
from careengine.trust.actor import ActorKind, Purpose, Reader
from careengine.trust.break_glass import break_glass
from careengine.trust.charts import ChartClosed, Charts
from careengine.trust.policies import installed_book

ACCESS = Access.from_package()
TREAT, HPAYMT = ({"system": ACT_REASON, "code": code} for code in ("TREAT", "HPAYMT"))


def charts(conn: Connection, reader: Reader = JOURNEY) -> Charts:
    return Charts(conn, reader=reader, access=ACCESS, at=NOW)


def read_ids(
    conn: Connection, name: str, reader: Reader = JOURNEY, kinds: tuple[str, ...] = ("Condition",)
) -> list[str]:
    """Return the ids a reader finds in one chart."""
    who = subject(conn, name)
    return [one.ref.id for one in charts(conn, reader).of_subjects([who], kinds=kinds)[who]]


def test_a_reading_of_many_charts_leaves_one_entry_that_names_them_all(conn: Connection) -> None:
    store(conn, patient("a"), patient("b"), condition("c1", "a"), condition("c2", "b"))
    whose = [subject(conn, "a"), subject(conn, "b")]
    mine = charts(conn)
    mine.of_subjects(whose, kinds=("Condition",))
    assert [(e.act, e.subjects, e.kinds, e.journey, e.actor_kind, e.purpose, e.why) for e in mine.audits] == [
        ("read", tuple(whose), ("Condition",), "referral_acknowledged", ActorKind.SOFTWARE, "treatment",
         "journeys.referral_acknowledged")
    ]  # fmt: skip


def test_a_reading_by_reference_names_the_patients_it_found(conn: Connection) -> None:
    refs = store(conn, patient("a"), patient("b"), condition("c1", "a"), condition("c2", "b"))
    mine = charts(conn)
    found = mine.resources([ref.newest() for ref in refs[2:]], kinds=("Condition",))
    assert [one.ref.id for one in found.values()] == ["c1", "c2"]
    assert [set(e.subjects) for e in mine.audits] == [{subject(conn, "a"), subject(conn, "b")}]


steps = st.lists(
    st.tuples(st.sampled_from(["refs", "subjects"]), st.sets(st.sampled_from("abc"))), max_size=6
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_every_reading_leaves_exactly_one_entry(
    conn: Connection, readings: list[tuple[str, set[str]]]
) -> None:
    with conn.transaction(force_rollback=True):
        store(conn, *(patient(name) for name in "abc"), *(condition(f"c-{name}", name) for name in "abc"))
        mine = charts(conn)
        for how, names in readings:
            before = len(mine.audits)
            whose = {subject(conn, name) for name in names}
            if how == "refs":
                mine.resources([Ref("Condition", f"c-{name}") for name in names], kinds=("Condition",))
            else:
                mine.of_subjects(whose, kinds=("Condition",))
            assert [set(e.subjects) for e in mine.audits[before:]] == ([whose] if whose else [])


def test_a_journey_gets_no_kind_it_did_not_declare(conn: Connection) -> None:
    store(conn, patient("a"))
    mine = charts(conn)
    with pytest.raises(NotAllowed, match="MedicationRequest"):
        mine.of_subjects([subject(conn, "a")], kinds=("Condition", "MedicationRequest"))
    assert [(e.act, e.subjects) for e in mine.audits] == [("refused", (subject(conn, "a"),))]


def test_a_journey_nobody_named_reads_no_chart(conn: Connection) -> None:
    store(conn, patient("a"))
    with pytest.raises(NotAllowed):
        charts(conn, Reader.for_journey("unheard_of")).of_subjects([subject(conn, "a")], kinds=("Patient",))


def test_a_reference_of_a_kind_not_named_is_refused(conn: Connection) -> None:
    mine = charts(conn)
    with pytest.raises(NotAllowed, match="Patient"):
        mine.resources([Ref("Patient", "a")], kinds=("Condition",))
    assert [e.act for e in mine.audits] == ["refused"]


def test_an_exact_version_and_the_newest_may_be_asked_for_together(conn: Connection) -> None:
    store(conn, patient("a"), condition("c", "a"))
    store(conn, condition("c", "a", recordedDate="2026-01-01"))
    asked = [Ref("Condition", "c", 1), Ref("Condition", "c"), Ref("Condition", "none")]
    found = charts(conn).resources(asked, kinds=("Condition",))
    assert {str(ref): one.ref.version for ref, one in found.items()} == {"Condition/c@1": 1, "Condition/c": 2}


# Substance use records (42 CFR Part 2)


def test_a_labelled_resource_stays_closed_without_consent(conn: Connection) -> None:
    refs = store(conn, patient("a"), condition("open", "a"), condition("closed", "a", ETH))
    assert read_ids(conn, "a") == ["open"]
    mine = charts(conn)
    assert list(mine.resources([refs[2].newest(), refs[2]], kinds=("Condition",))) == []
    assert mine.audits[0].why == "journeys.referral_acknowledged; closed 1"


@pytest.mark.parametrize(
    ("given_", "opens"),
    [
        ({"type": "permit", "securityLabel": [ETH]}, True),
        ({"type": "permit", "securityLabel": [ETH], "purpose": [TREAT]}, True),
        ({"type": "permit", "securityLabel": [ETH], "purpose": [HPAYMT]}, False),
        ({"type": "permit", "securityLabel": [ETH], "period": {"end": "2026-02-01"}}, False),
        ({"type": "permit", "securityLabel": [ETH], "period": {"end": "2026-03-02"}}, True),
        ({"type": "permit", "securityLabel": [ETH], "actor": [{"role": {"text": "clinic"}}]}, False),
        ({"type": "permit"}, False),
        ({"type": "permit", "securityLabel": [ETH], "status": "inactive"}, False),
        ({"type": "permit", "securityLabel": [ETH], "status": "entered-in-error"}, False),
    ],
)  # fmt: skip
def test_consent_opens_what_it_names_for_its_purpose_and_time(
    conn: Connection, given_: dict[str, Any], opens: bool
) -> None:
    store(conn, patient("a"), condition("closed", "a", ETH), consent("yes", "a", **given_))
    assert read_ids(conn, "a") == (["closed"] if opens else [])


def test_the_newest_consent_counts(conn: Connection) -> None:
    store(
        conn, patient("a"), condition("closed", "a", ETH),
        consent("yes", "a", date_time="2025-01-01", type="permit", securityLabel=[ETH]),
        consent("no", "a", date_time="2026-01-01", type="deny", securityLabel=[ETH]),
    )  # fmt: skip
    assert read_ids(conn, "a") == []


def test_an_earlier_version_that_carried_a_label_stays_closed(conn: Connection) -> None:
    [_, first] = store(conn, patient("a"), condition("c", "a", ETH))
    store(conn, condition("c", "a"))
    found = charts(conn).resources([first, first.newest()], kinds=("Condition",))
    assert list(found) == [first.newest()]


def test_in_an_emergency_labels_do_not_close(conn: Connection) -> None:
    store(conn, patient("a"), condition("closed", "a", ETH))
    glass(conn, "a")
    assert read_ids(conn, "a", person("nurses", purpose=Purpose.EMERGENCY)) == ["closed"]


def test_a_patients_refusal_closes_the_chart_for_that_purpose(conn: Connection) -> None:
    no = consent("no", "a", type="deny", purpose=[TREAT])
    store(conn, patient("a"), condition("c", "a"), no)
    assert read_ids(conn, "a") == []
    assert read_ids(conn, "a", person("authorization", purpose=Purpose.PAYMENT)) == ["c"]


def test_a_refusal_of_texts_closes_no_chart(conn: Connection) -> None:
    code = [{"coding": [{"system": "http://hl7.org/fhir/contact-point-system", "code": "sms"}]}]
    store(conn, patient("a"), condition("c", "a"), consent("no", "a", type="deny", code=code))
    assert read_ids(conn, "a") == ["c"]


# People


def glass(conn: Connection, name: str) -> None:
    break_glass(
        conn, SequentialIds(), installed_book(), reader=NURSE, subject=subject(conn, name),
        reason="medical_emergency", why="unconscious in the waiting room", at=NOW,
    )  # fmt: skip


RESTRICTED = {"meta": {"security": [{"system": CONFIDENTIALITY, "code": "V"}]}}


def test_a_restricted_chart_opens_only_behind_glass(conn: Connection) -> None:
    store(conn, patient("a", **RESTRICTED), condition("c", "a"))
    with pytest.raises(ChartClosed):
        read_ids(conn, "a", NURSE)
    emergency = person("nurses", purpose=Purpose.EMERGENCY)
    with pytest.raises(ChartClosed):
        read_ids(conn, "a", emergency)
    glass(conn, "a")
    assert read_ids(conn, "a", emergency) == ["c"]
    with pytest.raises(ChartClosed):
        read_ids(conn, "a", person("nurses", purpose=Purpose.EMERGENCY, actor="nurse.kim"))


def test_a_restricted_chart_is_closed_by_reference_too(conn: Connection) -> None:
    [_, ref] = store(conn, patient("a", **RESTRICTED), condition("c", "a"))
    mine = charts(conn, NURSE)
    with pytest.raises(ChartClosed):
        mine.resources([ref], kinds=("Condition",))
    assert [(e.act, e.subjects) for e in mine.audits] == [("refused", (subject(conn, "a"),))]


def test_nobody_opens_their_own_chart_at_work(conn: Connection) -> None:
    store(conn, patient("a"), condition("c", "a"))
    with pytest.raises(ChartClosed):
        read_ids(conn, "a", person("nurses", subject=subject(conn, "a")))


def test_a_merged_person_is_one_chart_and_one_consent(conn: Connection) -> None:
    store(
        conn, patient("a"), patient("b"), condition("c1", "a"), condition("c2", "b"),
        condition("c3", "b", ETH), consent("yes", "a", type="permit", securityLabel=[ETH]),
    )  # fmt: skip
    merge(conn, subject(conn, "b"), subject(conn, "a"), actor="test", at=NOW)
    assert sorted(read_ids(conn, "a")) == ["c1", "c2", "c3"]
    assert sorted(read_ids(conn, "b")) == ["c1", "c2", "c3"]
    unmerge(conn, subject(conn, "b"), actor="test", at=NOW)
    assert read_ids(conn, "b") == ["c2"]


# Searching


def found(conn: Connection, reader: Reader, *asked: tuple[str, str]) -> tuple[list[str], int | None]:
    """Return the ids a search shows, and the number it tells."""
    page, shown = charts(conn, reader).search(query_of("Condition", [*asked, ("_total", "accurate")]))
    return sorted(ref.id for ref in shown), page.total


def test_a_search_neither_shows_nor_counts_what_is_closed(conn: Connection) -> None:
    store(conn, patient("a"), condition("open", "a"), condition("closed", "a", ETH))
    assert found(conn, JOURNEY, ("patient", "a")) == (["open"], 1)
    assert found(conn, JOURNEY, ("patient", "a"), ("_security", "ETH")) == ([], 0)


def test_a_search_that_finds_nothing_leaves_its_entry_too(conn: Connection) -> None:
    mine = charts(conn)
    mine.search(query_of("Condition", [("patient", "nobody")]))
    assert [(e.act, e.subjects, e.kinds) for e in mine.audits] == [("read", (), ("Condition",))]


def test_a_search_names_the_patients_it_found_in_one_entry(conn: Connection) -> None:
    store(conn, patient("a"), patient("b"), condition("c1", "a"), condition("c2", "b"))
    mine = charts(conn)
    mine.search(query_of("Condition", [("code", "38341003")]))
    assert [set(e.subjects) for e in mine.audits] == [{subject(conn, "a"), subject(conn, "b")}]


def test_a_kind_that_may_not_be_read_is_not_counted(conn: Connection) -> None:
    with pytest.raises(NotAllowed):
        charts(conn).search(query_of("MedicationRequest", [("_summary", "count")]))
