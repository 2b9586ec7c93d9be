"""Replay a draft of a decision table over recorded decisions: how many a second, in how much memory.

The baseline in the same run decides each once more with the rule alone, from facts that lie in memory: what a
replay costs above it is reading the ledger, unpacking what was seen, and comparing to the bit.
"""

import argparse
import json
import multiprocessing
import resource
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import rig
import trivial

from careengine.capabilities import referrals
from careengine.capabilities.referrals import Code, Person, Placer, Referral, Sender
from careengine.engine.composition import Engine, compose
from careengine.engine.deciding import decide, state_call
from careengine.engine.journey import Case, Event, Facts, Instant, Journey, Policies
from careengine.engine.replay import Replay, Span
from careengine.entrypoints.compose import SCHEMAS
from careengine.kernel.next import Next, stay
from careengine.kernel.team import Team
from careengine.oversight.studio.policy import REPLAY
from careengine.oversight.studio.summing import sums_for
from careengine.policy.book import PolicyBook, as_if_always, book_of
from careengine.policy.sources import all_sources
from careengine.runtime.database import Connection, connect
from careengine.trust.actor import ActorKind
from careengine.trust.ledger import LedgerEntry, Pen

NOW = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)
EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
CLINICS = ("cardiology", "gastroenterology", "orthopaedics", "dermatology", "physiotherapy", "neurology")
URGENCIES = ("routine", "urgent", "emergency")
BATCH = 2000
journey = Journey("routed", version=1, subject="ServiceRequest", outcome="routed", target="bench.target")


