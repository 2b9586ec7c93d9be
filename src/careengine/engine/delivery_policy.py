"""How the pace of sending and the volume guard are written as policies, and answered in their cases."""

from datetime import timedelta

from pydantic import Field

from careengine.engine.delivery import DeliveryPolicy, LaneLimit, VolumePolicy, too_much, wait_before
from careengine.kernel.policy import PolicyRef
from careengine.policy.schemas import Answer, Given, PolicySchema, PolicyValues


class DeliveryValues(PolicyValues):
    """What stands in ``engine/delivery.yaml``."""

    batch: int = Field(ge=1, le=1000)
    threads: int = Field(ge=1, le=64)
    lease_seconds: int = Field(ge=5, le=3600)
    attempts: int = Field(ge=1, le=100)
    first_wait_seconds: float = Field(gt=0)
    factor: float = Field(ge=1.0, le=10.0)
    longest_wait_seconds: float = Field(gt=0)
    jitter: float = Field(ge=0.0, le=0.5)
    held_back_seconds: float = Field(gt=0)
    record_every_seconds: float = Field(gt=0)


class LimitValues(PolicyValues):
    """One line of the volume guard."""

    lane: str = Field(min_length=1)
    kind: str = Field(min_length=1)
    most: int = Field(ge=1)
    times_usual: float = Field(ge=1.0)
    floor: int = Field(ge=0)


class VolumeValues(PolicyValues):
    """What stands in ``engine/volume.yaml``."""

    window_minutes: int = Field(ge=1, le=1440)
    usual_windows: int = Field(ge=1, le=10_000)
    learn_windows: int = Field(ge=1, le=10_000)
    limits: tuple[LimitValues, ...] = Field(min_length=1)


def _delivery(values: DeliveryValues, ref: PolicyRef) -> DeliveryPolicy:
    return DeliveryPolicy(
        ref=ref,
        batch=values.batch,
        threads=values.threads,
        lease=timedelta(seconds=values.lease_seconds),
        attempts=values.attempts,
        first=timedelta(seconds=values.first_wait_seconds),
        factor=values.factor,
        most=timedelta(seconds=values.longest_wait_seconds),
        jitter=values.jitter,
        held_back=timedelta(seconds=values.held_back_seconds),
        record_every=timedelta(seconds=values.record_every_seconds),
    )


def _volume(values: VolumeValues, ref: PolicyRef) -> VolumePolicy:
    return VolumePolicy(
        ref=ref,
        window=timedelta(minutes=values.window_minutes),
        usual_windows=values.usual_windows,
        learn_windows=values.learn_windows,
        limits=tuple(LaneLimit(v.lane, v.kind, v.most, v.times_usual, v.floor) for v in values.limits),
    )


def _answer_delivery(policy: DeliveryPolicy, given: Given) -> Answer:
    attempt = given["attempt"]
    wait = wait_before(attempt, given["key"], policy, given.get("asked_seconds"))
    longest = policy.most.total_seconds()
    return {
        "again": attempt < policy.attempts,
        "at_longest": wait.total_seconds() >= longest,
        "batch": policy.batch,
        "threads": policy.threads,
        "lease_seconds": policy.lease.total_seconds(),
        "held_back_seconds": policy.held_back.total_seconds(),
        "record_every_seconds": policy.record_every.total_seconds(),
    }


def _answer_volume(policy: VolumePolicy, given: Given) -> Answer:
    limit = policy.limit(given["lane"], given["kind"])
    if limit is None:
        return {"stops": False, "why": "volume_no_limit"}
    why = too_much(given["sent"], given["before"], given["windows"], limit, policy)
    return {
        "stops": bool(why),
        "why": why,
        "window_minutes": policy.window.total_seconds() / 60,
        "usual_windows": policy.usual_windows,
    }


POLICY_SCHEMAS = (
    PolicySchema("engine.delivery", DeliveryValues, _delivery, _answer_delivery),
    PolicySchema("engine.volume", VolumeValues, _volume, _answer_volume),
)
