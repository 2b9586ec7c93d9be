"""How fast cases move, and what a waiting one costs, beside DBOS in the same run on the same database server.

Last line with --json: the figures DESIGN names. Every figure is measured here and now; none is assumed.
"""

import argparse
import json
import statistics
import sys
import time
from datetime import timedelta
from uuid import UUID

import referral_load
import rig
import trivial
from psycopg import sql

from careengine.engine.case_clock import ClockDesk
from careengine.engine.composition import Engine
from careengine.engine.dispatcher import Dispatcher, coded_sites
from careengine.engine.intake import NewEvent, post
from careengine.engine.journey import Open
from careengine.engine.keys import key_of
from careengine.engine.opening import new_row
from careengine.engine.rows import COLUMNS
from careengine.runtime.clock import real_now
from careengine.runtime.codec import pack
from careengine.runtime.database import Connection, connect
from careengine.runtime.embedded import EmbeddedServer
from careengine.trust.access import Access
from caretown.oddities import Plan
from caretown.partner_log import PartnerLog
from caretown.partners import Partners
from caretown.partners_aside import PartnersAside

PROCESSES = 2


def drained(running: EmbeddedServer, script: str, url: str, size: int, processes: int = PROCESSES) -> float:
    """Return transitions per second of worker processes that drain what is waiting, after a checkpoint."""
    with connect(running.url("postgres"), autocommit=True) as conn:
        conn.execute("checkpoint")
    workers = [rig.spawn(script, url, str(size)) for _ in range(processes)]
    rig.when_ready(workers)
    began = time.perf_counter()
    rig.release(workers)
    done = [int(worker.stdout.readline()) for worker in workers if worker.stdout]
    took = time.perf_counter() - began
    for worker in workers:
        worker.wait()
    return sum(done) / took


def trivial_rate(running: EmbeddedServer, cases: int, rounds: int) -> float:
    """Return the median rate of the trivial journey over ``rounds``, two workers, batches of 400."""
    url = rig.database(running, "bench_trivial")
    with connect(url) as conn:
        engine = trivial.engine_on(conn)
        opened = trivial.open_cases(conn, engine, cases)
        rates = []
        for _ in range(rounds):
            trivial.tick_all(conn, engine, opened)
            rates.append(drained(running, "trivial.py", url, 400))
    return statistics.median(rates)


def one_at_a_time(running: EmbeddedServer, cases: int) -> float:
    """Return the rate of one worker that commits each transition by itself."""
    url = rig.database(running, "bench_single")
    with connect(url) as conn:
        engine = trivial.engine_on(conn)
        trivial.tick_all(conn, engine, trivial.open_cases(conn, engine, cases))
    return drained(running, "trivial.py", url, 1, processes=1)


def dbos_rate(running: EmbeddedServer, count: int, processes: int) -> float:
    """Return 3-step workflows per second over ``processes`` processes, each in its best mode: one by one."""
    url = rig.database(running, f"bench_dbos_{processes}")
    workers = [rig.spawn("dbos_baseline.py", url, str(count), f"executor-{n}") for n in range(processes)]
    rig.when_ready(workers)
    rig.release(workers)
    rates = [float(worker.stdout.readline()) for worker in workers if worker.stdout]
    for worker in workers:
        worker.wait()
    return sum(rates)


def effects_rate(running: EmbeddedServer, count: int) -> dict[str, float]:
    """Return effects completed per second against a local partner: two senders, durable jobs, real HTTP."""
    url = rig.database(running, "bench_effects")
    with connect(url) as conn:
        engine = trivial.engine_on(conn)
        trivial.tick_all(conn, engine, trivial.open_cases(conn, engine, count))
        hand = Dispatcher(conn, engine, access=Access.load(engine.book), batch_size=400)
        while hand.advance():
            pass
    with PartnersAside(Partners(Plan(), PartnerLog())) as partner, connect(url, autocommit=True) as watch:
        senders = [rig.spawn("sending_worker.py", url, f"{partner}/shop", f"s{n}") for n in range(PROCESSES)]
        rig.when_ready(senders)
        rig.release(senders)
        while _delivered(watch) < count // 10:
            time.sleep(0.01)
        began, before = time.perf_counter(), _delivered(watch)
        while (now := _delivered(watch)) < count:
            time.sleep(0.01)
        took = time.perf_counter() - began
        for sender in senders:
            sender.terminate()
    return {"effects_per_s": round((now - before) / took), "effects_counted": now - before}


