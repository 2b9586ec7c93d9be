"""The demo: one empty database, a sample town, a day and its night, and what came of it."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path

import orjson
import urllib3
from rich.console import Console

from caretown import outcome
from caretown.desk import CommandLineDesk
from caretown.door import Door
from caretown.errors import EngineSilent
from caretown.morning import Morning, Progress
from caretown.people import read_people, sample_records
from caretown.play import morning_bar
from caretown.processes import Processes, command, free_port
from caretown.referrals import Post, write_referrals
from caretown.staff import Hands, Staff, habits
from caretown.telephone import Telephone
from caretown.town_clock import TownClock

ODD = ("harbour_clinic:busy:every=6,seconds=1", "st_elsewhere:error:every=5", "lakeside_practice:cut:every=9")
"""How the partners misbehave in a demo: enough to see retries, harmless in the end."""
_MARK = ".caretown-demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked of the demo."""

    home: Path
    records: Path | None
    seed: int
    count: int
    start: datetime
    lasts: timedelta
    serve: bool
    as_json: bool


def play(wish: Wish) -> int:
    """Play the demo; return the exit code: 0 when every case is owned and dated and the ledger holds."""
    console = Console(stderr=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    logs = _fresh(wish.home)
    ports = {"engine": free_port(), "partners": free_port()}
    environ = _environ(wish, ports["partners"])
    clock = TownClock(wish.home / "clock")
    clock.set(wish.start)
    with Processes(environ, logs) as running, _database(running):
        _prepare(running, console, wish.records or sample_records())
        _open(running, ports, wish.home)
        base = f"http://127.0.0.1:{ports['engine']}"
        played = _morning(Door(base, ""), clock, wish, environ)
        running.check()
        partners = urllib3.request("GET", f"http://127.0.0.1:{ports['partners']}/log").json()["partners"]
        came = outcome.ask(running, partners)
        code = _tell(came, played, wish, console)
        if wish.serve:
            _stay(console, environ, base)
    return code


def _fresh(home: Path) -> Path:
    """Empty the demo's own folder, which only a demo may have made."""
    if home.exists():
        if any(home.iterdir()) and not (home / _MARK).exists():
            raise EngineSilent(f"{home} holds something that is not a demo; name another folder with --home.")
        shutil.rmtree(home)
    logs = home / "logs"
    logs.mkdir(parents=True)
    (home / _MARK).touch()
    return logs


def _environ(wish: Wish, partners_port: int) -> dict[str, str]:
    template = files("caretown").joinpath("sample/organisation.yaml").read_text(encoding="utf-8")
    organisation = wish.home / "organisation.yaml"
    organisation.write_text(
        template.replace("PARTNERS", f"http://127.0.0.1:{partners_port}"), encoding="utf-8"
    )
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CAREENGINE_")}
    ours.pop("PYTHONDONTWRITEBYTECODE", None)
    return ours | {
        "PYTHONPYCACHEPREFIX": str(wish.home / "compiled"),
        "CAREENGINE_HOME": str(wish.home / "data"),
        "CAREENGINE_ORGANISATION": str(organisation),
        "CAREENGINE_CLOCK": f"stepped:{wish.home / 'clock'}",
        "CAREENGINE_LOG_LEVEL": "warning",
    }


@contextmanager
def _database(running: Processes) -> Iterator[None]:
    try:
        yield
    finally:
        running.stop()
        running.run(command("careengine"), "down")


def _prepare(running: Processes, console: Console, records: Path) -> None:
    for words, arguments in (
        ("Starting PostgreSQL and preparing the database", ("init",)),
        ("Importing the town's records", ("import", str(records), "--json")),
    ):
        with console.status(words):
            said = running.run(command("careengine"), *arguments)
        if said.returncode > 1 or (said.returncode and arguments[0] == "init"):
            raise EngineSilent(f"{words} failed: {(said.stderr or said.stdout).strip()[-600:]}")
        console.print(f"[green]✓[/] {words}")


def _open(running: Processes, ports: dict[str, int], home: Path) -> None:
    odd = [argument for text in ODD for argument in ("--odd", text)]
    log = str(home / "partners.jsonl")
    running.start(
        "partners", command("caretown"), "partners", "--port", str(ports["partners"]), "--log", log, *odd
    )
    running.start("api", command("careengine"), "serve", "--port", str(ports["engine"]))
    running.start("worker", command("careengine"), "worker")
    running.wait_for(f"http://127.0.0.1:{ports['partners']}/log")
    running.wait_for(f"http://127.0.0.1:{ports['engine']}/readyz")


def _morning(door: Door, clock: TownClock, wish: Wish, environ: dict[str, str]) -> Progress:
    people = read_people(wish.records or sample_records())
    post: Post = write_referrals(people, seed=wish.seed, start=wish.start, count=wish.count)
    desk = CommandLineDesk((command("careengine"),), environ)
    staff = Staff(desk, habits(), seed=wish.seed, hands=Hands(ring=Telephone(door, post).ring))
    with morning_bar(wish.start, wish.lasts) as shown:
        return Morning(door, clock, post, staff).play(start=wish.start, lasts=wish.lasts, shown=shown)


def _tell(came: outcome.Outcome, played: Progress, wish: Wish, console: Console) -> int:
    outcome.tell(came, console)
    told = came.told() | {"letters": played.letters, "refused": played.refused, "answered": played.answered}
    told |= {"rang": played.rang}
    if wish.as_json:
        sys.stdout.write(orjson.dumps(told).decode() + "\n")
    good = told["ledger_ok"] and not told.get("without_owner") and not told.get("without_due")
    return 0 if good and told["agree"] == told["decisions"] and not played.refused else 1


def _stay(console: Console, environ: dict[str, str], base: str) -> None:
    console.print(f"\nCareEngine is up: FHIR at {base}/fhir. In another terminal, look around with:")
    for name in ("CAREENGINE_HOME", "CAREENGINE_ORGANISATION", "CAREENGINE_CLOCK"):
        console.print(f"  export {name}={environ[name]}", highlight=False)
    console.print(f"  {command('careengine')} cards list", highlight=False)
    console.print("Ctrl-C stops it.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        console.print("Stopping.")
