"""Who read whose chart, when, which kinds and why: one entry for each reading, sealed with the decisions."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from careengine.trust.actor import ActorKind, Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One act upon charts, with every patient it concerned."""

    act: str
    """``read``, ``refused``, ``break_glass``, ``review``, ``purge``, ``withdraw``."""
    actor: str
    actor_kind: ActorKind
    purpose: Purpose
    at: datetime
    """Domain time."""
    subjects: tuple[UUID, ...]
    kinds: tuple[str, ...] = ()
    """The kinds of resources asked for."""
    journey: str = ""
    why: str = ""
    things: tuple[int, ...] = ()
    """Ids of what else the act was about: decisions purged, a card withdrawn, a glass broken."""
