from collections.abc import Callable
from typing import Any

import orjson
from chart_values import patient, store
from real_partner import RealPartner
from sending_desk import one, put_effects

from careengine.engine.composition import Engine
from careengine.engine.outgoing import EffectStatus, Outcome, Outgoing, send
from careengine.engine.sending import Sender
from careengine.kernel.refs import Ref
from careengine.runtime.codec import pack
from careengine.runtime.database import Connection
from careengine.trust.access import Access
from careengine.trust.enclosing import Enclosures
from careengine.wire.http import HttpPartner

SenderOf = Callable[..., Sender]
ANN = Ref("Patient", "ann")


def takes_along(*refs: str, purpose: str = "treatment") -> bytes:
    return pack(orjson.dumps({"body": {"enclose": list(refs)}, "purpose": purpose}))


def sends_enclosed(out: Outgoing, partner: HttpPartner) -> Outcome:
    born = {name: resource["birthDate"] for name, resource in out.enclosed.items()}
    return send(out, partner, "", orjson.dumps(born))


def a_sender(sender_of: SenderOf, engine: Engine) -> Sender:
    engine.runners["toy.deliver"] = sends_enclosed  # type: ignore[index]  # the toy's own dict
    return sender_of(engine, enclose=Enclosures(Access.load(engine.book), engine.ids))


def put(conn: Connection, engine: Engine, **changes: Any) -> int:
    engine.codes.ensure(conn, "journey", ["referral_acknowledged"])
    journey = engine.codes.id("journey", "referral_acknowledged")
    return put_effects(conn, engine, journey=journey, **changes)[0]


def why_of(conn: Connection, effect: int) -> tuple[int, str | None]:
    row = conn.execute("select status, why from effect where id = %s", (effect,)).fetchone()
    assert row is not None
    return row[0], row[1]


def test_what_an_effect_names_is_read_fresh_just_before_the_wire_and_leaves_a_trace(
    conn: Connection, sender_of: SenderOf, shop_engine: Engine, shop: RealPartner
) -> None:
    store(conn, patient("ann"))
    effect = put(conn, shop_engine, body=takes_along("Patient/ann"))
    store(conn, patient("ann") | {"birthDate": "1971-02-02"})
    conn.commit()

    a_sender(sender_of, shop_engine).drain()

    assert orjson.loads(shop.asked[0].body) == {"Patient/ann": "1971-02-02"}
    assert why_of(conn, effect)[0] == EffectStatus.DELIVERED
    assert one(conn, "select count(*) from audit where actor = 'journey:referral_acknowledged'") == 1


def test_what_cannot_be_read_keeps_its_effect_here_and_says_so(
    conn: Connection, sender_of: SenderOf, shop_engine: Engine, shop: RealPartner
) -> None:
    effect = put(conn, shop_engine, body=takes_along("Patient/nobody"))

    a_sender(sender_of, shop_engine).drain()

    assert shop.asked == []
    assert why_of(conn, effect) == (EffectStatus.WITHHELD, "enclosure.missing")


def test_what_the_journey_may_not_read_does_not_leave(
    conn: Connection, sender_of: SenderOf, shop_engine: Engine, shop: RealPartner
) -> None:
    store(conn, patient("ann"))
    conn.commit()
    effect = put(conn, shop_engine, body=takes_along("Patient/ann", purpose="payment"))

    a_sender(sender_of, shop_engine).drain()

    assert shop.asked == []
    assert why_of(conn, effect) == (EffectStatus.WITHHELD, "enclosure.not_allowed")


def test_a_sender_that_may_read_nothing_sends_nothing_that_takes_something_along(
    conn: Connection, sender_of: SenderOf, shop_engine: Engine, shop: RealPartner
) -> None:
    effect = put(conn, shop_engine, body=takes_along("Patient/ann"))

    sender_of(shop_engine).drain()

    assert shop.asked == []
    assert why_of(conn, effect) == (EffectStatus.WITHHELD, "enclosure.not_allowed")
