"""What a command prints: plain words for people, JSON for programs, and an exit code that means one thing.

0 done · 1 something was refused (it is said which, and why) · 2 wrong use.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, ParamSpec

import typer

from careengine.entrypoints.plain import plain
from careengine.kernel.errors import CareError

if TYPE_CHECKING:
    from rich.console import Console

P = ParamSpec("P")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; its last line is the result.")]
Language = Annotated[str, typer.Option(help="Language of the sentences: en or es.")]
REFUSED, WRONG_USE, INTERRUPTED = 1, 2, 130
_WIDTH = 1000
"""Columns a table may take in a file or a pipe, where a broken word could not be searched for."""


def print_json(value: Any) -> None:
    """Print one value as one line of JSON."""
    import orjson

    sys.stdout.write(orjson.dumps(plain(value)).decode() + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Print a line for people."""
    _console().print(text, markup=False, soft_wrap=True)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows as a table that fits the screen, or say that there are none."""
    from rich.table import Table

    drawn = Table(title=title, title_justify="left", header_style="bold", expand=False)
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*(_cell(cell) for cell in row))
    if drawn.row_count:
        _console().print(drawn)
    else:
        say(f"{title}: none.")


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
            raise typer.Exit(INTERRUPTED) from None

    return run


def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)


def _cell(value: Any) -> str:
    from rich.markup import escape

    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return escape(str(value))
