import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sending_desk
from real_partner import Answer, RealPartner
from sending_desk import NOON, engine_with, let_leases_run_out, one, put_effects, setting

from careengine.engine.composition import Engine
from careengine.engine.guards import Scope, Stop, Stops, resume, stop
from careengine.engine.leasing import lease
from careengine.engine.outgoing import EffectStatus
from careengine.engine.sending import Sender
from careengine.engine.voiding import void
from careengine.runtime.clock import FixedClock, real_now
from careengine.runtime.database import Connection
from careengine.runtime.ids import Ids, SequentialIds

SenderOf = Callable[..., Sender]


def throw(conn: Connection, ids: Ids, scope: Scope, name: str) -> None:
    stop(conn, ids, Stop(scope=scope, name=name, by="person:dee", reason="drill", at=NOON))
    conn.commit()


def statuses(conn: Connection) -> list[int]:
    return [status for (status,) in conn.execute("select status from effect order by id")]


def take(conn: Connection, engine: Engine, real: datetime) -> int:
    """Lease for the shop; return how many effects were taken out."""
    with conn.transaction():
        taken = lease(conn, engine, "shop", now=engine.clock.now(), real=real, stops=Stops.NONE)
    return len(taken.effects) if taken else 0


def test_a_partner_is_sent_no_more_than_its_bucket_holds(
    conn: Connection, ids: SequentialIds, clock: FixedClock, shop: RealPartner
) -> None:
    engine = engine_with(
        conn, ids, clock, {"shop": setting(shop.url, per_second=2.0, burst=5, concurrency=64)}
    )
    put_effects(conn, engine, 30)
    start = real_now() + timedelta(minutes=1)

    taken = [take(conn, engine, start + timedelta(seconds=s)) for s in (0, 0, 0.4, 1, 2, 60)]

    assert taken == [5, 0, 0, 2, 2, 5]


def test_a_partner_never_sees_more_at_once_than_it_can_take(
    conn: Connection, ids: SequentialIds, clock: FixedClock, shop: RealPartner, sender_of: SenderOf
) -> None:
    shop.manners = lambda _: Answer(after_s=0.005)
    engine = engine_with(conn, ids, clock, {"shop": setting(shop.url, concurrency=3)})
    put_effects(conn, engine, 40)

    sender_of(engine).drain()

    assert shop.most_at_once <= 3
    assert len(shop.keys()) == 40


def test_a_second_sender_waits_while_the_partner_s_connections_are_in_use(
    conn: Connection, ids: SequentialIds, clock: FixedClock, shop: RealPartner
) -> None:
    engine = engine_with(conn, ids, clock, {"shop": setting(shop.url, concurrency=4)})
    put_effects(conn, engine, 250)
    real = real_now() + timedelta(minutes=1)

    while_sending = [take(conn, engine, real), take(conn, engine, real)]
    after_the_lease = take(conn, engine, real + timedelta(minutes=2))

    assert while_sending == [100, 0]
    assert after_the_lease == 100


def test_what_must_wait_for_its_hour_waits_in_domain_time(
    conn: Connection, clock: FixedClock, shop: RealPartner, shop_engine: Engine, sender_of: SenderOf
) -> None:
    put_effects(conn, shop_engine, not_before=clock.now() + timedelta(hours=8))
    sender = sender_of(shop_engine)

    early = sender.drain()
    clock.advance(timedelta(hours=8))
    on_time = sender.drain()

    assert (early, on_time) == (0, 1)
    assert len(shop.asked) == 1


def test_what_is_pointless_by_now_does_not_leave_and_the_case_is_told(
    conn: Connection, clock: FixedClock, shop: RealPartner, shop_engine: Engine, sender_of: SenderOf
) -> None:
    put_effects(conn, shop_engine, not_after=clock.now())

    sender_of(shop_engine).drain()

    assert statuses(conn) == [EffectStatus.EXPIRED]
    assert shop.asked == []
    assert one(conn, "select count(*) from inbox") == 1


def test_consent_is_asked_just_before_the_wire(
    conn: Connection, shop: RealPartner, shop_engine: Engine, sender_of: SenderOf
) -> None:
    first, _ = put_effects(conn, shop_engine, 2)
    asked = []

    def consent(_conn: Connection, leaving: list[sending_desk.Outgoing], _now: datetime) -> dict[int, str]:
        asked.extend(out.purpose for out in leaving)
        return {first: "consent.withdrawn"}

    sender_of(shop_engine, consent=consent).drain()

    assert asked == ["operations", "operations"]
    assert statuses(conn) == [EffectStatus.WITHHELD, EffectStatus.DELIVERED]
    assert one(conn, "select why from effect where id = %s", first) == "consent.withdrawn"
    assert len(shop.asked) == 1


@pytest.mark.parametrize("switch", [(Scope.LANE, "errand"), (Scope.SITE, "main"), (Scope.PARTNER, "shop")])
def test_one_switch_stops_a_lane_a_site_or_a_partner_and_nothing_is_lost(
    conn: Connection,
    shop: RealPartner,
    shop_engine: Engine,
    sender_of: SenderOf,
    switch: tuple[Scope, str],
) -> None:
    put_effects(conn, shop_engine, 3)
    sender = sender_of(shop_engine)
    throw(conn, shop_engine.ids, *switch)

    while_stopped = sender.drain()
    resume(conn, *switch, by="person:dee", reason="drill over", at=NOON)
    conn.commit()
    after = sender.drain()

    assert (while_stopped, after) == (0, 3)
    assert set(shop.keys().values()) == {1}


