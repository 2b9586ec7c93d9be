"""Programs at work: the JSON API by its own description, and an agent over the Model Context Protocol."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
import urllib3
from hypothesis import HealthCheck, Phase, settings
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from running_town import RunningTown, running_town

from caretown.processes import command

GRANTED = {
    "referrals.acknowledgement": "told", "registration.intake": "helped", "referrals.asking": "supplied",
    "referrals.completeness": "supplied", "scheduling.offer": "offer_again",
}  # fmt: skip


pytestmark = pytest.mark.xdist_group("machine")
"""One worker, one town."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTown]:
    home = tmp_path_factory.mktemp("machine")
    for one in (home, *home.parents[:2]):
        one.chmod(0o711)
    with running_town(home) as running:
        yield running


def token_of(town: RunningTown, agent: str = "desk_helper", *more: str) -> str:
    """Return a new token of an agent."""
    made = town.run("agents", "token", agent, "--json", *more)
    assert made.returncode == 0, made.stderr
    return str(json.loads(made.stdout)["token"])


def call(town: RunningTown, method: str, path: str, token: str, body: Any = None) -> tuple[int, Any]:
    """Call the API and return status and answer."""
    answer = urllib3.request(
        method, f"{town.base}/api/v1{path}", json=body, headers={"Authorization": f"Bearer {token}"},
        retries=False, timeout=30,
    )  # fmt: skip
    return answer.status, json.loads(answer.data)


def mine(town: RunningTown, token: str) -> list[tuple[str, str]]:
    """Return open cards that the agent may answer, with the answer."""
    _, told = call(town, "GET", "/cards?limit=100", token)
    calm = [card for card in told["cards"] if card["kind"] in GRANTED and not card["urgent"]]
    return [(card["id"], GRANTED[card["kind"]]) for card in calm]


async def worked(
    town: RunningTown, token: str, steps: list[tuple[str, dict[str, Any]]]
) -> list[tuple[bool, str]]:
    """Call tools of the agent's server one after the other; return whether each failed, and what it said."""
    environ = {**town.whole_environ(), "CAREENGINE_SECRET_AGENT": token}
    server = StdioServerParameters(command=command("careengine"), args=["agents", "mcp"], env=environ)
    told = []
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        names = {tool.name for tool in (await session.list_tools()).tools}
        assert {"list_cards", "read_card", "answer_card", "undo_batch"} <= names
        for name, given in steps:
            said = await session.call_tool(name, given)
            told.append((bool(said.is_error), said.content[0].text))
    return told


def test_an_agent_works_five_cards_is_stopped_at_the_sixth_and_all_is_undone_as_one(
    town: RunningTown,
) -> None:
    token = token_of(town)
    cards = mine(town, token)[:6]
    assert len(cards) == 6
    answers = [
        ("answer_card", {"card": card, "answer": answer, "reason": "Rang them.", "batch": "monday"})
        for card, answer in cards
    ]
    first = ("read_card", {"card": cards[0][0]})
    told = asyncio.run(worked(town, token, [first, *answers, ("undo_batch", {"batch": "monday"})]))

    assert [failed for failed, _ in told] == [False] * 6 + [True, False]
    assert "as many as it may" in told[6][1]
    undone = json.loads(told[7][1])["acts"]
    assert len(undone) == 5
    assert [one["why"] for one in undone if one["why"] and "taken the answer" not in one["why"]] == []
    with town.database() as conn:
        acts = conn.execute(
            "select count(*) from card_act where actor = 'agent:desk_helper' and actor_kind = 2"
        )
        assert (acts.fetchone() or (0,))[0] >= 5, "each act stands there as the agent's"


def test_what_is_not_granted_is_refused_and_says_who_can_grant_it(town: RunningTown) -> None:
    token = token_of(town)
    _, told = call(town, "GET", "/cards?limit=100", token)
    other = next(card for card in told["cards"] if card["kind"] not in GRANTED)
    status, said = call(
        town, "POST", f"/cards/{other['id']}/answer", token, {"answer": "decline", "reason": "x"}
    )
    assert (status, "lead.maria" in said["detail"]) == (422, True)


@pytest.mark.parametrize("token", ["", "ce_forged"])
def test_without_a_token_in_force_nothing_is_told(town: RunningTown, token: str) -> None:
    status, said = call(town, "GET", "/cards", token)
    assert (status, said["title"]) == (401, "Unauthorized")


def test_a_token_that_was_taken_back_opens_nothing(town: RunningTown) -> None:
    token = token_of(town)
    assert call(town, "GET", "/cards", token)[0] == 200
    assert town.run("agents", "revoke", "desk_helper").returncode == 0
    assert call(town, "GET", "/cards", token)[0] == 401


def test_a_decision_is_decided_again_by_a_program(town: RunningTown) -> None:
    token = token_of(town)
    card = call(town, "GET", "/cards", token)[1]["cards"][0]
    status, said = call(town, "POST", f"/decisions/{card['decision']}/recompute", token)
    assert (status, said["agrees"], said["sealed"]) == (200, True, True)
    assert call(town, "GET", f"/cases/{card['case']}", token)[1]["journey"] == "referral_to_visit"
    events = call(town, "GET", "/events", token)[1]["events"]
    assert len(events) == 100


def test_the_api_keeps_its_own_description(town: RunningTown) -> None:
    token = token_of(town)
    api = schemathesis.openapi.from_url(f"{town.base}/api/v1/openapi.json")
    api.config.base_url = f"{town.base}/api/v1"
    faults: list[str] = []
    operations = [one.ok() for one in api.get_all_operations()]
    assert len(operations) >= 11
    for operation in operations:

        @settings(
            max_examples=50, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def keeps(case: schemathesis.Case) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {token}"})

        from hypothesis import given

        try:
            given(case=operation.as_strategy())(keeps)()
        except Exception as error:  # noqa: BLE001  every kind of fault is told together at the end
            faults.append(f"{operation.method} {operation.path}: {str(error)[:600]}")
    assert faults == []
