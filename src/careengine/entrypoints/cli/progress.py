"""A line that shows how far long work has come; silent when a program reads along."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress


@contextmanager
def counting(what: str, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Yield a function to be told how many are done."""
    if _silent(quiet=quiet):
        yield lambda _: None
        return
    with _bar() as shown:
        task = shown.add_task(what, total=None)
        yield lambda done: shown.update(task, completed=done)


@contextmanager
def watching(what: str, how_many: Callable[[], int], *, quiet: bool) -> Iterator[None]:
    """Show, while the block runs, what ``how_many`` says from time to time."""
    if _silent(quiet=quiet):
        yield
        return
    import threading

    ended = threading.Event()
    with _bar() as shown:
        task = shown.add_task(what, total=None)

        def follow() -> None:
            while not ended.wait(0.2):
                shown.update(task, completed=how_many())

        thread = threading.Thread(target=follow, name="progress")
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def _silent(*, quiet: bool) -> bool:
    return quiet or not sys.stderr.isatty()


def _bar() -> "Progress":
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed:,.0f}"), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
