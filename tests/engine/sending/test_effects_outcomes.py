from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest
from real_partner import Answer, RealPartner, partner_who
from sending_desk import deliver, engine_with, let_leases_run_out, one, put_effects, setting

from careengine.engine.composition import Engine
from careengine.engine.outgoing import EffectStatus, Outcome, Outgoing
from careengine.engine.sending import Sender
from careengine.runtime.clock import FixedClock
from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection
from careengine.runtime.ids import SequentialIds
from careengine.wire.http import HttpPartner

SenderOf = Callable[..., Sender]


def status_of(conn: Connection, effect: int) -> int:
    return int(one(conn, "select status from effect where id = %s", effect))


def told(conn: Connection, engine: Engine) -> list[tuple[int, str, dict[str, object]]]:
    """What the inbox holds: case, kind of event, body."""
    rows = conn.execute(
        "select i.case_id, e.kind, e.body from inbox i join event e on e.id = i.event_id order by i.event_id"
    )
    return [(case, engine.codes.name("event", kind), orjson.loads(unpack(body))) for case, kind, body in rows]


def due_again(conn: Connection) -> None:
    """Let the wait before the next attempt pass."""
    conn.execute("update effect set next_try = next_try - interval '1 day' where status = 0")
    conn.commit()


def test_a_delivered_effect_tells_its_case_what_the_partner_answered(
    conn: Connection, sender_of: SenderOf, shop_engine: Engine, shop: RealPartner
) -> None:
    (effect,) = put_effects(conn, shop_engine)

    counted = sender_of(shop_engine).drain()

    assert counted == 1
    assert status_of(conn, effect) == EffectStatus.DELIVERED
    said = {"effect": effect, "effect_kind": "toy.deliver", "reply": {"taken": True}}
    assert told(conn, shop_engine) == [(1000, "effect.delivered", said)]
    assert shop.asked[0].path == "/inbox"
    assert orjson.loads(shop.asked[0].body) == {"n": 0}


def test_a_hundred_effects_are_each_sent_once_under_their_own_key(
    conn: Connection, sender_of: SenderOf, shop_engine: Engine, shop: RealPartner
) -> None:
    put_effects(conn, shop_engine, 250)

    counted = sender_of(shop_engine).drain()

    assert counted == 250
    assert len(shop.keys()) == 250
    assert set(shop.keys().values()) == {1}
    assert one(conn, "select count(*) from sending") == 0


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(status=422), "rejected:partner.status_422"),
        (Answer(status=302, headers={"Location": "/elsewhere"}), "rejected:partner.status_302"),
        (Answer(body=b"<html>It works!</html>"), "rejected:partner.reply_unreadable"),
        (Answer(body=b"[1, 2]"), "rejected:partner.reply_unreadable"),
        (Answer(body=b'{"a":"' + b"x" * (1 << 20) + b'"}'), "rejected:partner.reply_too_long"),
    ],
)
def test_what_a_partner_will_never_take_is_a_dead_letter_at_once(
    conn: Connection, sender_of: SenderOf, shop_engine: Engine, shop: RealPartner, answer: Answer, why: str
) -> None:
    shop.manners = lambda _: answer
    (effect,) = put_effects(conn, shop_engine)

    sender_of(shop_engine).drain()

    assert status_of(conn, effect) == EffectStatus.REJECTED
    assert told(conn, shop_engine) == [
        (1000, "effect.failed", {"effect": effect, "effect_kind": "toy.deliver", "why": why})
    ]
    assert len(shop.asked) == 1


@pytest.mark.parametrize("answer", [Answer(status=500), Answer(status=429), Answer(hang_up=True)])
def test_a_partner_who_cannot_now_is_asked_again_later_with_the_same_key(
    conn: Connection, sender_of: SenderOf, shop_engine: Engine, shop: RealPartner, answer: Answer
) -> None:
    answers = iter([answer, Answer()])
    shop.manners = lambda _: next(answers)
    (effect,) = put_effects(conn, shop_engine)
    sender = sender_of(shop_engine)

    first = sender.drain()
    waiting = status_of(conn, effect), one(conn, "select next_try > recorded_at from effect")
    too_early = sender.drain()
    due_again(conn)
    sender.drain()

    assert first == 1
    assert waiting == (EffectStatus.QUEUED, True)
    assert too_early == 0
    assert status_of(conn, effect) == EffectStatus.DELIVERED
    assert list(shop.keys().values()) == [2]


