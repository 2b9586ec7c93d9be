"""A worker process that may be killed at any moment: one journey in which every tick sends one effect."""

import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import orjson
import trivial

from careengine.engine.composition import Engine, compose
from careengine.engine.in_flight import declare_states
from careengine.engine.journey import (
    Candidate,
    Case,
    EffectDelivered,
    EffectFailed,
    Event,
    Facts,
    Instant,
    Join,
    Journey,
    Open,
    Policies,
)
from careengine.engine.leasing import register_partners
from careengine.engine.outgoing import Outcome, Outgoing, json_object
from careengine.engine.outgoing import send as post_to
from careengine.engine.sending import Sender, nobody_objects
from careengine.engine.worker import Worker
from careengine.kernel.decision import Decision, Route, because
from careengine.kernel.effect import Effect
from careengine.kernel.next import Next, stay
from careengine.kernel.team import Team
from careengine.policy.book import book_of
from careengine.policy.sources import all_sources
from careengine.runtime.clock import SystemClock, real_now
from careengine.runtime.codes import Codes
from careengine.runtime.database import Connection
from careengine.runtime.ids import SystemIds
from careengine.runtime.jobs import Jobs
from careengine.trust.access import Access
from careengine.wire.http import HttpPartner

TICK = "chaos.tick"
PACK = Path(__file__).parent / "data" / "chaos_pack"
"""Leases that run out within seconds, and no volume guard: a run must show many takeovers and end."""
AT_ONCE = 4
"""Connections the partner allows, and so how many lost jobs would stop a queue that counted them."""

journey = Journey("chaos", version=1, subject="Basic", outcome="done", target="bench.chaos", listens=(TICK,))


def _decided(answer: str) -> Decision:
    return Decision(
        question="bench.chaos", route=Route.PROCEED, answer=answer,
        because=because("bench.step", answer=answer), policy=trivial.POLICY,
    )  # fmt: skip


@journey.state("waiting", owner=Team.ACCESS, clock=trivial.CLOCK, awaits="a_tick", goes=("done",))
def waiting(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Wait; the tick that opened the case is answered here."""
    return stay(because=_decided("due")) if event is None else _sent(event)


@journey.on("waiting", TICK)
def tick(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Decide once and send once."""
    assert event is not None  # noqa: S101  an event's handler
    return _sent(event)


@journey.on("waiting", EffectDelivered)
@journey.on("waiting", EffectFailed)
def told(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Take note of what came of an effect."""
    return stay()


journey.end("done", outcome="done", reached_goal=True)


@journey.route
def route(event: Event, candidates: Sequence[Candidate]) -> Join | Open:
    """Bring a tick to its patient's case, or open one."""
    if candidates:
        return Join((candidates[0].case,))
    return Open(key=str(event.body["patient"]))


def _sent(event: Event) -> Next:
    act = {"focus": {"reference": f"Basic/{event.body['n']}"}}
    return stay(because=_decided("tick"), effects=(Effect(kind="bench.send", partner="shop", body=act),))


def send(outgoing: Outgoing, partner: HttpPartner) -> Outcome:
    """Post the effect to the partner under its key."""
    return post_to(outgoing, partner, "", orjson.dumps(outgoing.body), read=json_object)


def engine_on(conn: Connection, partner_url: str) -> Engine:
    """Return the engine of this run on a connection; the names it adds are committed."""
    plain = trivial.engine_on(conn, partner_url, moving=True).organisation
    shop = plain.partners["shop"].model_copy(update={"concurrency": AT_ONCE, "timeout_s": 2.0})
    organisation = plain.model_copy(update={"journeys": ("chaos",), "partners": {"shop": shop}})
    wanted = {name: source for name, source in all_sources([PACK]).items() if trivial.fits(name)}
    engine = Engine(
        journeys=(journey,), loaders={}, runners={"bench.send": send}, organisation=organisation,
        book=book_of(wanted, trivial.SCHEMAS), codes=Codes.load(conn), ids=SystemIds.of(conn),
        clock=SystemClock(), code_version="chaos", placing="chaos",
        access=Access.from_package(),
    )  # fmt: skip
    engine = compose(conn, engine)
    declare_states(conn, engine)
    register_partners(conn, engine, real=real_now())
    conn.commit()
    return engine


class Hands:
    """What the process holds besides its database connection: its way out, in a thread of its own."""

    def __init__(self, url: str, partner_url: str, name: str) -> None:
        self._url = url
        self._partner_url = partner_url
        self._name = name
        self.stop = threading.Event()
        self._sending: threading.Thread | None = None

    def build(self, conn: Connection) -> tuple[Engine, Access]:
        """Compose the engine on a fresh connection; the first time, begin to send."""
        engine = engine_on(conn, self._partner_url)
        if self._sending is None:
            partners = {"shop": HttpPartner(self._partner_url, timeout_s=2.0)}
            way_out = Sender(url=self._url, engine=engine, partners=partners, consent=nobody_objects)
            self._sending = threading.Thread(
                target=way_out.keep_sending_through, args=(Jobs(), self.stop), kwargs={"executor": self._name}
            )
            self._sending.start()
        return engine, Access.load(engine.book)

    def close(self) -> None:
        """End what was begun."""
        self.stop.set()
        if self._sending is not None:
            self._sending.join()


def main() -> None:
    """Work until told to stop, or until killed."""
    url, partner_url = sys.argv[1:3]
    hands = Hands(url, partner_url, f"chaos-{os.getpid()}")
    signal.signal(signal.SIGTERM, lambda *_: hands.stop.set())
    try:
        Worker(url=url, build=hands.build, send=lambda: 0, stop=hands.stop, batch_size=100).run()
    finally:
        hands.close()


if __name__ == "__main__":
    main()
