"""Kill workers and the database at random moments while events pour in; then count what went wrong.

Two real worker processes send through durable jobs to a real partner process, which
keeps its own log. Whatever is killed is started again, as a supervisor would. The last
line with --json says what came of it; the exit code is 1 if anything was lost, doubled
or left stuck.
"""

import argparse
import contextlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import chaos_worker
import orjson
import psycopg
import rig
from chaos_checks import Checked, check

from careengine.engine.case_clock import ClockDesk
from careengine.engine.composition import Engine
from careengine.engine.dispatcher import coded_sites
from careengine.engine.intake import NewEvent, post
from careengine.engine.journey import Open
from careengine.engine.keys import key_of
from careengine.engine.opening import new_row, open_rows
from careengine.runtime.clock import real_now
from careengine.runtime.codec import pack
from careengine.runtime.database import Connection, DatabaseUnreachable, connect
from careengine.runtime.embedded import EmbeddedServer

WORKERS = 2
ODD = ("shop:cut:every=41", "shop:error:every=67")
"""The partner now and then does what was asked and hangs up, or answers 500."""
DRAIN_S = 120.0
"""How long after the last kill everything must have come to rest."""
TWICE = 0.1
"""The share of batches that is sent again by a sender who saw no answer."""


@dataclass(frozen=True)
class Wish:
    """How much of everything, and from which seed."""

    events: int
    kills: int
    server_kills: int
    seconds: float
    seed: int


@dataclass
class Told:
    """What happened, as the harness saw it."""

    worker_kills: int = 0
    server_kills: int = 0
    gave_up: int = 0
    """Workers that ended by themselves; the engine has to wait for its database instead."""
    posted_again: int = 0
    drain_s: float = 0.0


@dataclass
class Workers:
    """The worker processes, each started again when it is gone."""

    url: str
    partner: str
    told: Told
    running: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def start(self) -> None:
        """Start as many as wanted."""
        self.running = [self._spawn() for _ in range(WORKERS)]

    def kill(self, number: int) -> None:
        """Kill one at this very moment, and start another in its place."""
        self.running[number].send_signal(signal.SIGKILL)
        self.running[number].wait()
        self.told.worker_kills += 1
        self.running[number] = self._spawn()

    def look(self) -> None:
        """Notice those that ended by themselves, and start others."""
        for number, worker in enumerate(self.running):
            if worker.poll() is not None:
                self.told.gave_up += 1
                self.running[number] = self._spawn()

    def end(self) -> None:
        """Kill all; there is nothing left for them to do."""
        for worker in self.running:
            worker.kill()
            worker.wait()

    def _spawn(self) -> "subprocess.Popen[str]":
        script = str(rig.HERE / "chaos_worker.py")
        return subprocess.Popen(  # noqa: S603  our own script, our own arguments
            [sys.executable, script, self.url, self.partner], stdin=subprocess.DEVNULL, text=True
        )


class Intake(threading.Thread):
    """Posts every planned event, some twice, spread over the run; waits for a database that is away."""

    def __init__(self, url: str, engine: Engine, wish: Wish, known: Sequence[int], told: Told) -> None:
        super().__init__(name="intake", daemon=True)
        self._url = url
        self._engine = engine
        self._wish = wish
        self._known = known
        self._told = told
        self._rng = random.Random(f"intake {wish.seed}")

    def run(self) -> None:
        """Post batch after batch, at the pace that fills the time."""
        began, done = time.monotonic(), 0
        while done < self._wish.events:
            size = min(self._rng.randint(1, 60), self._wish.events - done)
            batch = [self._event(n) for n in range(done, done + size)]
            self._surely(batch)
            if self._rng.random() < TWICE:
                self._told.posted_again += len(batch)
                self._surely(batch)
            done += size
            ahead = done / self._wish.events * self._wish.seconds - (time.monotonic() - began)
            time.sleep(max(ahead, 0.0))

    def _event(self, n: int) -> NewEvent:
        """Half of the events name their case; the others must be routed by their patient."""
        patient = self._rng.randrange(2 * len(self._known))
        direct = patient < len(self._known)
        return NewEvent(
            kind=chaos_worker.TICK, at=real_now(), key=key_of("chaos", n), subject=UUID(int=patient),
            cases=(self._known[patient],) if direct else (),
            body=pack(orjson.dumps({"n": n, "patient": patient})),
        )  # fmt: skip

    def _surely(self, batch: Sequence[NewEvent]) -> None:
        """Post until the database says it is committed: an answer that was lost makes it a repetition."""
        done = False
        while not done:
            try:
                with connect(self._url) as conn:
                    post(conn, self._engine, batch, recorded_at=real_now())
                    conn.commit()
                    done = True
            except (psycopg.OperationalError, DatabaseUnreachable):
                self._told.posted_again += len(batch)
                time.sleep(0.2)


@contextlib.contextmanager
def partner(log: Path) -> Iterator[str]:
    """Run the town's partners in a process of their own; yield the address of one of them."""
    odd = [word for one in ODD for word in ("--odd", one)]
    command = [sys.executable, "-m", "caretown.cli", "partners", "--port", "0", "--log", str(log), *odd]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  our own program
        said = process.stdout.readline() if process.stdout else ""
        _, found, rest = said.partition("http://")
        if not found:
            raise SystemExit(f"The partners did not come up; they said {said!r}.")
        try:
            yield f"http://{rest.partition('/')[0]}/shop"
        finally:
            process.terminate()


