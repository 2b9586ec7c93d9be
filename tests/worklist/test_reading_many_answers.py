import pytest

from careengine.entrypoints.bulk import NotAnAnswer, answer_of


def test_an_answer_is_read_whole() -> None:
    said = answer_of(
        '{"card": 7, "answer": "accept", "actor": "nurse.ines", "reason": "seen", "version": 2, "now": true}'
    )

    assert (said.card, said.answer, said.actor, said.reason, said.version, said.at_once) == (
        7, "accept", "nurse.ines", "seen", 2, True,
    )  # fmt: skip


@pytest.mark.parametrize("line", [
    "7 accept", "[]", "7", '{"card": 7}', '{"card": "7", "answer": "a", "actor": "b"}',
    '{"card": true, "answer": "a", "actor": "b"}', '{"card": 7, "answer": ["a"], "actor": "b"}',
    '{"card": 7, "answer": "a", "actor": "b", "urgent": true}',
    '{"card": 7, "answer": "a", "actor": "b", "now": "yes"}',
])  # fmt: skip
def test_what_is_no_answer_is_refused_and_never_guessed_at(line: str) -> None:
    with pytest.raises(NotAnAnswer):
        answer_of(line)
