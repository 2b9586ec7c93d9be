"""What the commands do, and how they show it: a progress line for people, one line of JSON for machines."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from caretown.desk import CommandLineDesk
from caretown.door import Door
from caretown.errors import EngineSilent
from caretown.morning import Morning, Progress
from caretown.oddities import Plan, parse_oddity
from caretown.partner_log import PartnerLog
from caretown.partners import Partners, run
from caretown.referrals import Post
from caretown.staff import Hands, Staff, habits
from caretown.telephone import Telephone
from caretown.town_clock import ZONE, TownClock


def send_all(base_url: str, token: str, post: Post, *, as_json: bool) -> int:
    """Send the directory and every letter; return the exit code: 1 when anything was refused."""
    door = Door(base_url, token)
    if not (told := door.send(post.directory)).taken:
        raise EngineSilent(f"The engine refused the senders' directory ({told.status}: {told.why}).")
    refused: dict[str, str] = {}
    with _bar() as bar:
        task = bar.add_task("sending referrals", total=len(post.letters), note="")
        for letter in post.letters:
            answer = door.send(letter.bundle)
            if not answer.taken:
                refused[letter.id] = f"{answer.status} {answer.why}"
            bar.advance(task)
    _say({"sent": len(post.letters), "refused": refused}, as_json=as_json)
    return 1 if refused else 0


def be_partners(port: int, log: Path | None, odd: Sequence[str]) -> None:
    """Serve until told to stop; the port is printed once it listens."""
    partners = Partners(Plan(parse_oddity(text) for text in odd), PartnerLog(log))

    def started(port: int) -> None:
        sys.stdout.write(f"partners listen on http://127.0.0.1:{port}/<partner>\n")
        sys.stdout.flush()

    run(partners, port=port, started=started)


def play_morning(  # noqa: PLR0913  each is an option of the command
    base_url: str,
    token: str,
    post: Post,
    *,
    clock_file: Path,
    start: datetime,
    lasts: timedelta,
    seed: int,
    as_json: bool,
) -> int:
    """Play the morning; return 1 when a letter was refused or the engine never came to rest."""
    door = Door(base_url, token)
    staff = Staff(CommandLineDesk(), habits(), seed=seed, hands=Hands(ring=Telephone(door, post).ring))
    town = Morning(door, TownClock(clock_file), post, staff)
    with morning_bar(start, lasts) as shown:
        played = town.play(start=start, lasts=lasts, shown=shown)
    _say(_told(played), as_json=as_json)
    return 1 if played.refused or played.impatient else 0


@contextmanager
def morning_bar(start: datetime, lasts: timedelta) -> Iterator[Callable[[Progress], None]]:
    """Show a bar that a morning's progress moves."""
    with _bar() as bar:
        task = bar.add_task("The town's morning", total=lasts.total_seconds(), note="")

        def shown(progress: Progress) -> None:
            work = f"{progress.sent} letters, {progress.answered} cards answered"
            note = f"{progress.now.astimezone(ZONE):%a %H:%M} · {work}"
            bar.update(task, completed=(progress.now - start).total_seconds(), note=note)

        yield shown


@contextmanager
def town_bar(start: datetime, lasts: timedelta) -> Iterator[Callable[[Progress], None]]:
    """Show a bar that a town's days move."""
    with _bar() as bar:
        task = bar.add_task("The town", total=lasts.total_seconds(), note="")

        def shown(progress: Progress) -> None:
            work = f"{progress.sent} letters, {progress.answered} cards answered"
            note = f"{progress.now.astimezone(ZONE):%a %d %b %H:%M} · {work}"
            bar.update(task, completed=(progress.now - start).total_seconds(), note=note)

        yield shown


def _told(played: Progress) -> dict[str, Any]:
    return {
        "letters": played.letters,
        "sent": played.sent,
        "refused": played.refused,
        "cards_answered": played.answered,
        "senders_rung": played.rang,
        "cards_overtaken": played.overtaken,
        "cards_left_silent": played.silent,
        "cards_nobody_knew": played.unknown,
        "steps": played.steps,
        "steps_while_busy": played.impatient,
        "ended": played.now.isoformat(),
    }


def _bar() -> Bar:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"))
    return Bar(*columns, console=Console(stderr=True))


def _say(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(orjson.dumps(told).decode() + "\n")
        return
    for name, value in told.items():
        if isinstance(value, dict):
            sys.stdout.write(
                f"{name}: {len(value)}\n" + "".join(f"  {key}: {why}\n" for key, why in value.items())
            )
        else:
            sys.stdout.write(f"{name.replace('_', ' ')}: {value}\n")