def _delivered(conn: Connection) -> int:
    row = conn.execute("select count(*) from effect where status = 1").fetchone()
    return int(row[0]) if row else 0


def latencies(running: EmbeddedServer, count: int, pause_s: float) -> dict[str, float]:
    """Return milliseconds from one event to its advance being committed, by a worker that sleeps between.

    ``pause_s`` passes between an event and the next: the longer, the colder everything is.

    Counted from the event's own commit, and, as ``post_to_advance``, from before it is posted.
    """
    url = rig.database(running, "bench_latency")
    worker = rig.spawn("sleeper.py", url)
    posted = []
    with connect(url) as conn:
        engine = trivial.engine_on(conn, moving=True)
        [case] = trivial.open_cases(conn, engine, 1)
        rig.when_ready([worker])
        for n in range(count + 50):
            event = NewEvent(
                kind="bench.note", at=engine.clock.now(), key=key_of("note", n, engine.ids.next()),
                cases=(case,), body=pack(b"{}"),
            )  # fmt: skip
            began = time.perf_counter()
            post(conn, engine, [event], recorded_at=real_now())
            conn.commit()
            posted.append((began, time.perf_counter()))
            time.sleep(pause_s)
    worker.terminate()
    moments = [float(word) for word in (worker.stdout.readline() if worker.stdout else "").split()]
    taken = [
        (moment - began, moment - there) for moment, (began, there) in zip(moments, posted, strict=True)
    ][50:]
    whole, after = ([pair[n] * 1e3 for pair in taken] for n in (0, 1))
    return {
        "event_to_advance_p50_ms": round(statistics.median(after), 2),
        "event_to_advance_p99_ms": round(rig.percentile(after, 0.99), 2),
        "post_to_advance_p50_ms": round(statistics.median(whole), 2),
        "post_to_advance_p99_ms": round(rig.percentile(whole, 0.99), 2),
    }


def fill_waiting(conn: Connection, engine: Engine, count: int) -> None:
    """Put ``count`` waiting cases down by COPY, each with its own subject, data, clock and key."""
    clocks = ClockDesk(engine.book, coded_sites(engine), engine.clock.now())
    coded = engine.newest("trivial")
    waiting = coded.journey.states["waiting"]
    row = new_row(
        engine,
        clocks,
        coded,
        Open(key="0", data={"focus": "ServiceRequest/0123456789abcdef"}),
        subject=UUID(int=0),
    )
    row.version, row.wake_at = 1, None
    clocks.set_due(row, waiting)
    due = row.due_at
    assert due is not None  # noqa: S101  a waiting case is dated
    with conn.cursor() as cursor, cursor.copy(_COPY_CASES) as into:
        into.set_types(_CASE_TYPES)
        for n in range(count):
            row.id, row.subject = 10_000_000 + n, UUID(int=(n * 2654435761) % 2**128)
            row.due_at = due + timedelta(seconds=n)
            into.write_row([getattr(row, name) for name in COLUMNS])
    conn.execute(
        "insert into engine_case_key select md5(id::text)::uuid, id from engine_case on conflict do nothing"
    )
    conn.commit()


_COPY_CASES = sql.SQL("copy engine_case ({}) from stdin (format binary)").format(
    sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
)
_CASE_TYPES = (
    "int8", *["timestamptz"] * 7, "uuid", "int4", *["int2"] * 8, "bytea",
)  # fmt: skip


def waiting(running: EmbeddedServer, count: int) -> dict[str, float]:
    """Return what ``count`` waiting cases cost: bytes each, an empty poll, a start, a start after a crash."""
    url = rig.database(running, "bench_waiting")
    with connect(url) as conn:
        engine = trivial.engine_on(conn)
        fill_waiting(conn, engine, count)
    with connect(url, autocommit=True) as conn:
        conn.execute("vacuum (analyze) engine_case")
        conn.execute("vacuum (analyze) engine_case_key")
        case = _bytes(conn, "engine_case") / count
        key = _bytes(conn, "engine_case_key") / count
    polls = _empty_polls(url)
    return {
        "waiting_cases": count,
        "bytes_per_waiting_case": round(case, 1),
        "bytes_per_case_key": round(key, 1),
        "empty_poll_ms": round(statistics.median(polls), 3),
        "empty_poll_p99_ms": round(rig.percentile(polls, 0.99), 3),
        "restart_s": _start(running, url, crash=False),
        "restart_after_crash_s": _start(running, url, crash=True),
    }


