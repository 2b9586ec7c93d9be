"""How a journey is declared: its states, who owns each, what each needs, awaits and may lead to. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from careengine.engine.case import (
    KIND_OF,
    CardDecided,
    Case,
    EffectDelivered,
    EffectFailed,
    Event,
    Facts,
    Instant,
    Policies,
)
from careengine.kernel.errors import CareError
from careengine.kernel.need import Need
from careengine.kernel.next import Next
from careengine.kernel.policy import Scalar
from careengine.kernel.team import Team

__all__ = [
    "CardDecided", "Case", "EffectDelivered", "EffectFailed", "Event", "Facts", "Instant",
    "Join", "Journey", "Open", "Policies", "Unplaced",
]  # fmt: skip

Handler = Callable[[Case, Facts, Policies, Event | None, Instant], Next]
Locks = Callable[[Case], tuple[str, ...]]


class JourneyError(CareError):
    """A journey does what it did not declare, or declares what cannot be; a fault to be mended in code."""


@dataclass(frozen=True, slots=True)
class State:
    """One declared state."""

    name: str
    owner: Team
    clock: str
    """The clock policy that says by when this state must be left, and who hears of it if not."""
    awaits: str
    """What is awaited, as a code the wording policy spells out; never merely "pending"."""
    handler: Handler
    needs: tuple[Need[Any], ...] = ()
    goes: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    status: str = ""
    """Business status in the field's standard (BSeR/360X for referrals); empty writes no Task."""
    locks: Locks | None = None


@dataclass(frozen=True, slots=True)
class End:
    """A state where a case rests: the outcome it reached, never null."""

    name: str
    outcome: str
    reached_goal: bool
    status: str = ""


@dataclass(frozen=True, slots=True)
class On:
    """What happens when an event of ``kind`` arrives; ``state`` is empty for any state."""

    kind: str
    handler: Handler
    state: str = ""
    needs: tuple[Need[Any], ...] = ()
    goes: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """An open case an arriving event might belong to."""

    case: int
    state: str
    subject: UUID
    opened_at: Instant
    data: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Join:
    """The event belongs to these cases."""

    cases: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """The event starts a case. ``key`` names the goal once: a second event with the same key joins it."""

    key: str
    data: Mapping[str, Scalar] = field(default_factory=dict)
    site: str = ""
    """Empty means the organisation's first site."""
    priority: int = 5
    """0 is the most urgent, 9 the least."""


@dataclass(frozen=True, slots=True)
class Unplaced:
    """Nobody can tell where the event belongs; a person is asked. ``why`` is a reason code."""

    why: str


Routed = Join | Open | Unplaced | None
Router = Callable[[Event, Sequence[Candidate]], Routed]


@dataclass(slots=True)
class Journey:
    """One story from start to outcome. Handlers register with the decorators below, at import."""

    name: str
    version: int
    subject: str
    """The FHIR type the story is about, ``ServiceRequest``."""
    outcome: str
    """What it means to have arrived, in words a leader uses."""
    target: str
    """The policy holding the share of cases that should arrive, and within how long."""
    start: str = ""
    """The first state; by default the first one declared."""
    listens: tuple[str, ...] = ()
    """Kinds of events from the world that are offered to this journey's router."""
    states: dict[str, State] = field(default_factory=dict)
    ends: dict[str, End] = field(default_factory=dict)
    ons: dict[tuple[str, str], On] = field(default_factory=dict)
    router: Router | None = None

    def state(  # noqa: PLR0913  a declaration: each keyword is one line of the page
        self,
        name: str,
        *,
        owner: Team,
        clock: str,
        awaits: str,
        needs: Sequence[Need[Any]] = (),
        goes: Sequence[str] = (),
        asks: Sequence[str] = (),
        status: str = "",
        locks: Locks | None = None,
    ) -> Callable[[Handler], Handler]:
        """Declare a state; the function runs on entering it by a hop, and when its time has come."""

        def declare(handler: Handler) -> Handler:
            self._refuse_second(name)
            self.states[name] = State(
                name, owner, clock, awaits, handler, tuple(needs), tuple(goes), tuple(asks), status, locks
            )
            self.start = self.start or name
            return handler

        return declare

    def end(self, name: str, *, outcome: str, reached_goal: bool, status: str = "") -> None:
        """Declare a state where the case is closed with ``outcome``."""
        self._refuse_second(name)
        self.ends[name] = End(name, outcome, reached_goal, status)

    def on(
        self,
        state: str,
        kind: str | type[Event],
        *,
        needs: Sequence[Need[Any]] = (),
        goes: Sequence[str] = (),
        asks: Sequence[str] = (),
    ) -> Callable[[Handler], Handler]:
        """Declare what happens in ``state`` when an event of ``kind`` arrives."""
        name = kind if isinstance(kind, str) else KIND_OF[kind]

        def declare(handler: Handler) -> Handler:
            if (state, name) in self.ons:
                raise JourneyError(f"Journey {self.name} declares {name} in state {state or 'any'} twice.")
            self.ons[state, name] = On(name, handler, state, tuple(needs), tuple(goes), tuple(asks))
            return handler

        return declare

    def on_any(
        self,
        kind: str | type[Event],
        *,
        needs: Sequence[Need[Any]] = (),
        goes: Sequence[str] = (),
        asks: Sequence[str] = (),
    ) -> Callable[[Handler], Handler]:
        """Declare what happens in every state that does not handle ``kind`` itself."""
        return self.on("", kind, needs=needs, goes=goes, asks=asks)

    def route(self, router: Router) -> Router:
        """Declare the pure function that says which cases an event from the world belongs to."""
        self.router = router
        return router

    def handles(self, state: str, kind: str) -> On | None:
        """Return what the journey does with ``kind`` in ``state``: its own answer first, then any state's."""
        return self.ons.get((state, kind)) or self.ons.get(("", kind))

    def asks_in(self, state: str) -> frozenset[str]:
        """Return the kinds of cards that may be opened while a case is in ``state``."""
        declared = self.states[state].asks
        more = [kind for on in self.ons.values() if on.state in {"", state} for kind in on.asks]
        return frozenset((*declared, *more))

    def _refuse_second(self, name: str) -> None:
        if name in self.states or name in self.ends:
            raise JourneyError(f"Journey {self.name} declares state {name} twice.")
