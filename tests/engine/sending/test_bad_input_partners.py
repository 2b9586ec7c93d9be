"""A partner who is slow, down or talks nonsense: sent once in the end, or a card; never lost, never twice."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sending_desk import engine_with, setting
from toy_journeys import decided, placing

from careengine.engine.case_clock import ClockDesk
from careengine.engine.composition import Engine
from careengine.engine.dispatcher import Dispatcher, coded_sites
from careengine.engine.intake import NewEvent, post
from careengine.engine.journey import (
    CardDecided,
    Case,
    EffectDelivered,
    EffectFailed,
    Event,
    Facts,
    Instant,
    Journey,
    Open,
    Policies,
)
from careengine.engine.keys import key_of
from careengine.engine.outgoing import EffectStatus
from careengine.engine.routing import route_arrived
from careengine.engine.sending import Sender
from careengine.kernel.decision import Route
from careengine.kernel.effect import Effect
from careengine.kernel.next import Next, ask, stay, to
from careengine.kernel.team import Team
from careengine.runtime.clock import FixedClock, real_now
from careengine.runtime.codec import pack
from careengine.runtime.database import Connection
from careengine.runtime.ids import SequentialIds
from careengine.trust.access import Access
from caretown.oddities import Odd, Oddity, Plan
from caretown.partner_log import PartnerLog
from caretown.partners import Partners
from caretown.partners_aside import PartnersAside

SenderOf = Callable[..., Sender]
WAITS = (Odd.SLOW, Odd.DOWN, Odd.ERROR, Odd.NONSENSE, Odd.BUSY)
"""What may be better the next time."""


LETTER = Effect(kind="toy.deliver", partner="shop", body={"focus": {"reference": "Basic/1"}})


def letter() -> Journey:
    """Send one letter; delivered is done, and a failure is shown to a person, who may have it sent again."""
    journey = Journey(
        "letter",
        version=1,
        subject="Basic",
        outcome="sent",
        target="toy.completion",
        listens=("toy.arrived",),
    )

    @journey.state(
        "sending", owner=Team.ACCESS, clock="engine.place_event", awaits="a_receipt", goes=("sent",),
        asks=("undelivered",),
    )  # fmt: skip
    def begin(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
        return stay(because=decided("toy.letter", "send"), effects=(LETTER,))

    @journey.on("sending", EffectDelivered, goes=("sent",))
    def receipt(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
        return to("sent")

    @journey.on("sending", EffectFailed, asks=("undelivered",))
    def failed(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
        assert isinstance(event, EffectFailed)
        return ask("undelivered", because=decided("toy.letter", event.why, route=Route.ASK))

    @journey.on("sending", CardDecided)
    def answered(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
        return stay(because=decided("toy.letter", "send again"), effects=(LETTER,))

    journey.end("sent", outcome="sent", reached_goal=True)
    journey.route(lambda *_: Open(key="letter"))
    return journey


@dataclass
class Post:
    """A letter on its way to a partner with manners of its own."""

    conn: Connection
    engine: Engine
    hand: Dispatcher
    sender: Sender
    partners: Partners

    def write(self) -> None:
        """Let the letter be decided."""
        event = NewEvent(
            kind="toy.arrived", at=self.engine.clock.now(), key=key_of("letter"), body=pack(b"{}")
        )
        post(self.conn, self.engine, [event], recorded_at=real_now())
        self.conn.commit()
        clocks = ClockDesk(self.engine.book, coded_sites(self.engine), self.engine.clock.now())
        route_arrived(self.conn, self.engine, clocks)
        self.hand.advance()

    def send_until_settled(self) -> None:
        """Send, and let every wait before the next attempt pass, until nothing is queued."""
        for _ in range(20):
            self.sender.drain()
            self.hand.advance()
            again = "update effect set next_try = next_try - interval '1 day' where status = 0"
            if not self.conn.execute(again).rowcount:
                break
            self.conn.commit()
        self.conn.commit()

    def one(self, query: str) -> Any:
        row = self.conn.execute(query).fetchone()
        self.conn.rollback()
        return None if row is None else row[0]

    def state(self) -> str:
        return self.engine.codes.name("state", self.one("select state from engine_case"))

    def cards(self) -> list[str]:
        kinds = self.conn.execute("select kind from card where status < 2").fetchall()
        return [self.engine.codes.name("card", kind) for (kind,) in kinds]


@pytest.fixture
def to_shop(
    conn: Connection, ids: SequentialIds, clock: FixedClock, sender_of: SenderOf
) -> Iterator[Callable[..., Post]]:
    """Write letters to a partner of the town whose oddities the test chooses."""
    opened: list[PartnersAside] = []

    def make(*oddities: Oddity) -> Post:
        partners = Partners(Plan(oddities), PartnerLog())
        opened.append(PartnersAside(partners))
        url = f"{opened[-1].__enter__()}/shop"
        settings = {"shop": setting(url, timeout_s=0.25)}
        engine = engine_with(conn, ids, clock, settings, (letter(), placing))
        hand = Dispatcher(conn, engine, access=Access.load(engine.book))
        return Post(conn, engine, hand, sender_of(engine), partners)

    yield make
    for aside in opened:
        aside.__exit__(None, None, None)


@pytest.mark.parametrize("kind", WAITS)
def test_a_partner_who_never_recovers_makes_a_dead_letter_and_a_card(
    to_shop: Callable[..., Post], kind: Odd
) -> None:
    letters = to_shop(Oddity("shop", kind, seconds=0.6))
    letters.write()

    letters.send_until_settled()

    assert letters.one("select status from effect") == EffectStatus.EXHAUSTED
    assert letters.state() == "sending"
    assert letters.cards() == ["undelivered"]
    assert letters.one("select count(*) from inbox") == 0
    assert letters.partners.log.summary().get("shop", {"done": 0})["done"] <= 1


@pytest.mark.parametrize("kind", [*WAITS, Odd.CUT])
def test_a_partner_who_recovers_has_the_letter_once(to_shop: Callable[..., Post], kind: Odd) -> None:
    letters = to_shop(Oddity("shop", kind, times=3, seconds=0.6))
    letters.write()

    letters.send_until_settled()

    assert letters.one("select status from effect") == EffectStatus.DELIVERED
    assert letters.state() == "sent"
    assert letters.cards() == []
    done = letters.partners.log.summary()["shop"]
    assert (done["done"], done["doubled"]) == (1, 0)


def test_a_partner_who_answers_with_a_web_page_is_not_asked_again_and_a_person_looks(
    to_shop: Callable[..., Post],
) -> None:
    letters = to_shop(Oddity("shop", Odd.GIBBERISH))
    letters.write()

    letters.send_until_settled()

    assert letters.one("select status from effect") == EffectStatus.REJECTED
    assert letters.cards() == ["undelivered"]
    assert letters.partners.plan.requests("shop") == 1