def _bytes(conn: Connection, table: str) -> int:
    row = conn.execute("select pg_total_relation_size(%s::regclass)", (table,)).fetchone()
    return int(row[0]) if row else 0


def _empty_polls(url: str) -> list[float]:
    taken = []
    with connect(url) as conn:
        engine = trivial.engine_on(conn)
        hand = Dispatcher(conn, engine, access=Access.load(engine.book))
        for _ in range(300):
            began = time.perf_counter()
            hand.advance()
            taken.append((time.perf_counter() - began) * 1e3)
    return taken[20:]


def _start(running: EmbeddedServer, url: str, *, crash: bool) -> float:
    """Return seconds from starting a worker process to its first commit that advances a due case."""
    with connect(url) as conn:
        conn.execute(
            "update engine_case set due_at = %s, wake_at = %s where id = (select max(id) from engine_case)",
            (trivial.NOW, trivial.NOW),
        )
        conn.commit()
        if crash:
            _work_on(conn)
    if crash:
        rig.kill(running)
    began = time.perf_counter()
    if crash:
        running.start()
    worker = rig.spawn("first_commit.py", url)
    rig.when_ready([worker])
    took = time.perf_counter() - began
    worker.wait()
    return round(took, 3)


def _work_on(conn: Connection) -> None:
    """Carry 10,000 cases on after a checkpoint and leave 2,000 events waiting: then comes the crash."""
    engine = trivial.engine_on(conn)
    conn.autocommit = True
    conn.execute("checkpoint")
    conn.autocommit = False
    trivial.tick_all(conn, engine, list(range(10_000_000, 10_010_000)))
    hand = Dispatcher(conn, engine, access=Access.load(engine.book), batch_size=400)
    while hand.advance():
        pass
    trivial.tick_all(conn, engine, list(range(10_010_000, 10_012_000)))


def disk_per_transition(running: EmbeddedServer, cases: int) -> float:
    """Return bytes on disk per transition: history, decisions with inputs, effects, events and their keys."""
    url = rig.database(running, "bench_disk")
    with connect(url) as conn:
        engine = trivial.engine_on(conn)
        opened = trivial.open_cases(conn, engine, cases)
        before = _size(conn)
        trivial.tick_all(conn, engine, opened)
        hand = Dispatcher(conn, engine, access=Access.load(engine.book), batch_size=400)
        while hand.advance():
            pass
        return (_size(conn) - before) / hand.counts.advanced


def _size(conn: Connection) -> int:
    row = conn.execute(
        "select sum(pg_total_relation_size(oid)) from pg_class where relkind = 'r' and relname ~ "
        "'^(event|case_event|decision|effect|consumed|block|audit)'"
    ).fetchone()
    conn.rollback()
    return int(row[0]) if row else 0


def measure(scale: float) -> dict[str, float]:
    """Run everything; ``scale`` below 1 makes it quicker and less exact."""
    cases = int(20_000 * scale)
    with rig.server() as running:
        figures: dict[str, float] = {"fsync_us": rig.fsync_us()}
        # First, while no other benchmark's rows are being vacuumed and checkpointed on the same server.
        figures |= latencies(running, int(500 * scale), pause_s=0.02)
        engine_rate = trivial_rate(running, cases, rounds=3)
        dbos_one, dbos_two = dbos_rate(running, int(300 * scale), 1), dbos_rate(running, int(300 * scale), 2)
        single = one_at_a_time(running, int(1500 * scale))
        figures |= effects_rate(running, int(6_000 * scale))
        figures |= referral_load.measure(running, int(6_000 * scale))
        best = max(dbos_one, dbos_two)
        figures |= {
            "engine_transitions_per_s": round(engine_rate),
            "processes": PROCESSES,
            "dbos_workflows_per_s": round(best, 1),
            "dbos_workflows_per_s_1_process": round(dbos_one, 1),
            "dbos_workflows_per_s_2_processes": round(dbos_two, 1),
            "ratio": round(engine_rate / 3 / best, 1),
            "ratio_batch_1": round(single / 3 / dbos_one, 2),
            "disk_bytes_per_transition": round(disk_per_transition(running, int(5_000 * scale))),
        }
        figures |= waiting(running, int(1_000_000 * scale))
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON at the end")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full load")
    asked = parser.parse_args()
    figures = measure(asked.scale)
    if not asked.json:
        for name, value in figures.items():
            sys.stdout.write(f"{name:36} {value}\n")
        return
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
