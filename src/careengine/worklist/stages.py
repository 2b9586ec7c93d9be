"""The stages a journey's line shows, and which states make up each: for people, never for rules. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from careengine.kernel.policy import PolicyName, PolicyRef


@dataclass(frozen=True, slots=True)
class StageOf:
    """One stage: its name in words, and its states."""

    name: str
    states: frozenset[str]


@dataclass(frozen=True, slots=True)
class StagesPolicy:
    """Journey → its stages in order."""

    ref: PolicyRef
    stages: Mapping[str, tuple[StageOf, ...]]


STAGES = PolicyName("worklist.stages", StagesPolicy)


def stage_of(journey: str, state: str, *, policy: StagesPolicy) -> str:
    """Return the name of the stage a state belongs to; empty where policy names none."""
    return next((one.name for one in policy.stages.get(journey, ()) if state in one.states), "")
