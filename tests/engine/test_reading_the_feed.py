"""Changes of the record become events once, and the feed does not grow for ever."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
import toy_journeys as toys
from waiting import until

from careengine.engine.feed_reading import feed_unread, forget_read, read_feed
from careengine.engine.journey import Journey
from careengine.record.write import NewVersion, write_versions
from careengine.runtime.clock import real_now


@pytest.fixture
def listening(open_toy: Callable[..., Any]) -> Any:
    journey = Journey(
        "listening",
        version=1,
        subject="Basic",
        outcome="heard",
        target="toy.completion",
        listens=("record.Basic",),
    )
    state = toys.errand.states["walking"]
    journey.state("hearing", owner=state.owner, clock=state.clock, awaits="a_change", goes=("heard",))(
        toys.walking
    )
    journey.on("hearing", "record.Basic", goes=("heard",))(toys.finish)
    journey.end("heard", outcome="heard", reached_goal=True)
    journey.route(lambda _event, _candidates: None)
    return open_toy(journey, toys.placing)


def put_down(toy: Any, name: str) -> None:
    resource = {"resourceType": "Basic", "id": name, "code": {"text": "toy"}}
    version = NewVersion(type="Basic", id=name, raw=orjson.dumps(resource), resource=resource)
    write_versions(toy.conn, [version], recorded_at=real_now())
    toy.conn.commit()


def read_all(toy: Any) -> None:
    """Read until nothing waits; another test's transaction on this server may hold changes back a while."""

    def nothing_waits() -> bool:
        read_feed(toy.conn, toy.engine)
        waits = feed_unread(toy.conn, toy.engine)
        toy.conn.rollback()
        return not waits

    until(nothing_waits, what="the feed is read")


def test_a_change_becomes_one_event_however_often_the_feed_is_read(listening: Any) -> None:
    put_down(listening, "a")

    read_all(listening)
    read_feed(listening.conn, listening.engine)

    assert listening.one("select count(*) from event") == 1
    assert listening.one("select ref from event") == "Basic/a@1"


def test_changes_that_were_read_are_forgotten_and_later_ones_are_not(listening: Any) -> None:
    put_down(listening, "a")
    read_all(listening)
    put_down(listening, "b")

    assert forget_read(listening.conn) == 1
    read_all(listening)
    assert listening.one("select count(*) from event") == 2