def test_a_partner_that_asks_for_a_pause_gets_it(
    conn: Connection, sender_of: SenderOf, shop_engine: Engine, shop: RealPartner
) -> None:
    shop.manners = lambda _: Answer(status=503, headers={"Retry-After": "1200"})
    put_effects(conn, shop_engine)

    sender_of(shop_engine).drain()

    assert one(conn, "select extract(epoch from next_try - recorded_at) from effect") >= 1200


def test_a_partner_that_is_down_makes_a_dead_letter_only_after_all_attempts(
    conn: Connection, sender_of: SenderOf, shop_engine: Engine, shop: RealPartner
) -> None:
    shop.manners = lambda _: Answer(status=500)
    (effect,) = put_effects(conn, shop_engine)
    sender = sender_of(shop_engine)

    for _ in range(10):
        assert status_of(conn, effect) == EffectStatus.QUEUED
        sender.drain()
        due_again(conn)

    assert status_of(conn, effect) == EffectStatus.EXHAUSTED
    assert [body["why"] for _, _, body in told(conn, shop_engine)] == ["exhausted:partner.status_500"]
    assert list(shop.keys().values()) == [10]


def test_a_partner_that_never_finishes_its_sentence_is_cut_off(
    conn: Connection, sender_of: SenderOf, ids: SequentialIds, clock: FixedClock, shop: RealPartner
) -> None:
    shop.manners = lambda _: Answer(body=b"x" * 200, drip_s=0.02)
    shop_engine = engine_with(conn, ids, clock, {"shop": setting(shop.url, timeout_s=0.3)})
    put_effects(conn, shop_engine)

    sender_of(shop_engine).drain()

    assert one(conn, "select why from effect") == "partner.timeout"


def test_nobody_listening_is_tried_again(
    conn: Connection, sender_of: SenderOf, ids: SequentialIds, clock: FixedClock
) -> None:
    with partner_who(Answer()) as gone:
        address = gone.url
    shop_engine = engine_with(conn, ids, clock, {"shop": setting(address)})
    put_effects(conn, shop_engine)

    sender_of(shop_engine).drain()

    assert one(conn, "select why from effect") == "partner.refused"


def test_a_runner_that_raises_is_tried_again_and_holds_up_nobody(
    conn: Connection, sender_of: SenderOf, shop_engine: Engine
) -> None:
    def stumbles(outgoing: Outgoing, partner: HttpPartner) -> Outcome:
        if outgoing.body["n"] == 0:
            raise ZeroDivisionError
        return deliver(outgoing, partner)

    put_effects(conn, shop_engine, 3)

    sender_of(replace(shop_engine, runners={"toy.deliver": stumbles})).drain()

    assert conn.execute("select status, why from effect order by id").fetchall() == [
        (EffectStatus.QUEUED, "runner.ZeroDivisionError"),
        (EffectStatus.DELIVERED, None),
        (EffectStatus.DELIVERED, None),
    ]


def test_the_outcome_of_a_lost_lease_does_not_count(
    conn: Connection, sender_of: SenderOf, shop_engine: Engine
) -> None:
    (effect,) = put_effects(conn, shop_engine)
    sender = sender_of(shop_engine)
    (lost,) = list(sender._leases(enqueued=False))
    let_leases_run_out(conn)

    taken_over = sender.drain()
    late = sender.send(lost)

    assert (taken_over, late) == (1, 0)
    assert status_of(conn, effect) == EffectStatus.DELIVERED
    assert len(told(conn, shop_engine)) == 1
    assert one(conn, "select takeovers from effect") == 1
    assert one(conn, "select takeovers from partner") == 1


def test_a_sender_whose_connections_the_database_closed_opens_new_ones(
    conn: Connection, shop_engine: Engine, sender_of: SenderOf
) -> None:
    sender = sender_of(shop_engine)
    put_effects(conn, shop_engine)
    sender.drain()
    put_effects(conn, shop_engine)

    conn.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where pid <> pg_backend_pid() and datname = current_database()"
    )
    conn.commit()

    assert sender.drain() == 1