def test_a_switch_thrown_between_lease_and_wire_still_stops(
    conn: Connection, ids: SequentialIds, shop: RealPartner, shop_engine: Engine, sender_of: SenderOf
) -> None:
    put_effects(conn, shop_engine, 2)
    sender = sender_of(shop_engine)
    (taken,) = list(sender._leases(enqueued=False))
    throw(conn, ids, Scope.LANE, "errand")

    sender.send(taken)

    assert shop.asked == []
    assert conn.execute("select distinct status, attempts, lease from effect").fetchall() == [(0, 0, None)]


def test_another_site_goes_on_while_one_is_stopped(
    conn: Connection, ids: SequentialIds, shop_engine: Engine, sender_of: SenderOf
) -> None:
    put_effects(conn, shop_engine)
    put_effects(conn, shop_engine, site=shop_engine.codes.id("site", "branch"))
    throw(conn, ids, Scope.SITE, "main")

    sender_of(shop_engine).drain()

    assert statuses(conn) == [EffectStatus.QUEUED, EffectStatus.DELIVERED]


def test_after_a_restore_everything_is_held_back(
    conn: Connection, shop: RealPartner, shop_engine: Engine, sender_of: SenderOf
) -> None:
    put_effects(conn, shop_engine, 3)

    sent = sender_of(shop_engine, hold=True).drain()

    assert sent == 0
    assert shop.asked == []


def test_a_voided_effect_does_not_leave(
    conn: Connection, shop: RealPartner, shop_engine: Engine, sender_of: SenderOf
) -> None:
    put_effects(conn, shop_engine, 2)

    found = void(conn, [(1000, shop_engine.codes.id("effect", "toy.deliver"))])
    conn.commit()
    sender_of(shop_engine).drain()

    assert found == 1
    assert statuses(conn) == [EffectStatus.VOID, EffectStatus.DELIVERED]
    assert len(shop.asked) == 1


def test_an_effect_voided_on_its_way_is_not_tried_again(
    conn: Connection, shop: RealPartner, shop_engine: Engine, sender_of: SenderOf
) -> None:
    kind = shop_engine.codes.id("effect", "toy.deliver")
    put_effects(conn, shop_engine)

    def void_meanwhile(_: object) -> Answer:
        void(conn, [(1000, kind)])
        conn.commit()
        return Answer(status=503)

    shop.manners = void_meanwhile
    sender_of(shop_engine).drain()

    assert statuses(conn) == [EffectStatus.VOID]
    assert one(conn, "select count(*) from inbox") == 0


def test_an_effect_voided_on_its_way_that_arrived_all_the_same_is_told(
    conn: Connection, shop: RealPartner, shop_engine: Engine, sender_of: SenderOf
) -> None:
    kind = shop_engine.codes.id("effect", "toy.deliver")
    put_effects(conn, shop_engine)

    def void_meanwhile(_: object) -> Answer:
        void(conn, [(1000, kind)])
        conn.commit()
        return Answer()

    shop.manners = void_meanwhile
    sender_of(shop_engine).drain()

    assert statuses(conn) == [EffectStatus.DELIVERED]
    assert one(conn, "select count(*) from inbox") == 1


def test_what_a_killed_sender_had_on_its_way_is_sent_again_under_the_same_key(
    conn: Connection, database_url: str, shop: RealPartner, shop_engine: Engine, sender_of: SenderOf
) -> None:
    put_effects(conn, shop_engine, 30)
    process = Path(sending_desk.__file__)
    doomed = subprocess.Popen([sys.executable, process, database_url, shop.url])  # noqa: S603  our own program

    def die_at_the_tenth(_: object) -> Answer:
        if len(shop.asked) >= 10:
            doomed.send_signal(signal.SIGKILL)
        return Answer()

    shop.manners = die_at_the_tenth
    doomed.wait(timeout=60)
    in_doubt = one(conn, "select count(*) from effect where status = 0 and lease is not null")
    conn.commit()
    at_once = sender_of(shop_engine).drain()
    let_leases_run_out(conn)
    shop.manners = lambda _: Answer()
    taken_over = sender_of(shop_engine).drain()

    assert doomed.returncode == -signal.SIGKILL
    assert in_doubt == 30
    assert at_once == 0
    assert taken_over == 30
    assert set(statuses(conn)) == {EffectStatus.DELIVERED}
    assert len(shop.keys()) == 30
    assert one(conn, "select sum(takeovers) from effect") == 30
    assert one(conn, "select count(*) from inbox") == 30


def test_the_time_of_leases_is_real_whatever_the_domain_clock_says(
    conn: Connection, ids: SequentialIds, shop: RealPartner, sender_of: SenderOf
) -> None:
    long_ago = FixedClock(datetime(2025, 6, 2, tzinfo=UTC))
    engine = engine_with(conn, ids, long_ago, {"shop": setting(shop.url)})
    put_effects(conn, engine)

    assert sender_of(engine).drain() == 1
    assert one(conn, "select happened_at from event") == long_ago.now()
    assert one(conn, "select recorded_at from event") > datetime(2026, 1, 1, tzinfo=UTC)
