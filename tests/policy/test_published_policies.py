"""Policies in the database: published once, kept for ever, never replaced behind a site's back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import psycopg
import pytest
from policy_examples import PROMISE, SCHEMAS, TRIAGE, promise_source, spoil, triage_source

from careengine.kernel.errors import Conflict, Refused
from careengine.policy.findings import BrokenPolicy, MisfitPolicy, UnknownPolicy
from careengine.policy.schemas import Schemas
from careengine.policy.store import (
    INSTALLER,
    Installed,
    install,
    load_book,
    load_versions,
    offer,
    publish,
    versions,
)
from careengine.runtime.database import Connection, connect

AT = datetime(2026, 2, 1, 8, 0, tzinfo=UTC)
SPRING = date(2026, 3, 5)
STRICTER = spoil(promise_source(), "days: 3", "days: 1")
SOURCES = {"access.promise": promise_source(), "access.triage": triage_source()}


def test_the_first_start_publishes_what_came_with_the_package(conn: Connection) -> None:
    assert install(conn, SOURCES, SCHEMAS, at=AT) == Installed(("access.promise", "access.triage"), ())

    book = load_book(conn, SCHEMAS)
    assert book.value(PROMISE, SPRING).days == 3
    assert book.value(TRIAGE, SPRING).table.first({"age": 70, "urgency": "urgent"})
    assert [(v.version, v.live, v.published_by) for v in versions(conn, "access.promise")] == [
        (1, True, INSTALLER)
    ]


def test_a_second_start_publishes_nothing(conn: Connection) -> None:
    install(conn, SOURCES, SCHEMAS, at=AT)

    assert install(conn, SOURCES, SCHEMAS, at=AT) == Installed((), ())


def test_an_upgrade_is_offered_and_changes_nothing_until_a_person_publishes_it(conn: Connection) -> None:
    install(conn, SOURCES, SCHEMAS, at=AT)

    assert install(conn, {**SOURCES, "access.promise": STRICTER}, SCHEMAS, at=AT) == Installed(
        (), (("access.promise", 2),)
    )
    assert install(conn, {**SOURCES, "access.promise": STRICTER}, SCHEMAS, at=AT) == Installed((), ())
    assert load_book(conn, SCHEMAS).value(PROMISE, SPRING).days == 3

    publish(conn, "access.promise", 2, at=AT, by="ana", approved_by="ben", note="the new agreement")
    assert load_book(conn, SCHEMAS).value(PROMISE, SPRING).days == 1
    assert [(v.version, v.live, v.supersedes) for v in versions(conn, "access.promise")] == [
        (1, False, None),
        (2, True, 1),
    ]


def test_rolling_back_is_one_act_and_is_kept_beside_the_others(conn: Connection) -> None:
    install(conn, SOURCES, SCHEMAS, at=AT)
    publish(
        conn, "access.promise", offer(conn, STRICTER, at=AT, by="ana"),
        at=AT, by="ana", approved_by="ben", note="stricter",
    )  # fmt: skip

    publish(conn, "access.promise", 1, at=AT, by="ben", approved_by="ana", note="too many late")

    assert load_book(conn, SCHEMAS).value(PROMISE, SPRING).days == 3
    moves = conn.execute(
        "select from_version, to_version, moved_by from policy_move where name = 'access.promise'"
    )
    assert moves.fetchall() == [(None, 1, INSTALLER), (1, 2, "ana"), (2, 1, "ben")]


def test_a_decision_is_recomputed_under_the_version_it_was_made_with(conn: Connection) -> None:
    install(conn, SOURCES, SCHEMAS, at=AT)
    before = load_book(conn, SCHEMAS).pins([PROMISE])
    publish(
        conn, "access.promise", offer(conn, STRICTER, at=AT, by="ana"),
        at=AT, by="ana", approved_by="ben", note="stricter",
    )  # fmt: skip

    assert load_book(conn, SCHEMAS, pins=before).value(PROMISE, SPRING).days == 3
    old = load_versions(conn, SCHEMAS, [("access.promise", 1)])["access.promise", 1]
    assert load_book(conn, SCHEMAS).overlay([old]).value(PROMISE, SPRING).ref.version == 1


def test_a_book_read_again_shares_what_did_not_move(conn: Connection) -> None:
    install(conn, SOURCES, SCHEMAS, at=AT)
    first = load_book(conn, SCHEMAS)
    built = first.value(TRIAGE, SPRING)
    publish(
        conn, "access.promise", offer(conn, STRICTER, at=AT, by="ana"),
        at=AT, by="ana", approved_by="ben", note="stricter",
    )  # fmt: skip

    again = load_book(conn, SCHEMAS, known=first)

    assert again.value(TRIAGE, SPRING) is built
    assert again.value(PROMISE, SPRING).days == 1


def test_a_pinned_version_that_is_lost_is_named(conn: Connection) -> None:
    install(conn, SOURCES, SCHEMAS, at=AT)

    with pytest.raises(UnknownPolicy, match=r"access\.promise version 9"):
        load_book(conn, SCHEMAS, pins={"access.promise": 9})


def test_nobody_publishes_alone(conn: Connection) -> None:
    install(conn, SOURCES, SCHEMAS, at=AT)
    version = offer(conn, STRICTER, at=AT, by="ana")

    with pytest.raises(Refused, match="second person"):
        publish(conn, "access.promise", version, at=AT, by="ana", approved_by="ana", note="")
    with pytest.raises(psycopg.errors.CheckViolation):
        conn.execute(
            "update policy_version set published_at = %s, published_by = 'ana', approved_by = 'ana' "
            "where version = 2",
            (AT,),
        )


@pytest.mark.parametrize(
    "act",
    [
        "update policy_version set body = ''",
        "update policy_version set approved_by = 'somebody else'",
        "delete from policy_version",
        "update policy_move set note = 'nothing happened'",
        "delete from policy_move",
    ],
)
def test_what_was_published_cannot_be_changed_even_in_the_database(conn: Connection, act: str) -> None:
    install(conn, SOURCES, SCHEMAS, at=AT)

    with pytest.raises(psycopg.errors.RaiseException):
        conn.execute(act)


def test_publishing_what_is_live_or_does_not_exist_is_refused(conn: Connection) -> None:
    install(conn, SOURCES, SCHEMAS, at=AT)

    with pytest.raises(Conflict, match="live already"):
        publish(conn, "access.promise", 1, at=AT, by="ana", approved_by="ben", note="")
    with pytest.raises(UnknownPolicy, match="version 7"):
        publish(conn, "access.promise", 7, at=AT, by="ana", approved_by="ben", note="")


def test_one_broken_file_installs_nothing(conn: Connection) -> None:
    with pytest.raises(BrokenPolicy, match=r"access/promise\.yaml"):
        install(
            conn, {**SOURCES, "access.promise": spoil(promise_source(), "owner:", "ovner:")}, SCHEMAS, at=AT
        )

    assert versions(conn) == ()


def test_a_policy_whose_values_do_not_fit_installs_nothing(conn: Connection) -> None:
    with pytest.raises(BrokenPolicy, match="valid integer"):
        install(
            conn,
            {**SOURCES, "access.promise": spoil(promise_source(), "days: 3", "days: soon")},
            SCHEMAS,
            at=AT,
        )

    assert versions(conn) == ()


def test_two_processes_that_start_at_once_publish_once(database_url: str) -> None:
    def start(_: int) -> Installed:
        with connect(database_url) as conn:
            return install(conn, SOURCES, SCHEMAS, at=AT)

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(start, range(2)))

    assert sorted(one.published for one in found) == [(), ("access.promise", "access.triage")]


def test_a_policy_of_a_shape_this_code_does_not_know_stops_only_its_own_use(conn: Connection) -> None:
    install(conn, SOURCES, SCHEMAS, at=AT)
    book = load_book(conn, Schemas.of([SCHEMAS["access.promise"]]))

    assert book.value(PROMISE, SPRING).days == 3
    with pytest.raises(MisfitPolicy, match=r"access\.triage"):
        book.value(TRIAGE, SPRING)


def test_the_same_text_offered_twice_is_one_version(conn: Connection) -> None:
    install(conn, SOURCES, SCHEMAS, at=AT)

    assert offer(conn, STRICTER, at=AT, by="ana") == offer(conn, STRICTER, at=AT, by="ben") == 2
