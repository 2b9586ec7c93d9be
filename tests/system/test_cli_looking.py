"""Cases, decisions, the ledger, journeys and policies, as programs read them from the last line."""

import pytest
from command_line import CommandLine, Worklist


def test_the_sums_add_up_and_nobody_is_without_owner_or_due_time(careengine: CommandLine) -> None:
    total = careengine("summary", "--json")
    assert total.code == 0
    assert total.last["cases"] > 15
    assert total.last["finished_alone"] + total.last["open"] <= total.last["cases"]
    assert (total.last["without_owner"], total.last["without_due"]) == (0, 0)
    assert total.last["ledger_ok"] is True
    assert set(total.last["cards"]) <= {"access", "nurses", "integration"}


def test_a_case_is_listed_with_owner_next_action_and_due_time(careengine: CommandLine) -> None:
    listed = careengine("cases", "list", "--open", "--limit", 1000, "--json")
    assert listed.last["waiting_for_people"] > 5
    for case in listed.lines[:-1]:
        assert all(case[known] for known in ("owner", "awaits", "due_at", "deadline"))


def test_a_long_list_goes_on_after_the_last_id(careengine: CommandLine) -> None:
    every = [case["id"] for case in careengine("cases", "list", "--limit", 1000, "--json").lines[:-1]]
    first = careengine("cases", "list", "--limit", 4, "--json").lines[:-1]
    rest = careengine("cases", "list", "--limit", 1000, "--after", first[-1]["id"], "--json").lines[:-1]
    assert [case["id"] for case in (*first, *rest)] == every


def test_a_case_tells_its_story(careengine: CommandLine, worklist: Worklist) -> None:
    number = worklist.of("referrals.clinic")["case"]
    found = careengine("cases", "show", number, "--json").last
    assert found["case"]["id"] == number
    assert [step["version"] for step in found["steps"]] == list(range(1, len(found["steps"]) + 1))
    assert found["decisions"][-1]["question"] == "referrals.clinic"
    assert found["cards"][0]["kind"] == "referrals.clinic"


def test_a_decision_is_explained_whole(careengine: CommandLine, worklist: Worklist) -> None:
    card = worklist.of("referrals.clinic")
    found = careengine("decision", "show", card["decision"], "--json").last
    assert (found["question"], found["route"], found["actor_kind"]) == ("referrals.clinic", "ask", "software")
    assert found["policy"]["name"] == "referrals.clinics"
    assert all(found[known] for known in ("because", "says", "evidence", "code_version"))
    assert "no words" not in " ".join(found["sentences"])


def test_every_decision_comes_out_the_same_when_decided_again(careengine: CommandLine) -> None:
    found = careengine("decision", "recompute", "--all", "--json")
    assert found.code == 0
    assert found.last["agree"] == found.last["decisions"] > 50
    assert (found.last["differ"], found.last["other_code_version"]) == (0, 0)


def test_one_decision_can_be_decided_again(careengine: CommandLine, worklist: Worklist) -> None:
    card = worklist.cards[0]
    found = careengine("decision", "recompute", card["decision"], "--json")
    assert (found.last["decisions"], found.last["agree"]) == (1, 1)


def test_the_ledger_verifies_and_shows_its_head(careengine: CommandLine) -> None:
    found = careengine("ledger", "verify", "--json")
    assert found.code == 0
    assert found.last["ok"] is True
    assert found.last["faults"] == []
    assert len(found.last["head"]["hash"]) == 64
    assert found.last["decisions"] > 50


def test_journeys_are_listed_drawn_and_checked(prepared: CommandLine) -> None:
    listed = prepared("journeys", "list", "--json")
    assert {journey["name"] for journey in listed.lines[:-1]} >= {"referral_acknowledged", "event_to_place"}
    for journey in listed.lines[:-1]:
        drawn = prepared("journeys", "draw", journey["name"], "--json")
        assert drawn.last["mermaid"].startswith("stateDiagram-v2")
    assert prepared("journeys", "check", "--json").last["problems"] == []


def test_policies_are_checked_tested_and_compared(prepared: CommandLine) -> None:
    checked = prepared("policy", "check", "--json")
    assert (checked.code, checked.last["findings"]) == (0, [])
    tested = prepared("policy", "test", "--json")
    assert (tested.code, tested.last["broken"]) == (0, [])
    same = prepared("policy", "diff", "access.acknowledge_referral", "--json")
    assert (same.code, same.last["changes"]) == (0, [])


@pytest.mark.parametrize("asked", [
    ("cases", "show", "5"), ("cards", "show", "5"), ("decision", "show", "5"),
    ("decision", "recompute", "5"), ("journeys", "draw", "nowhere"), ("policy", "diff", "no.policy"),
    ("cases", "list", "--journey", "nowhere"), ("import", "/no/such/file"),
    ("cards", "decide", "5", "yes", "--actor", "desk.rosa"), ("cards", "undo", "5", "--actor", "desk.rosa"),
])  # fmt: skip
def test_what_is_not_there_is_refused_in_one_sentence(prepared: CommandLine, asked: tuple[str, ...]) -> None:
    found = prepared(*asked, "--json")
    assert found.code == 1
    assert found.last["error"].endswith(".")


def test_people_and_programs_read_the_same_refusal(prepared: CommandLine) -> None:
    as_json, for_people = prepared("cases", "show", 5, "--json"), prepared("cases", "show", 5)
    assert for_people.code == 1
    assert for_people.err.strip() == as_json.last["error"]
