"""One outward act, as data: what is to be done to whom, and until when it still makes sense."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

Json = str | int | float | bool | None | tuple["Json", ...] | list["Json"] | Mapping[str, "Json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A text, a claim, a booking, an acknowledgement to be sent once.

    The engine gives it a key (case, version, ordinal, digest of the content): the
    same act asked for twice is sent once, a different content is a different act.
    Its outcome comes back to the case as ``EffectDelivered`` or ``EffectFailed``.
    """

    kind: str
    """What is done, ``capability.verb_object``; the runner of this name does it."""
    partner: str
    """Who receives it: a partner named in ``organisation.yaml``."""
    body: Mapping[str, Json] = field(default_factory=dict)
    """What the runner needs: references and codes. Chart text stays in the record.

    What ``about`` names is the ``ref`` of the event that tells the outcome.
    """
    not_before: datetime | None = None
    """Domain time before which it must not leave (quiet hours, a reminder's day)."""
    not_after: datetime | None = None
    """Domain time after which it is pointless; it is then voided and the case told."""
    purpose: str = "operations"
    """Why it leaves, checked against consent just before the wire."""
