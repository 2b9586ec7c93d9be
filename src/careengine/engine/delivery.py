"""How effects are sent: how many at once, how often again, how long to wait. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from careengine.kernel.policy import PolicyName, PolicyRef


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPolicy:
    """The pace of sending; what each partner can take stands in ``organisation.yaml``."""

    ref: PolicyRef
    batch: int
    """Effects leased together."""
    threads: int
    """Requests a batch has under way at once."""
    lease: timedelta
    """After this a batch counts as lost, and its effects are sent again with the same keys."""
    attempts: int
    """After so many an effect is a dead letter."""
    first: timedelta
    """The wait before the second attempt."""
    factor: float
    """By which each further wait is longer."""
    most: timedelta
    """The longest wait, and the longest a partner may ask of us."""
    jitter: float
    """The share by which a wait is shortened or lengthened, so that partners are not hit in step."""
    held_back: timedelta
    """When an effect is looked at again whose lane, site or partner was stopped."""
    record_every: timedelta
    """Outcomes are committed at least this often while a batch is sent."""


@dataclass(frozen=True, slots=True)
class LaneLimit:
    """How much of one kind of effect may leave one lane."""

    lane: str
    """A journey, or ``*``."""
    kind: str
    """A kind of effect, or ``*``."""
    most: int
    """Never more than this in a window."""
    times_usual: float
    """Never more than this many times the usual."""
    floor: int
    """Below this the usual does not matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumePolicy:
    """When a lane that does much more than usual is stopped by itself."""

    ref: PolicyRef
    window: timedelta
    usual_windows: int
    """How many windows back the usual is taken from."""
    learn_windows: int
    """How many windows a lane must have been seen for before it has a usual."""
    limits: tuple[LaneLimit, ...]
    """The first that fits counts."""

    def limit(self, lane: str, kind: str) -> LaneLimit | None:
        """Return the limit for this kind of effect from this lane."""
        return next((one for one in self.limits if one.lane in {lane, "*"} and one.kind in {kind, "*"}), None)


DELIVERY = PolicyName("engine.delivery", DeliveryPolicy)
VOLUME = PolicyName("engine.volume", VolumePolicy)


def wait_before(attempt: int, key: str, policy: DeliveryPolicy, asked_s: float | None = None) -> timedelta:
    """Return how long to wait after the failed ``attempt`` (from 1).

    A partner that asked for a wait gets at least that, up to the policy's longest. The
    jitter comes from the effect's key: spread between effects, the same at every reckoning.
    """
    plain = min(policy.first.total_seconds() * policy.factor ** (attempt - 1), policy.most.total_seconds())
    digest = sha256(f"{key}/{attempt}".encode()).digest()
    spread = int.from_bytes(digest[:8], "big") / 2**63 - 1.0
    jittered = plain * (1.0 + policy.jitter * spread)
    asked = min(asked_s or 0.0, policy.most.total_seconds())
    return timedelta(seconds=max(jittered, asked))


def too_much(sent: int, before: int, windows: int, limit: LaneLimit, policy: VolumePolicy) -> str:
    """Say why ``sent`` in this window is too much, as a reason code; empty if it is not.

    ``before`` is what was sent in the last ``windows`` windows.
    """
    if sent > limit.most:
        return "volume_over_the_most"
    if windows < policy.learn_windows or sent <= limit.floor:
        return ""
    usual = max(before / windows, 1.0)
    return "volume_over_the_usual" if sent > usual * limit.times_usual else ""
