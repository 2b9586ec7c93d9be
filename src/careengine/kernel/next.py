"""What a handler answers: where the case goes, what is decided, written, sent, held and told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from careengine.kernel.decision import Decision
from careengine.kernel.effect import Effect, Json
from careengine.kernel.policy import Scalar
from careengine.kernel.team import Team


@dataclass(frozen=True, slots=True)
class Tell:
    """An event for another case, named by id or by its key, delivered in the same transaction."""

    case: int | str
    """Its id, or the text of :func:`called`."""
    kind: str
    body: Mapping[str, Json] = field(default_factory=dict)
    opens: bool = False
    """A case of that key is opened when there is none yet: a coordinator is there from its first tell on."""
    if_there: bool = False
    """Whoever has no case need not hear it; otherwise a tell that nobody can take is shown to a person."""


def called(journey: str, key: str) -> str:
    """Return how a tell names the case that a journey keeps under ``key``."""
    return f"{journey}\x1f{key}"


@dataclass(frozen=True, slots=True)
class Hold:
    """An exclusive claim on a thing chosen by a rule (a slot); the loser decides again on fresh facts."""

    key: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Write:
    """A new version of a FHIR resource, kept in the same transaction as the decision that made it.

    ``subject`` is the patient it belongs to, ``None`` for one that belongs to nobody.
    """

    resource: Mapping[str, Json]
    subject: UUID | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """A card to be opened: which kind (declared in the state's ``asks``), and by when it is wanted."""

    kind: str
    urgent: bool = False
    due: datetime | None = None
    team: Team | None = None
    """Whose worklist it lands on; ``None`` is the team that owns the state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """The whole answer of a handler. Built with :func:`to`, :func:`stay` or :func:`ask`."""

    state: str | None = None
    """Where the case goes; ``None`` means it stays."""
    now: bool = False
    """Go on in the same transaction: load the new state's needs and call its handler."""
    because: tuple[Decision, ...] = ()
    data: Mapping[str, Scalar] = field(default_factory=dict)
    """Small facts merged into the case's own data; ``None`` removes one."""
    wake: datetime | None = None
    """Domain time at which the state's handler is called again with no event."""
    asking: Asking | None = None
    writes: tuple[Write, ...] = ()
    effects: tuple[Effect, ...] = ()
    voids: tuple[str, ...] = ()
    """Kinds of this case's queued effects to cancel."""
    locks: tuple[str, ...] = ()
    """With ``now``: keys to lock before the next state's facts are read."""
    holds: tuple[Hold, ...] = ()
    tells: tuple[Tell, ...] = ()


def _decisions(because: Decision | tuple[Decision, ...]) -> tuple[Decision, ...]:
    return (because,) if isinstance(because, Decision) else because


def to(  # noqa: PLR0913  a handler's whole answer is one call, read top to bottom
    state: str,
    *,
    because: Decision | tuple[Decision, ...] = (),
    now: bool = False,
    data: Mapping[str, Scalar] | None = None,
    writes: tuple[Write, ...] = (),
    effects: tuple[Effect, ...] = (),
    voids: tuple[str, ...] = (),
    locks: tuple[str, ...] = (),
    holds: tuple[Hold, ...] = (),
    tells: tuple[Tell, ...] = (),
) -> Next:
    """Move the case to ``state``; with ``now`` its handler runs in the same transaction."""
    return Next(
        state=state, because=_decisions(because), now=now, data=data or {}, writes=writes, effects=effects,
        voids=voids, locks=locks, holds=holds, tells=tells,
    )  # fmt: skip


def stay(  # noqa: PLR0913  a handler's whole answer is one call, read top to bottom
    *,
    because: Decision | tuple[Decision, ...] = (),
    wake: datetime | None = None,
    data: Mapping[str, Scalar] | None = None,
    writes: tuple[Write, ...] = (),
    effects: tuple[Effect, ...] = (),
    voids: tuple[str, ...] = (),
    holds: tuple[Hold, ...] = (),
    tells: tuple[Tell, ...] = (),
) -> Next:
    """Leave the case where it is, waiting for what its state awaits, or until ``wake``."""
    return Next(
        because=_decisions(because), wake=wake, data=data or {}, writes=writes, effects=effects,
        voids=voids, holds=holds, tells=tells,
    )  # fmt: skip


def ask(  # noqa: PLR0913  a handler's whole answer is one call, read top to bottom
    kind: str,
    *,
    because: Decision | tuple[Decision, ...],
    urgent: bool = False,
    due: datetime | None = None,
    team: Team | None = None,
    data: Mapping[str, Scalar] | None = None,
    voids: tuple[str, ...] = (),
) -> Next:
    """Open a card of ``kind`` and stay; the state's ``CardDecided`` handler goes on with the answer."""
    asking = Asking(kind, urgent, due, team)
    return Next(because=_decisions(because), asking=asking, data=data or {}, voids=voids)
