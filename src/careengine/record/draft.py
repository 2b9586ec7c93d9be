"""A version on its way into the record: what was asked, what was there before, what it will be."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

from careengine.kernel.refs import Ref
from careengine.record.extracting import Extracted


class Outcome(Enum):
    """What writing a version came to."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """One version to be written. Whoever hands it in has checked it, or made it themselves."""

    type: str
    id: str
    raw: bytes
    """The resource as it is to be kept; empty for a deletion."""
    subject: UUID | None = None
    """Who it is about; None lets the resource's own patient reference say so."""
    resource: Mapping[str, Any] | None = None
    """The bytes as Python values, if somebody has read them already."""
    if_version: int | None = None
    """Write only if this is still the newest version; 0 means: only if there is none."""
    deleted: bool = False


class Before(NamedTuple):
    """The newest version before the write."""

    rid: int
    version: int
    deleted: bool
    updated: datetime
    subject: UUID | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one version."""

    ref: Ref
    """With the version that is now the newest; 0 if there is none."""
    outcome: Outcome
    updated: datetime
    subject: UUID | None


@dataclass(slots=True)
class Draft:
    """One version with all that is known about it just before it is written."""

    asked: NewVersion
    type: int
    found: Extracted
    before: Before | None
    outcome: Outcome
    rid: int
    recorded_at: datetime
    subject: UUID | None = None

    @property
    def version(self) -> int:
        """The number this version has, or the newest has if nothing changes."""
        newest = 0 if self.before is None else self.before.version
        return newest if self.outcome is Outcome.UNCHANGED else newest + 1

    def written(self) -> Written:
        """Say what became of it."""
        ref = Ref(self.asked.type, self.asked.id, self.version)
        updated = self.recorded_at
        if self.outcome is Outcome.UNCHANGED and self.before is not None:
            updated = self.before.updated
        return Written(ref, self.outcome, updated, self.subject)
