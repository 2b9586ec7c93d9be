"""What every page of this process stands on: the desk, the engine, who works here."""

from dataclasses import dataclass

from careengine.engine.composition import Engine
from careengine.entrypoints.api.desk import Desk
from careengine.kernel.errors import CareError
from careengine.runtime.organisation import Organisation
from careengine.trust.access import Access


class HouseClosed(CareError):
    """A page was asked for before the process had opened its house: a fault of the software."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """One organisation, as the pages see it."""

    desk: Desk
    engine: Engine
    access: Access

    @property
    def organisation(self) -> Organisation:
        """Return who we are."""
        return self.engine.organisation


_open: list[House] = []


def open_house(house: House) -> None:
    """Let the pages of this process stand on ``house``; the last one opened counts."""
    _open[:] = [house]


def house() -> House:
    """Return what the pages stand on; raises :class:`HouseClosed` before it was opened."""
    if not _open:
        raise HouseClosed("The pages are not open. Start them with `careengine serve`.")
    return _open[0]
