"""Where a case stands on its way, as a line of stages: policy says which states make up a stage."""

from collections.abc import Sequence
from dataclasses import dataclass

from careengine.engine.case_views import CaseView
from careengine.engine.composition import Engine
from careengine.worklist.stages import STAGES


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a journey, as its line shows it."""

    name: str
    where: str
    """``done``, ``now`` or ``ahead``."""


def line_of(engine: Engine, case: CaseView) -> Sequence[Stage]:
    """Return the stages of a case's journey; none where policy names none."""
    stages = engine.book.value(STAGES, engine.clock.now().date()).stages.get(case.journey, ())
    at = next((place for place, one in enumerate(stages) if case.state in one.states), None)
    if at is None:
        at = len(stages) if case.closed_at is not None else 0
    return [
        Stage(one.name, "done" if n < at else "now" if n == at else "ahead") for n, one in enumerate(stages)
    ]
