"""What a command prints: plain words for people, JSON for programs, and an exit code that means one thing.

0 done · 1 something was refused (it is said which, and why) · 2 wrong use.
"""

import dataclasses
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from functools import wraps
from typing import Annotated, Any, NoReturn, ParamSpec

import typer

from careengine.kernel.errors import CareError

P = ParamSpec("P")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; its last line is the result.")]
REFUSED = 1


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [plain(inner) for inner in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def print_json(value: Any) -> None:
    """Print one value as one line of JSON."""
    import orjson

    sys.stdout.write(orjson.dumps(plain(value)).decode() + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Print a line for people."""
    from rich.console import Console

    Console(highlight=False, soft_wrap=True).print(text, markup=False)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows as a table that fits the screen."""
    from rich.console import Console
    from rich.table import Table

    drawn = Table(title=title, title_justify="left", header_style="bold", expand=False)
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*("" if cell is None else _cell(cell) for cell in row))
    Console().print(drawn)


def refuse(message: str, *, as_json: bool, **more: Any) -> NoReturn:
    """Say what was refused and end with exit code 1."""
    if as_json:
        print_json({**more, "error": message})
    else:
        typer.echo(message, err=True)
    raise typer.Exit(REFUSED)


def command(function: Callable[P, None]) -> Callable[P, None]:
    """Let an expected failure end the command with its own sentence and exit code 1."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except CareError as error:
            refuse(str(error), as_json=bool(kwargs.get("as_json")))
        except KeyboardInterrupt:
            raise typer.Exit(130) from None

    return run


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return str(value)
