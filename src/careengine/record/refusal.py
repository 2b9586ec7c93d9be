"""How the record refuses: every entry counted, the guilty ones named."""

from collections.abc import Sequence
from typing import NamedTuple

from careengine.kernel.errors import Refused


class EntryProblem(NamedTuple):
    """What is wrong with one entry of a bundle or one line of a file."""

    entry: int
    """Counted from 0, as FHIRPath does; -1 when the whole is meant."""
    path: str
    what: str


class BundleRefused(Refused):
    """A bundle was not taken: nothing of it is stored."""

    def __init__(self, problems: Sequence[EntryProblem], *, entries: int = 0, status: int = 422) -> None:
        self.problems = tuple(problems)
        self.entries = entries
        self.status = status
        first = self.problems[0]
        where = f"entry {first.entry}" if first.entry >= 0 else "the bundle"
        what = f"{first.path}: {first.what}" if first.path else first.what
        super().__init__(f"Nothing was stored, because of {where}: {what}")


def whole(what: str, *, entries: int = 0, status: int = 400) -> BundleRefused:
    """Refuse a bundle for something that no single entry is guilty of."""
    return BundleRefused([EntryProblem(-1, "", what)], entries=entries, status=status)
