import random
from collections.abc import Callable

import pytest
from real_partner import Answer, Asked, RealPartner
from sending_desk import let_leases_run_out, one, put_effects

from careengine.engine.composition import Engine
from careengine.engine.outgoing import EffectStatus
from careengine.engine.sending import Sender
from careengine.runtime.database import Connection

SenderOf = Callable[..., Sender]
MANNERS = (
    Answer(),
    Answer(),
    Answer(status=503),
    Answer(hang_up=True),
    Answer(status=429, headers={"Retry-After": "1"}),
    Answer(status=422),
    Answer(body=b"thank you"),
)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_partners_and_senders_do_each_effect_ends_once(
    conn: Connection, shop: RealPartner, shop_engine: Engine, sender_of: SenderOf, seed: int
) -> None:
    dice = random.Random(seed)
    shop.manners = lambda _: dice.choice(MANNERS)
    made = put_effects(conn, shop_engine, 40)
    senders = [sender_of(shop_engine), sender_of(shop_engine)]

    while one(conn, "select count(*) from effect where status = 0"):
        conn.commit()
        sender = dice.choice(senders)
        taken = list(sender._leases(enqueued=False))
        for lease in taken:
            if dice.random() < 0.3:
                continue  # this sender is killed with the lease in its hand
            if dice.random() < 0.3:
                let_leases_run_out(conn)
                dice.choice(senders).drain()
            sender.send(lease)
        let_leases_run_out(conn)
        conn.execute("update effect set next_try = next_try - interval '1 day' where status = 0")
        conn.commit()

    ended = {EffectStatus.DELIVERED, EffectStatus.REJECTED, EffectStatus.EXHAUSTED}
    assert {status for (status,) in conn.execute("select status from effect")} <= ended
    told = conn.execute("select case_id, count(*) from inbox group by case_id").fetchall()
    assert sorted(told) == [(1000 + n, 1) for n in range(len(made))]
    assert len(shop.keys()) <= len(made)


def test_no_two_acts_share_a_key_and_no_act_has_two(
    conn: Connection, shop: RealPartner, shop_engine: Engine, sender_of: SenderOf
) -> None:
    first_time: set[str] = set()

    def fails_once(asked: Asked) -> Answer:
        seen = asked.key in first_time
        first_time.add(asked.key)
        return Answer() if seen else Answer(status=500)

    shop.manners = fails_once
    put_effects(conn, shop_engine, 20)
    sender = sender_of(shop_engine)
    sender.drain()
    conn.execute("update effect set next_try = next_try - interval '1 day' where status = 0")
    conn.commit()
    sender.drain()

    assert len({asked.body for asked in shop.asked}) == len(shop.keys()) == 20
    assert set(shop.keys().values()) == {2}
