"""Breaking the glass is for people, ends by itself and is reviewed; the trail says who saw whom."""

from datetime import timedelta

import pytest
from chart_values import NOW, NURSE, patient, person, store, subject
from ledger_values import PRIVACY, Sealer

from careengine.record.subjects import merge
from careengine.runtime.database import Connection
from careengine.runtime.ids import SequentialIds
from careengine.trust.actor import ActorKind, Purpose, Reader
from careengine.trust.audit import AuditEntry, what_they_saw, who_saw
from careengine.trust.break_glass import (
    AlreadyReviewed,
    Glass,
    GlassNotBroken,
    break_glass,
    open_to,
    review,
    to_review,
)
from careengine.trust.policies import installed_book

BOOK = installed_book()


def broken(conn: Connection, reader: Reader = NURSE, name: str = "a") -> Glass:
    return break_glass(
        conn, SequentialIds(), BOOK, reader=reader, subject=subject(conn, name), reason="medical_emergency",
        why="unconscious in the waiting room", at=NOW,
    )  # fmt: skip


def test_the_glass_closes_again_by_itself(conn: Connection) -> None:
    store(conn, patient("a"))
    until, who = broken(conn).until, [subject(conn, "a")]
    assert open_to(conn, "nurse.lee", who, until - timedelta(microseconds=1)) == set(who)
    assert open_to(conn, "nurse.lee", who, until) == set()
    assert open_to(conn, "nurse.kim", who, NOW) == set()


def test_it_is_open_for_the_whole_person(conn: Connection) -> None:
    store(conn, patient("a"), patient("b"))
    broken(conn)
    merge(conn, subject(conn, "b"), subject(conn, "a"), actor="test", at=NOW)
    assert open_to(conn, "nurse.lee", [subject(conn, "b")], NOW) == {subject(conn, "b")}


@pytest.mark.parametrize("kind", [ActorKind.SOFTWARE, ActorKind.AGENT])
def test_only_a_person_breaks_it(conn: Connection, kind: ActorKind) -> None:
    store(conn, patient("a"))
    with pytest.raises(GlassNotBroken):
        broken(conn, Reader(actor="x", actor_kind=kind, purpose=Purpose.EMERGENCY))


def test_every_opening_awaits_a_review_by_somebody_else(conn: Connection) -> None:
    store(conn, patient("a"))
    glass = broken(conn)
    assert [(row[0], row[4]) for row in to_review(conn)] == [(glass.id, NOW + timedelta(hours=48))]
    with pytest.raises(AlreadyReviewed):
        review(conn, glass.id, reviewer=NURSE, finding="appropriate", at=NOW)
    entry = review(conn, glass.id, reviewer=PRIVACY, finding="appropriate", at=NOW)
    assert (entry.act, entry.things, entry.subjects) == ("review", (glass.id,), (subject(conn, "a"),))
    assert to_review(conn) == []
    with pytest.raises(AlreadyReviewed):
        review(conn, glass.id, reviewer=PRIVACY, finding="violation", at=NOW)


def reading(conn: Connection, name: str, actor: str) -> AuditEntry:
    return AuditEntry(
        act="read", actor=actor, actor_kind=ActorKind.PERSON, purpose=Purpose.TREATMENT, at=NOW,
        subjects=(subject(conn, name),), kinds=("Condition",),
    )  # fmt: skip


def test_the_trail_says_who_saw_a_patient_under_any_id(conn: Connection, seal_batch: Sealer) -> None:
    store(conn, patient("a"), patient("b"), patient("c"))
    seal_batch(0, audits=[reading(conn, name, f"nurse.{name}") for name in "abc"])
    assert [seen.actor for seen in who_saw(conn, subject(conn, "a"))] == ["nurse.a"]
    merge(conn, subject(conn, "b"), subject(conn, "a"), actor="test", at=NOW)
    assert {seen.actor for seen in who_saw(conn, subject(conn, "a"))} == {"nurse.a", "nurse.b"}


def test_the_trail_says_what_one_reader_saw(conn: Connection, seal_batch: Sealer) -> None:
    store(conn, patient("a"), patient("b"))
    seal_batch(0, audits=[reading(conn, "a", "nurse.lee"), reading(conn, "b", "nurse.kim")])
    seal_batch(0, audits=[broken(conn, person("nurses")).audit])
    assert [(seen.act, seen.patients) for seen in what_they_saw(conn, "nurse.lee")] == [
        ("break_glass", 1),
        ("read", 1),
    ]
