"""The demo: a provider and a payer on empty databases, a stepped week of the town, and what came of it."""

import shutil
import signal
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

import orjson
from rich.console import Console

from caretown import outcome
from caretown.errors import EngineSilent
from caretown.making import Size, make_town
from caretown.play import town_bar
from caretown.playing import Played, play_town
from caretown.processes import command
from caretown.servers import Servers
from caretown.stage import TOKEN, Stage, ports, staged
from caretown.telling import tell_town
from caretown.town_clock import TownClock
from caretown.week import FLOOR
from caretown.without_us import without_us

_MARK = ".caretown-demo"
_VISITED = ("desk.rosa", "nurse.ines", "dr.hale", "wire.kim", "bill.ada", "lead.maria", "privacy.sol")
"""Whose pages a newcomer may look at: one of each role."""
_WIDTH = 118
_MUST_BE_ZERO = ("without_owner", "without_due", "outside_window", "double_booked", "urgent_missed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked of the demo."""

    home: Path
    records: Path | None
    seed: int
    count: int
    start: datetime
    days: float
    serve: bool
    as_json: bool
    floor: timedelta = FLOOR
    staffed: timedelta | None = None
    """For how long the town's staff answer cards; what comes later waits for whoever looks at the pages."""


def play(wish: Wish) -> int:
    """Play the demo; return the exit code: 0 when what must not be is not, and the ledger holds."""
    console = Console(stderr=True, width=None if sys.stderr.isatty() else _WIDTH)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = monotonic()
    _fresh(wish.home)
    clock = TownClock(wish.home / "clock")
    clock.set(wish.start)
    size = Size(records=wish.records, seed=wish.seed, count=wish.count, start=wish.start, days=wish.days)
    with console.status("Making a town"):
        made = make_town(size, wish.home)
    console.print(f"[green]✓[/] Made a town of {len(made.town.people)} people")
    at = ports()
    with (
        Servers(at.base, TOKEN, clock, made.plan, log=wish.home / "partners.jsonl") as servers,
        staged(
            wish.home, made, servers, at, tell=lambda words: console.print(f"[green]✓[/] {words}")
        ) as stage,
    ):
        with town_bar(wish.start, timedelta(days=wish.days)) as shown:
            played = play_town(
                made, servers, stage, clock, start=wish.start, days=wish.days, shown=shown, floor=wish.floor,
                staffed=wish.staffed,
            )  # fmt: skip
        stage.check()
        code = _tell(played, stage, wish, console, began)
        if wish.serve:
            _stay(console, stage)
    return code


def _fresh(home: Path) -> None:
    """Empty the demo's own folder, which only a demo may have made."""
    if home.exists():
        if any(home.iterdir()) and not (home / _MARK).exists():
            raise EngineSilent(f"{home} holds something that is not a demo; name another folder with --home.")
        shutil.rmtree(home)
    (home / "logs").mkdir(parents=True)
    (home / _MARK).touch()


def _tell(played: Played, stage: Stage, wish: Wish, console: Console, began: float) -> int:
    came = outcome.ask(stage.provider, stage.payer, played, stage.ports.base)
    without = without_us(
        played.made.town,
        (letter.truth for letter in played.made.post.letters),
        plan=played.made.plan,
        start=wish.start,
        until=played.now,
    )
    told = came.told() | {"without_us": without.told()} | outcome.costs(played, stage)
    told["wall_seconds"] = round(monotonic() - began, 1)
    outcome.tell(came, console)
    tell_town(told, console)
    if wish.as_json:
        sys.stdout.write(orjson.dumps(told, option=orjson.OPT_NON_STR_KEYS).decode() + "\n")
    good = told["ledger_ok"] and not any(told.get(name) for name in _MUST_BE_ZERO)
    return 0 if good and told["agree"] == told["decisions"] and not told["refused"] else 1


def _stay(console: Console, stage: Stage) -> None:
    console.print(
        f"\nCareEngine is up: FHIR at {stage.ports.base}/fhir. In another terminal, look around with:"
    )
    for name in ("CAREENGINE_HOME", "CAREENGINE_ORGANISATION", "CAREENGINE_CLOCK"):
        console.print(f"  export {name}={stage.environ[name]}", highlight=False)
    console.print(f"  {command('careengine')} cards list", highlight=False)
    console.print(f"  {command('careengine')} report referrals", highlight=False)
    console.print("The pages, one link each, good once:")
    for login in _VISITED:
        console.print(f"  {login:12} {stage.link_for(login)}", highlight=False, soft_wrap=True)
    console.print("Ctrl-C stops it.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        console.print("Stopping.")
