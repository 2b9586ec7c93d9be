"""The stop switch: one for each lane, site and partner, with who threw it and why."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from careengine.kernel.errors import Conflict, Refused
from careengine.runtime.database import Connection
from careengine.runtime.ids import Ids

IN_FORCE = "select scope, name, by, reason, at from lane_stop where resumed_at is null"


class Scope(StrEnum):
    """What a switch stops: a journey, everything at a site, everything to a partner."""

    LANE = "lane"
    SITE = "site"
    PARTNER = "partner"


class NoSuchScope(Refused):
    """Only lanes, sites and partners can be stopped."""


class NotStopped(Conflict):
    """Somebody asked to resume what is not stopped."""


class ReasonMissing(Refused):
    """A switch was thrown without saying why."""


def scope_called(word: str) -> Scope:
    """Return the scope of this name; raises :class:`NoSuchScope`."""
    try:
        return Scope(word)
    except ValueError:
        raise NoSuchScope("A lane (a journey), a site or a partner can be stopped, nothing else.") from None


def code_kind(scope: str) -> str:
    """Return the kind of code under which the database knows the names of a scope."""
    return {Scope.LANE: "journey", Scope.SITE: "site", Scope.PARTNER: "partner"}[scope_called(scope)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One switch in force."""

    scope: Scope
    name: str
    by: str
    reason: str
    at: datetime


class Stops:
    """All switches in force, read once for each batch."""

    __slots__ = ("_stops",)
    NONE: ClassVar["Stops"]

    def __init__(self, stops: tuple[Stop, ...]) -> None:
        self._stops = {(stop.scope, stop.name): stop for stop in stops}

    @classmethod
    def read(cls, conn: Connection) -> "Stops":
        """Read the switches in force."""
        return cls.of_rows(conn.execute(IN_FORCE).fetchall())

    @classmethod
    def of_rows(cls, rows: Iterable[Sequence[Any]]) -> "Stops":
        """Return the switches that :data:`IN_FORCE` found."""
        return cls(
            tuple(Stop(scope=Scope(s), name=n, by=by, reason=why, at=at) for s, n, by, why, at in rows)
        )

    def of(self, *, lane: str = "", site: str = "", partner: str = "") -> Stop | None:
        """Return the switch that stops this lane, site or partner, if one does."""
        if not self._stops:
            return None
        asked = ((Scope.LANE, lane), (Scope.SITE, site), (Scope.PARTNER, partner))
        return next((self._stops[key] for key in asked if key in self._stops), None)

    def names(self, scope: Scope) -> list[str]:
        """Return the names that are stopped within a scope."""
        return [name for kind, name in self._stops if kind is scope]

    def __iter__(self) -> Iterator[Stop]:
        return iter(self._stops.values())


Stops.NONE = Stops(())


def stop(conn: Connection, ids: Ids, switch: Stop) -> bool:
    """Throw a switch; return whether it was not thrown already. The caller commits."""
    if not switch.reason.strip():
        raise ReasonMissing(f"Say why {switch.scope} {switch.name} is stopped; whoever finds it must know.")
    done = conn.execute(
        "insert into lane_stop (id, scope, name, by, reason, at) values (%s, %s, %s, %s, %s, %s)"
        " on conflict (scope, name) where resumed_at is null do nothing",
        (ids.next(), switch.scope, switch.name, switch.by, switch.reason, switch.at),
    )
    return done.rowcount == 1


def resume(conn: Connection, scope: Scope, name: str, *, by: str, reason: str, at: datetime) -> None:
    """Lift a switch; raise :class:`NotStopped` if it is not in force. The caller commits."""
    if not reason.strip():
        raise ReasonMissing(f"Say why {scope} {name} may go on.")
    done = conn.execute(
        "update lane_stop set resumed_by = %s, resumed_reason = %s, resumed_at = %s"
        " where scope = %s and name = %s and resumed_at is null",
        (by, reason, at, scope, name),
    )
    if done.rowcount == 0:
        raise NotStopped(f"The {scope} {name} is not stopped; somebody may have resumed it already.")
