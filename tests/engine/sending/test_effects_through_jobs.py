import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from real_partner import Answer, RealPartner, partner_who
from sending_desk import engine_with, one, put_effects, setting
from waiting import until as happened

from careengine.engine.composition import Engine
from careengine.engine.intake import WORK
from careengine.engine.sending import Sender
from careengine.runtime.clock import FixedClock
from careengine.runtime.database import Connection, connect
from careengine.runtime.ids import SystemIds
from careengine.runtime.jobs import Jobs

SenderOf = Callable[..., Sender]
PATIENCE_S = 60


@contextmanager
def at_work(sender: Sender, url: str) -> Iterator[None]:
    """Let a sender and its jobs run until the block ends."""
    jobs, stop = Jobs(), threading.Event()
    sender.register(jobs)
    jobs.launch(url, "sender-1")
    sender.open_queues(jobs)
    pumping = threading.Thread(target=sender.keep_sending, args=(stop,))
    pumping.start()
    try:
        yield
    finally:
        stop.set()
        pumping.join(PATIENCE_S)
        jobs.stop(wait_s=5)


def until(url: str, conn: Connection, query: str) -> None:
    """Wait, woken by every batch of outcomes, until ``query`` is true."""
    with connect(url, autocommit=True) as ear:
        ear.execute(f"listen {WORK}")
        for _ in range(PATIENCE_S):
            conn.rollback()
            if one(conn, query):
                return
            next(ear.notifies(timeout=1.0, stop_after=1), None)
    pytest.fail(f"It did not come true within a minute: {query}")


def test_effects_leave_through_short_jobs_that_know_ids_only(
    conn: Connection, database_url: str, shop: RealPartner, shop_engine: Engine, sender_of: SenderOf
) -> None:
    put_effects(conn, shop_engine, 230)

    with at_work(sender_of(shop_engine), database_url):
        until(database_url, conn, "select count(*) = 230 from inbox")

    assert len(shop.keys()) == 230
    assert set(shop.keys().values()) == {1}
    assert one(conn, "select count(*) from effect where status <> 1") == 0
    assert one(conn, "select count(*) from dbos.workflow_status") >= 3
    assert one(conn, "select count(*) from dbos.workflow_status where strpos(inputs, 'operations') > 0") == 0


def test_a_slow_partner_holds_up_nobody_else(
    conn: Connection, database_url: str, clock: FixedClock, shop: RealPartner, sender_of: SenderOf
) -> None:
    let_go = threading.Event()

    def waits(_: object) -> Answer:
        let_go.wait(PATIENCE_S)
        return Answer()

    with partner_who(waits) as slow:
        both = {"shop": setting(shop.url), "depot": setting(slow.url, concurrency=1, timeout_s=50.0)}
        engine = engine_with(conn, SystemIds.of(conn), clock, both)
        put_effects(conn, engine, 5, partner=engine.codes.id("partner", "depot"))
        put_effects(conn, engine, 50)
        with at_work(sender_of(engine), database_url):
            until(database_url, conn, "select count(*) = 50 from effect where status = 1")
            happened(lambda: slow.asked, what="the slow partner's request")
            still_waiting = len(slow.asked)
            let_go.set()
            until(database_url, conn, "select count(*) = 55 from effect where status = 1")

    assert still_waiting == 1


def test_what_is_to_be_tried_again_is_tried_without_being_asked(
    conn: Connection, database_url: str, shop: RealPartner, shop_engine: Engine, sender_of: SenderOf
) -> None:
    answers = iter([Answer(status=503)])
    shop.manners = lambda _: next(answers, Answer())
    put_effects(conn, shop_engine)

    with at_work(sender_of(shop_engine), database_url):
        until(database_url, conn, "select status = 1 from effect")

    assert list(shop.keys().values()) == [2]
