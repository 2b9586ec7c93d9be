"""How the order of cards and the taking of answers are written as policies, and answered in their cases."""

from datetime import datetime, timedelta

from pydantic import Field

from careengine.kernel.policy import PolicyRef
from careengine.kernel.team import Team
from careengine.policy.schemas import Answer, Covered, Given, PolicySchema, PolicyValues
from careengine.worklist.answers import AnswersPolicy, answers_to, checked
from careengine.worklist.order import DecidingPolicy, OrderPolicy, Standing, why_here
from careengine.worklist.stages import StageOf, StagesPolicy, stage_of


class OrderValues(PolicyValues):
    """What stands in ``worklist/order.yaml``."""

    legal_within_hours: int = Field(ge=0, le=720)
    at_risk_within_hours: int = Field(ge=0, le=720)


class DecidingValues(PolicyValues):
    """What stands in ``worklist/deciding.yaml``."""

    undo_seconds: int = Field(ge=0, le=300)
    stand_ins: dict[Team, frozenset[Team]] = Field(default_factory=dict)


class AnswersValues(PolicyValues):
    """What stands in ``worklist/answers.yaml``."""

    answers: dict[str, tuple[str, ...]]
    numbers: frozenset[str] = frozenset()


class StageValues(PolicyValues):
    """One stage of a journey's line."""

    stage: str
    states: frozenset[str] = Field(min_length=1)


class StagesValues(PolicyValues):
    """What stands in ``worklist/stages.yaml``."""

    stages: dict[str, tuple[StageValues, ...]]


def _stages(values: StagesValues, ref: PolicyRef) -> StagesPolicy:
    return StagesPolicy(
        ref,
        {
            journey: tuple(StageOf(one.stage, one.states) for one in stages)
            for journey, stages in values.stages.items()
        },
    )


def _answer_stages(policy: StagesPolicy, given: Given) -> Answer:
    return {"stage": stage_of(given["journey"], given["state"], policy=policy)}


def _answers(values: AnswersValues, ref: PolicyRef) -> AnswersPolicy:
    return AnswersPolicy(ref, values.answers, values.numbers)


def _answer_answers(policy: AnswersPolicy, given: Given) -> Answer:
    if "answer" in given:
        return {"takes": checked(given["kind"], given["answer"], policy=policy)}
    return {"offers": list(answers_to(given["kind"], policy=policy))}


def _order(values: OrderValues, ref: PolicyRef) -> OrderPolicy:
    return OrderPolicy(
        ref=ref,
        legal_within=timedelta(hours=values.legal_within_hours),
        at_risk_within=timedelta(hours=values.at_risk_within_hours),
    )


def _deciding(values: DecidingValues, ref: PolicyRef) -> DecidingPolicy:
    stand_ins = {team.value: others for team, others in values.stand_ins.items()}
    return DecidingPolicy(ref=ref, undo=timedelta(seconds=values.undo_seconds), stand_ins=stand_ins)


def _answer_order(policy: OrderPolicy, given: Given) -> Answer:
    standing = Standing(
        urgent=given.get("urgent", False),
        legal=given.get("legal", False),
        due_at=datetime.fromisoformat(given["due"]),
        opened_at=datetime.fromisoformat(given["opened"]),
    )
    reason = why_here(standing, now=datetime.fromisoformat(given["now"]), policy=policy)
    return {"why": reason.code, "hours": reason.params["hours"]}


def _answer_deciding(policy: DecidingPolicy, given: Given) -> Answer:
    if "team" in given:
        return {"also": sorted(policy.stand_ins.get(given["team"], ()))}
    return {"undo_seconds": int(policy.undo.total_seconds())}


POLICY_SCHEMAS = (
    PolicySchema("worklist.order", OrderValues, _order, _answer_order),
    PolicySchema("worklist.answers", AnswersValues, _answers, _answer_answers, covered=Covered.VERSIONS),
    PolicySchema("worklist.stages", StagesValues, _stages, _answer_stages, covered=Covered.VERSIONS),
    PolicySchema("worklist.deciding", DecidingValues, _deciding, _answer_deciding),
)