def absorbed(address: str) -> int:
    """Ask the partner how many requests it had for what it had done already."""
    at = urlsplit(address)
    asking = HTTPConnection(at.hostname or "", at.port, timeout=10)
    asking.request("GET", "/log")
    said = json.loads(asking.getresponse().read())
    asking.close()
    return int(said["partners"].get("shop", {}).get("repeats", 0))


def open_known(conn: Connection, engine: Engine, count: int) -> list[int]:
    """Open ``count`` cases beforehand, so that events may name them; return their ids."""
    clocks = ClockDesk(engine.book, coded_sites(engine), engine.clock.now())
    coded = engine.newest("chaos")
    rows = {}
    for n in range(count):
        row = new_row(engine, clocks, coded, Open(key=str(n)), subject=UUID(int=n))
        rows[key_of("chaos", str(n))] = row
    found = open_rows(conn, rows)
    conn.commit()
    return [found[key] for key in rows]


def say(what: str) -> None:
    """Tell whoever watches how far it is; the figures go to standard output."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {what}\n")


def disturb(running: EmbeddedServer, workers: Workers, wish: Wish, told: Told) -> None:
    """Kill at random moments until all kills are done."""
    rng = random.Random(f"kills {wish.seed}")
    schedule = ["server"] * wish.server_kills + ["worker"] * (wish.kills - wish.server_kills)
    rng.shuffle(schedule)
    mean = wish.seconds / len(schedule)
    for victim in schedule:
        time.sleep(rng.uniform(0.1, 1.9) * mean)
        workers.look()
        if victim == "server":
            rig.kill(running)
            began = time.monotonic()
            running.start()
            told.server_kills += 1
            say(f"killed the database, back after {time.monotonic() - began:.1f} s")
        else:
            number = rng.randrange(WORKERS)
            workers.kill(number)
            say(f"killed worker {number}")


def drain(url: str, workers: Workers) -> bool:
    """Wait until nothing is left to do; say whether that came to pass in time."""
    until = time.monotonic() + DRAIN_S
    query = (
        "select (select count(*) from inbox) + (select count(*) from unrouted)"
        " + (select count(*) from effect where status = 0)"
    )
    calm = 0
    with connect(url, autocommit=True) as conn:
        while calm < 3 and time.monotonic() < until:
            time.sleep(0.3)
            workers.look()
            row = conn.execute(query).fetchone()
            calm = calm + 1 if row == (0,) else 0
    return calm == 3


def run(wish: Wish) -> dict[str, object]:
    """Do all of it and return the figures."""
    began, told = time.monotonic(), Told()
    with tempfile.TemporaryDirectory(prefix="ce-chaos-") as folder, rig.server() as running:
        log = Path(folder) / "partner.log"
        url = rig.database(running, "chaos")
        with partner(log) as address:
            with connect(url) as conn:
                engine = chaos_worker.engine_on(conn, address)
                known = open_known(conn, engine, max(wish.events // 40, 10))
            workers = Workers(url, address, told)
            workers.start()
            say(f"{WORKERS} workers started")
            try:
                intake = Intake(url, engine, wish, known, told)
                intake.start()
                disturb(running, workers, wish, told)
                intake.join()
                say("everything is posted; waiting until all is at rest")
                posted = time.monotonic()
                at_rest = drain(url, workers)
                told.drain_s = round(time.monotonic() - posted, 1)
                repeats = absorbed(address)
            finally:
                workers.end()
        with connect(url) as conn:
            checked = check(conn, wish.events, log, repeats)
    return figures(wish, told, checked, at_rest=at_rest, took_s=time.monotonic() - began)


def figures(wish: Wish, told: Told, checked: Checked, *, at_rest: bool, took_s: float) -> dict[str, object]:
    """Return what is printed."""
    return {
        "kills": told.worker_kills + told.server_kills,
        "events": wish.events,
        "lost": sum(checked.lost.values()),
        "doubled": sum(checked.doubled.values()),
        "stuck": sum(checked.stuck.values()) + told.gave_up + (not at_rest),
        "took_s": round(took_s, 1),
        "drain_s": told.drain_s,
        "repeats_absorbed_by_partner": checked.repeats,
        "lease_takeovers": checked.takeovers,
        "worker_kills": told.worker_kills,
        "server_kills": told.server_kills,
        "workers_that_gave_up": told.gave_up,
        "events_posted_again": told.posted_again,
        "effects": checked.effects,
        "cases": checked.cases,
        "blocks": checked.blocks,
        "seed": wish.seed,
        "found": {
            name: count
            for names in (checked.lost, checked.doubled, checked.stuck)
            for name, count in names.items()
            if count
        },
    }


def main() -> None:
    """Run and print; the exit code says whether nothing was lost, doubled or stuck."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON at the end")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=24, help="of workers and of the database together")
    parser.add_argument("--server-kills", type=int, default=4, help="how many of them are of the database")
    parser.add_argument("--seconds", type=float, default=100.0, help="over which events and kills are spread")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    wish = Wish(asked.events, asked.kills, asked.server_kills, asked.seconds, asked.seed)
    found = run(wish)
    if asked.json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        for name, value in found.items():
            sys.stdout.write(f"{name:30} {value}\n")
    sys.exit(1 if int(str(found["lost"])) + int(str(found["doubled"])) + int(str(found["stuck"])) else 0)


if __name__ == "__main__":
    main()
