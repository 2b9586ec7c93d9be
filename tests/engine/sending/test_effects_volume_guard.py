from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
from real_partner import RealPartner
from sending_desk import NOON, one, put_effects

from careengine.engine import volume
from careengine.engine.composition import Engine
from careengine.engine.delivery import VOLUME, LaneLimit, VolumePolicy
from careengine.engine.guards import Scope, Stops, resume
from careengine.engine.sending import Sender
from careengine.kernel.policy import PolicyName
from careengine.policy.book import PolicyBook
from careengine.runtime.clock import FixedClock, real_now
from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection

SenderOf = Callable[..., Sender]


class Strict:
    """The engine's own policies, with another volume guard."""

    def __init__(self, book: PolicyBook, guard: VolumePolicy) -> None:
        self._book, self._guard = book, guard

    def value(self, name: PolicyName[object], day: object) -> object:
        return self._guard if name.name == VOLUME.name else self._book.value(name, day)  # type: ignore[arg-type]  # passed on


@pytest.fixture
def guarded(shop_engine: Engine) -> Engine:
    """An errand may send 10 an hour, and at most three times its usual."""
    usual = shop_engine.book.value(VOLUME, NOON.date())
    limits = (LaneLimit("errand", "toy.deliver", 10, 3.0, 2),)
    guard = replace(usual, limits=limits, usual_windows=24, learn_windows=3)
    return replace(shop_engine, book=Strict(shop_engine.book, guard))  # type: ignore[arg-type]  # a book to its users


def test_a_lane_that_does_too_much_stops_before_anything_leaves(
    conn: Connection, guarded: Engine, shop: RealPartner, sender_of: SenderOf
) -> None:
    put_effects(conn, guarded, 11)

    sent = sender_of(guarded).drain()

    assert sent == 0
    assert shop.asked == []
    (stop,) = Stops.read(conn)
    assert (stop.scope, stop.name, stop.by, stop.reason) == (
        Scope.LANE, "errand", "system:volume-guard", "volume_over_the_most",
    )  # fmt: skip


def test_a_person_is_shown_why_the_lane_stopped(
    conn: Connection, guarded: Engine, sender_of: SenderOf
) -> None:
    put_effects(conn, guarded, 11)

    sender_of(guarded).drain()

    journey, data = conn.execute(
        "select k.journey, k.data from engine_case k join inbox i on i.case_id = k.id"
    ).fetchall()[0]
    said = orjson.loads(unpack(data))
    assert guarded.codes.name("journey", journey) == "event_to_place"
    assert (said["event_kind"], said["journey"], said["why"]) == (
        "lane.stopped", "errand", "volume_over_the_most",
    )  # fmt: skip
    assert one(conn, "select kind from event") == guarded.codes.id("event", "lane.stopped")


def test_a_resumed_lane_sends_what_was_kept(
    conn: Connection, guarded: Engine, shop: RealPartner, clock: FixedClock, sender_of: SenderOf
) -> None:
    put_effects(conn, guarded, 11)
    sender = sender_of(guarded)
    sender.drain()

    conn.execute("update effect set status = 5 where id % 2 = 0")
    resume(conn, Scope.LANE, "errand", by="person:dee", reason="half of it was wrong", at=NOON)
    conn.commit()
    clock.advance(timedelta(hours=1))
    sender.drain()

    assert set(shop.keys().values()) == {1}
    assert one(conn, "select count(*) from effect where status = 0") == 0


def test_what_came_before_within_the_hour_counts(
    conn: Connection, guarded: Engine, shop: RealPartner, sender_of: SenderOf
) -> None:
    sender = sender_of(guarded)
    put_effects(conn, guarded, 8)
    sender.drain()
    put_effects(conn, guarded, 3)
    sender.drain()

    assert len(shop.asked) == 8


def test_an_attempt_after_a_failure_is_not_counted_twice(conn: Connection, guarded: Engine) -> None:
    lane = (guarded.codes.id("journey", "errand"), guarded.codes.id("effect", "toy.deliver"))

    none_leaving = volume.admit(conn, guarded, {}, now=NOON, real=real_now())
    first = volume.admit(conn, guarded, {lane: 10}, now=NOON, real=real_now())

    assert (none_leaving, first) == (frozenset(), frozenset())


def test_more_than_three_times_the_usual_hour_stops_a_lane_that_has_a_usual(
    conn: Connection, guarded: Engine
) -> None:
    lane = (guarded.codes.id("journey", "errand"), guarded.codes.id("effect", "toy.deliver"))
    hours = [NOON - timedelta(hours=n) for n in (4, 3, 2, 1)]

    quiet = [volume.admit(conn, guarded, {lane: 2}, now=hour, real=real_now()) for hour in hours]
    as_ever = volume.admit(conn, guarded, {lane: 6}, now=NOON, real=real_now())
    one_more = volume.admit(conn, guarded, {lane: 1}, now=NOON, real=real_now())

    assert quiet == [frozenset()] * 4
    assert as_ever == frozenset()
    assert one_more == frozenset({lane})
    assert one(conn, "select reason from lane_stop") == "volume_over_the_usual"
    assert one(conn, "select sent from volume where starts = %s", NOON) == 6


def test_windows_older_than_the_usual_are_forgotten(conn: Connection, guarded: Engine) -> None:
    lane = (guarded.codes.id("journey", "errand"), guarded.codes.id("effect", "toy.deliver"))
    for days in (0, 1, 2, 30):
        volume.admit(conn, guarded, {lane: 1}, now=NOON - timedelta(days=days), real=real_now())

    gone = volume.forget(conn, guarded, NOON)

    assert gone == 2
