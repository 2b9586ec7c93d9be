from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta

import pytest
from real_partner import Answer, RealPartner
from sending_desk import NOON, put_effects

from careengine.engine.composition import Engine
from careengine.engine.health import Health, read_health
from careengine.engine.intake import NewEvent, post
from careengine.engine.keys import key_of
from careengine.engine.sending import Sender
from careengine.runtime.clock import FixedClock, real_now
from careengine.runtime.database import Connection

SenderOf = Callable[..., Sender]


def health(conn: Connection, engine: Engine, *, later: timedelta = timedelta()) -> Health:
    return read_health(conn, engine, now=engine.clock.now(), real=real_now() + later)


def test_an_engine_with_nothing_to_do_is_idle(conn: Connection, shop_engine: Engine) -> None:
    assert asdict(health(conn, shop_engine)) == {
        "oldest_due": None, "oldest_event": None, "unrouted": 0, "effect_lag_s": 0.0, "dead_letters": 0,
        "lease_takeovers": 0, "stopped": 0, "next_due": None, "idle": True,
    }  # fmt: skip


@pytest.mark.parametrize("cases", [(), (17,)])
def test_an_event_nobody_consumed_or_routed_is_work(
    conn: Connection, shop_engine: Engine, cases: tuple[int, ...]
) -> None:
    event = NewEvent(kind="toy.step", at=NOON, key=key_of("an event"), cases=cases)
    post(conn, shop_engine, [event], recorded_at=real_now())

    found = health(conn, shop_engine)

    assert not found.idle
    assert (found.unrouted, found.oldest_event is None) == ((0, False) if cases else (1, True))


def test_an_effect_to_be_sent_is_work_and_its_lateness_is_told(conn: Connection, shop_engine: Engine) -> None:
    put_effects(conn, shop_engine)

    found = health(conn, shop_engine, later=timedelta(minutes=2))

    assert not found.idle
    assert found.effect_lag_s >= 120


def test_an_effect_for_later_is_no_work_now_but_the_next_thing_due(
    conn: Connection, shop_engine: Engine, clock: FixedClock
) -> None:
    tomorrow = clock.now() + timedelta(days=1)
    put_effects(conn, shop_engine, not_before=tomorrow)

    found = health(conn, shop_engine)

    assert found.idle
    assert found.next_due == tomorrow


def test_dead_letters_are_counted(
    conn: Connection, shop_engine: Engine, shop: RealPartner, sender_of: SenderOf
) -> None:
    shop.manners = lambda _: Answer(status=410)
    put_effects(conn, shop_engine, 2)

    sender_of(shop_engine).drain()

    assert health(conn, shop_engine).dead_letters == 2
