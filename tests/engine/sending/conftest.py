"""A partner over a real socket, an engine that may send to it, and senders that are closed after the test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from real_partner import Answer, RealPartner, partner_who
from sending_desk import engine_with, sender_for, setting

from careengine.engine.composition import Engine
from careengine.engine.sending import Sender
from careengine.runtime.clock import FixedClock
from careengine.runtime.database import Connection
from careengine.runtime.ids import SequentialIds

SenderOf = Callable[..., Sender]


@pytest.fixture
def shop() -> Iterator[RealPartner]:
    """A partner that takes everything, until the test changes its manners."""
    with partner_who(Answer()) as partner:
        yield partner


@pytest.fixture
def shop_engine(conn: Connection, ids: SequentialIds, clock: FixedClock, shop: RealPartner) -> Engine:
    """An engine that may send to the shop as much as it likes."""
    return engine_with(conn, ids, clock, {"shop": setting(shop.url)})


@pytest.fixture
def sender_of(database_url: str) -> Iterator[SenderOf]:
    """Make senders for an engine."""
    made: list[Sender] = []

    def make(engine: Engine, **changes: Any) -> Sender:
        made.append(sender_for(database_url, engine, **changes))
        return made[-1]

    yield make
    for sender in made:
        sender.close()
