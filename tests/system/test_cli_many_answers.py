"""Many answers in one go: each taken or refused by itself, and told by its line."""

import json
import subprocess

from command_line import EXECUTABLE, CommandLine, Worklist


def an_answer(card: object, answer: str = "accept_without", **more: object) -> str:
    return json.dumps({"card": card, "answer": answer, "actor": "desk.tom", "reason": "Rang them.", **more})


def test_each_answer_of_a_file_is_taken_or_refused_by_itself(
    careengine: CommandLine, worklist: Worklist
) -> None:
    first, second = [card for card in worklist.cards if card["kind"] == "referrals.completeness"][-2:]
    answers = careengine.home / "answers.jsonl"
    lines = [
        an_answer(first["id"], now=True), "", "no answer at all", an_answer(5),
        an_answer(second["id"], "maybe"), an_answer(first["id"]),
        an_answer(second["id"], version=second["version"], now=True),
    ]  # fmt: skip
    answers.write_text("\n".join(lines))

    told = careengine("cards", "decide", "--from-file", answers, "--json")

    assert told.code == 1
    assert {"taken": 2, "not_taken": 4}.items() <= told.last.items()
    assert [one.get("line") for one in told.lines[:-1]] == [None, 3, 4, 5, 6, None]
    assert [one["card"] for one in told.lines[:-1]] == [
        first["id"], None, 5, second["id"], first["id"], second["id"],
    ]  # fmt: skip
    assert "JSON" in told.lines[1]["error"]
    assert told.lines[3]["refused"] == "UnlistedAnswer"
    assert "desk.tom" in told.lines[4]["error"]


def test_answers_are_taken_as_they_come_while_the_pipe_stays_open(careengine: CommandLine) -> None:
    command = [EXECUTABLE, "cards", "decide", "--from-file", "-", "--json"]
    with subprocess.Popen(  # noqa: S603  our own program
        command, env=careengine.environ, cwd=careengine.home, text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as running:  # fmt: skip
        assert running.stdin is not None
        assert running.stdout is not None
        for number in (5, 6):
            running.stdin.write(an_answer(number) + "\n")
            running.stdin.flush()
            assert json.loads(running.stdout.readline())["card"] == number
        running.stdin.write('{"list": true}\n')
        running.stdin.flush()
        assert {card["id"] for card in json.loads(running.stdout.readline())["cards"]}
        running.stdin.close()
        assert json.loads(running.stdout.readline())["not_taken"] == 2


def test_a_file_and_an_answer_at_once_or_neither_is_wrong_use(prepared: CommandLine) -> None:
    empty = prepared.home / "none.jsonl"
    empty.write_text("")

    assert prepared("cards", "decide", "5", "yes", "--from-file", empty, "--json").code == 2
    assert prepared("cards", "decide", "--from-file", prepared.home / "no-such-file", "--json").code == 2
    assert prepared("cards", "decide", "5", "--actor", "desk.rosa", "--json").code == 2
    assert prepared("cards", "decide", "--from-file", empty, "--json").last == {"taken": 0, "not_taken": 0}
