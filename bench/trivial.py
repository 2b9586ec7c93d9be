"""A journey that does next to nothing, to measure the engine alone: one decision and one effect a step."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import orjson

from careengine.engine import asking_policy, clock_policy, delivery_policy
from careengine.engine.case_clock import ClockDesk
from careengine.engine.composition import Engine, compose
from careengine.engine.dispatcher import Dispatcher, coded_sites
from careengine.engine.intake import NewEvent, post
from careengine.engine.journey import (
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
from careengine.engine.opening import new_row, open_rows
from careengine.engine.outgoing import Outcome, Outgoing
from careengine.kernel.decision import Decision, Route, because
from careengine.kernel.effect import Effect
from careengine.kernel.next import Next, stay, to
from careengine.kernel.policy import PolicyRef
from careengine.kernel.team import Team
from careengine.policy.book import book_of
from careengine.policy.schemas import Schemas
from careengine.policy.sources import all_sources
from careengine.runtime.clock import FixedClock, SystemClock, real_now
from careengine.runtime.codec import pack
from careengine.runtime.codes import Codes
from careengine.runtime.collector import calm
from careengine.runtime.database import Connection, connect
from careengine.runtime.ids import SystemIds
from careengine.runtime.organisation import Organisation
from careengine.trust import policies as trust_policies
from careengine.trust.access import Access
from careengine.wire.http import HttpPartner

SCHEMAS = Schemas.of(
    (
        *asking_policy.POLICY_SCHEMAS,
        *clock_policy.POLICY_SCHEMAS,
        *delivery_policy.POLICY_SCHEMAS,
        *trust_policies.POLICY_SCHEMAS,
    )
)
CLOCK = "engine.place_event"
POLICY = PolicyRef("bench.trivial", 1)
_TEAM = {"people": ["a"], "backup": "b", "supervisor": "c", "director": "d", "executive": "e"}
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)

journey = Journey("trivial", version=1, subject="Basic", outcome="done", target="bench.trivial")


def _decided(answer: str) -> Decision:
    return Decision(
        question="bench.trivial", route=Route.PROCEED, answer=answer,
        because=because("bench.step", answer=answer), policy=POLICY,
    )  # fmt: skip


@journey.state("waiting", owner=Team.ACCESS, clock=CLOCK, awaits="a_tick", goes=("done", "waiting"))
def waiting(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Wait for the next tick."""
    return stay(because=_decided("due"))


@journey.on("waiting", "bench.tick")
def tick(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Decide once and send once."""
    return stay(because=_decided("tick"), effects=(Effect(kind="bench.send", partner="shop", body={"n": 1}),))


@journey.on("waiting", "bench.note")
def note(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Decide once and send nothing."""
    return stay(because=_decided("note"))


@journey.on("waiting", "bench.finish", goes=("done",))
def finish(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """End."""
    return to("done", because=_decided("done"))


@journey.on("waiting", EffectFailed)
@journey.on("waiting", EffectDelivered)
def delivered(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Take note of what came of an effect."""
    return stay()


journey.end("done", outcome="done", reached_goal=True)


def send(outgoing: Outgoing, partner: HttpPartner) -> Outcome:
    """Post the effect to the partner with its key."""
    from careengine.engine.outgoing import send as post_to

    return post_to(outgoing, partner, "", orjson.dumps({"case": outgoing.case}))


def engine_on(conn: Connection, url: str = "http://127.0.0.1:9/", *, moving: bool = False) -> Engine:
    """Return an engine that knows only the trivial journey; ``moving`` follows the machine's clock."""
    organisation = Organisation.model_validate_json(
        orjson.dumps({
            "name": "Bench", "side": "provider",
            "sites": {"main": {"zone": "America/Chicago", "calendar": "calendars.us_federal"}},
            "teams": {"access": _TEAM},
            "journeys": ["trivial"],
            "partners": {"shop": {"url": url, "concurrency": 64, "per_second": 10000.0, "burst": 10000}},
        })
    )  # fmt: skip
    known = {name: source for name, source in all_sources().items() if fits(name)}
    engine = Engine(
        journeys=(journey,), loaders={}, runners={"bench.send": send}, organisation=organisation,
        book=book_of(known, SCHEMAS), codes=Codes.load(conn), ids=SystemIds.of(conn),
        clock=SystemClock() if moving else FixedClock(NOW), code_version="bench", placing="trivial",
        access=Access.from_package(),
    )  # fmt: skip
    engine = compose(conn, engine)
    conn.commit()
    return engine


def fits(name: str) -> bool:
    """Say whether the policy called ``name`` is one this journey and the engine around it need."""
    return name in {
        CLOCK,
        "engine.escalation",
        "engine.delivery",
        "engine.volume",
        "calendars.us_federal",
        "access.sharing",
    }


def open_cases(conn: Connection, engine: Engine, count: int) -> list[int]:
    """Open ``count`` cases that wait; return their ids."""
    clocks = ClockDesk(engine.book, coded_sites(engine), engine.clock.now())
    coded = engine.newest("trivial")
    rows = {}
    for n in range(count):
        key = key_of("trivial", n, engine.ids.next())
        row = new_row(
            engine, clocks, coded, Open(key=str(n), data={"focus": f"Basic/{n}"}), subject=UUID(int=n)
        )
        row.version, row.wake_at = 1, None
        clocks.set_due(row, coded.journey.states["waiting"])
        rows[key] = row
    found = open_rows(conn, rows)
    conn.commit()
    return list(found.values())


def tick_all(conn: Connection, engine: Engine, cases: Sequence[int], kind: str = "bench.tick") -> None:
    """Put one event into the inbox of each case."""
    for start in range(0, len(cases), 5000):
        at, body = engine.clock.now(), pack(b'{"n":1}')
        events = [
            NewEvent(kind=kind, at=at, key=key_of("tick", engine.ids.next()), cases=(case,), body=body)
            for case in cases[start : start + 5000]
        ]
        post(conn, engine, events, recorded_at=real_now())
        conn.commit()


def main() -> None:
    """Be one worker process: say ready, wait for the word, advance until nothing is left."""
    url, size = sys.argv[1], int(sys.argv[2])
    with connect(url) as conn:
        engine = engine_on(conn)
        hand = Dispatcher(conn, engine, access=Access.load(engine.book), batch_size=size)
        calm()
        print("ready", flush=True)
        sys.stdin.readline()
        while hand.advance():
            pass
        print(hand.counts.advanced, flush=True)


if __name__ == "__main__":
    main()