@journey.state(
    "received", owner=Team.ACCESS, clock="engine.place_event", awaits="our_check",
    needs=(referrals.REFERRAL,), goes=("routed",),
)  # fmt: skip
def received(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Route one referral by the table of clinics."""
    clinic, urgency = str(case.data["clinic"]), str(case.data["urgency"])
    return stay(
        because=referrals.decide_triage(
            facts[referrals.REFERRAL], clinic=clinic, urgency=urgency, policy=policy[referrals.ROUTING],
            urgencies=URGENCIES,
        )
    )  # fmt: skip


journey.end("routed", outcome="routed", reached_goal=True)
JOURNEYS = {("routed", 1): journey}


def referral(n: int) -> Referral:
    """Return a referral like many others, with a number of its own."""
    return Referral(
        ref=f"ServiceRequest/r{n}@1", received=NOW, status="active", intent="order",
        categories=("http://snomed.info/sct|3457005",), priority="routine", authored=NOW.date(),
        placers=(Placer("https://lakeside.example/referrals", f"LAK-{n}"),),
        services=(Code("http://snomed.info/sct", "308471005", "Referral to cardiologist"),),
        people=(Person(ref=f"Patient/p{n}@1", has=("family_name", "phone"), identified_by=("MR", "x")),),
        sender=Sender("PractitionerRole/doe@1", "Organization/lakeside@1", "lakeside-practice"),
    )  # fmt: skip


def case_of(n: int) -> Case:
    """Return the n-th case."""
    return Case(
        id=n, journey="routed", journey_version=1, state="received", version=0, subject=UUID(int=n),
        site="main", zone="America/Chicago", opened_at=NOW, entered_at=NOW,
        data={"clinic": CLINICS[n % 6], "urgency": URGENCIES[n % 7 % 3]},
    )  # fmt: skip


def book() -> PolicyBook:
    """Return every policy of the package."""
    return book_of(all_sources(), SCHEMAS)


def engine_on(conn: Connection) -> Engine:
    """Return an engine that knows the journey."""
    known = trivial.engine_on(conn)
    named = known.organisation.model_copy(update={"journeys": ("routed",)})
    return compose(
        conn,
        replace(
            known, journeys=(journey,), loaders={referrals.REFERRAL.name: lambda *_: {}}, organisation=named,
            book=book(), placing="routed",
        ),
    )  # fmt: skip


def load(conn: Connection, engine: Engine, count: int) -> None:
    """Decide ``count`` referrals and write the ledger as the engine does."""
    pen, call, in_force = Pen(engine.ids), state_call(journey, "received"), book()
    for first in range(1, count + 1, BATCH):
        entries, seen = [], {}
        for n in range(first, min(first + BATCH, count + 1)):
            case = case_of(n)
            answer = decide(
                call, case=case, facts={referrals.REFERRAL.name: referral(n)}, book=in_force, now=NOW
            )
            seen[answer.digest] = answer.seen
            entries.append(_entry(engine, case, call.function, answer))
        batch, at = engine.ids.next(), NOW + timedelta(seconds=first)
        leaves = pen.write(conn, batch=batch, recorded_at=at, entries=entries, inputs=seen, audits=())
        pen.seal(conn, batch=batch, leaves=leaves, recorded_at=at)
        conn.commit()


def _entry(engine: Engine, case: Case, function: str, answer: object) -> LedgerEntry:
    return LedgerEntry(
        id=engine.ids.next(), case=case.id, case_version=1, ordinal=0, subject=case.subject,
        site=engine.codes.id("site", "main"), journey=engine.codes.id("journey", "routed"),
        function=function, at=NOW, actor="journey:routed", actor_kind=ActorKind.SOFTWARE, event=None,
        code_version="bench", decision=answer.next.because[0], input_digest=answer.digest,  # type: ignore[attr-defined]
    )  # fmt: skip


def draft() -> object:
    """Return the table with one row changed: dermatology's routine referrals go on as eConsults no more."""
    source = all_sources()["referrals.routing"]
    tables = {name: text.replace('"routine"', '"urgent"', 1) for name, text in (source.tables or {}).items()}
    return as_if_always(replace(source, tables=tables), SCHEMAS)


def share(url: str, journey_code: int, part: int, of: int, into: "multiprocessing.Queue[object]") -> None:
    """Replay one share of the cases, counting as the studio does; put what came of it into the queue."""
    in_force = book()
    policy = in_force.value(REPLAY, NOW.date())
    sums = sums_for(policy)

    def pinned(pins: Mapping[str, int]) -> PolicyBook:
        del pins
        return in_force

    running = Replay(JOURNEYS, pinned, draft=draft(), look=lambda seen: sums.look(seen, policy))  # type: ignore[arg-type]
    started = time.perf_counter()
    with connect(url) as conn:
        span = Span(journey=journey_code, since=EVER[0], until=EVER[1], part=part, of=of)
        for step in running.run(conn, span):
            for one in step.changed:
                sums.change(one)
    seconds = time.perf_counter() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    into.put((running.counts.replayed, running.counts.changed, seconds, memory, len(sums.told)))


def rule_alone(count: int) -> float:
    """Return how many decisions a second the rule makes from facts in memory; nothing is read or compared."""
    call, in_force = state_call(journey, "received"), book()
    cases, facts = [case_of(n) for n in range(1000)], [referral(n) for n in range(1000)]
    started = time.perf_counter()
    for n in range(count):
        decide(
            call,
            case=cases[n % 1000],
            facts={referrals.REFERRAL.name: facts[n % 1000]},
            book=in_force,
            now=NOW,
        )
    return count / (time.perf_counter() - started)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--decisions", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    with rig.server() as running:
        url = rig.database(running, "bench_replay")
        with connect(url) as conn:
            engine = engine_on(conn)
            conn.commit()
            load(conn, engine, asked.decisions)
            conn.autocommit = True
            conn.execute("vacuum analyze")
        code, queue = engine.codes.id("journey", "routed"), multiprocessing.get_context("spawn").Queue()
        started = time.perf_counter()
        workers = [
            multiprocessing.get_context("spawn").Process(
                target=share, args=(url, code, part, asked.processes, queue)
            )
            for part in range(asked.processes)
        ]
        for worker in workers:
            worker.start()
        shares = [queue.get() for _ in workers]
        seconds = time.perf_counter() - started
        for worker in workers:
            worker.join()
    replayed, changed = sum(one[0] for one in shares), sum(one[1] for one in shares)
    found = {
        "decisions": asked.decisions, "replayed": replayed, "changed": changed,
        "cases": sum(one[4] for one in shares),
        "processes": asked.processes, "seconds": round(seconds, 1),
        "per_second": round(replayed / max(one[2] for one in shares)),
        "peak_mb": sum(one[3] for one in shares), "rule_alone_per_second": round(rule_alone(50_000)),
    }  # fmt: skip
    print(
        f"{replayed:,} decisions replayed at {found['per_second']:,} a second by {asked.processes}, "
        f"{found['peak_mb']} MB together; the rule alone, one process: {found['rule_alone_per_second']:,}"
    )
    if asked.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
