"""Who gets the engine's own cards, and when they are urgent, as a policy."""

from pydantic import Field

from careengine.engine.engine_needs import ENGINE_CARDS, AskingPolicy
from careengine.kernel.policy import PolicyRef
from careengine.kernel.team import Team
from careengine.policy.schemas import Answer, Given, PolicySchema, PolicyValues


class AskingValues(PolicyValues):
    """What stands in the file."""

    teams: dict[str, Team]
    """By kind of card; a kind that is not named goes to the team that owns the case's state."""
    urgent_from_rung: int = Field(ge=1, le=10)
    clock: str = "engine.answer"
    """Versions from before it was asked for mean these two."""
    urgent_clock: str = "engine.answer_urgent"


def _asking(values: AskingValues, ref: PolicyRef) -> AskingPolicy:
    return AskingPolicy(
        ref=ref, teams=dict(values.teams), urgent_from_rung=values.urgent_from_rung,
        clock=values.clock, urgent_clock=values.urgent_clock,
    )  # fmt: skip


def _lint(values: AskingValues) -> list[tuple[str, str, str]]:
    unknown = sorted(set(values.teams) - set(ENGINE_CARDS))
    return [
        ("teams", f"The engine asks no {kind}.", f"Use one of {', '.join(ENGINE_CARDS)}.") for kind in unknown
    ]


def _answer(policy: AskingPolicy, given: Given) -> Answer:
    team = policy.teams.get(given["kind"])
    urgent = given["rung"] >= policy.urgent_from_rung
    clock = policy.urgent_clock if urgent else policy.clock
    return {"team": team.value if team else "", "urgent": urgent, "clock": clock}


POLICY_SCHEMAS = (PolicySchema("engine.asking", AskingValues, _asking, _answer, _lint),)
