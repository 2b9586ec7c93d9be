"""The questionnaire that patients are sent, and whether answers fit it."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from careengine.kernel.errors import Refused

Item = Mapping[str, Any]
_MOST_REPEATS = 40
_LONGEST = 1000


class AnswersRefused(Refused):
    """The answers do not fit the questionnaire; the message names the question, never the answer."""


@cache
def questionnaire() -> Mapping[str, Any]:
    """Return the Questionnaire resource as it is shipped."""
    shipped = files("careengine.capabilities.registration").joinpath("intake.json").read_bytes()
    found: dict[str, Any] = orjson.loads(shipped)
    return found


@cache
def canonical() -> str:
    """Return the name and version by which answers say which questionnaire they answer."""
    said = questionnaire()
    return f"{said['url']}|{said['version']}"


def questions() -> Sequence[Item]:
    """Return the questions in order."""
    asked: Sequence[Item] = questionnaire()["item"]
    return asked


def answers_of(items: Sequence[Item]) -> Mapping[str, Sequence[Item]]:
    """Return each question's answers by its link."""
    return {str(one.get("linkId")): one.get("answer") or () for one in items}


def applying(given: Mapping[str, Sequence[Item]]) -> Sequence[Item]:
    """Return the questions that apply once these are answered, in order."""
    return tuple(_applying(given))


def progress(items: Sequence[Item]) -> tuple[int, int]:
    """Return how many of the questions that apply and must be answered are answered, and how many apply."""
    given = answers_of(items)
    needed = [one for one in _applying(given) if one.get("required")]
    return sum(bool(given.get(one["linkId"])) for one in needed), len(needed)


def checked(items: Sequence[Item], *, finished: bool) -> list[Item]:
    """Return the answers that apply, in the questionnaire's order; raises :class:`AnswersRefused`.

    An answer to a question that no longer applies (no allergies after all) is left out.
    """
    known = {one["linkId"]: one for one in questions()}
    for item in items:
        link = item.get("linkId") if isinstance(item, Mapping) else None
        if link not in known:
            raise AnswersRefused("An answer names no question of this questionnaire. Fetch it again.")
        _refuse_unfit(known[link], item.get("answer"))
    given = answers_of(items)
    if len(given) != len(items):
        raise AnswersRefused("A question is answered twice. Send each once, with all its answers.")
    applying = list(_applying(given))
    missing = [one["linkId"] for one in applying if one.get("required") and not given.get(one["linkId"])]
    if finished and missing:
        raise AnswersRefused(f"Not yet answered: {', '.join(missing)}. Answer them, or save as in progress.")
    return [
        {"linkId": one["linkId"], "answer": list(given[one["linkId"]])}
        for one in applying
        if given.get(one["linkId"])
    ]


def _applying(given: Mapping[str, Sequence[Item]]) -> Iterator[Item]:
    for one in questions():
        conditions = one.get("enableWhen", ())
        if all(_holds(condition, given) for condition in conditions):
            yield one


def _holds(condition: Item, given: Mapping[str, Sequence[Item]]) -> bool:
    answers = given.get(condition["question"], ())
    return any(answer.get("valueBoolean") is condition["answerBoolean"] for answer in answers)


def _refuse_unfit(question: Item, answers: object) -> None:
    link = question["linkId"]
    if not isinstance(answers, list) or not all(isinstance(one, Mapping) for one in answers):
        raise AnswersRefused(f"The answer to {link} must be a list of answers.")
    if len(answers) > (_MOST_REPEATS if question.get("repeats") else 1):
        raise AnswersRefused(f"There are too many answers to {link}.")
    for answer in answers:
        if not _fits(question, answer):
            raise AnswersRefused(f"An answer to {link} is of another kind than asked, too long, or empty.")


def _fits(question: Item, answer: Item) -> bool:
    if len(answer) != 1:
        return False
    (kind, value), *_ = answer.items()
    match question["type"], kind:
        case "boolean", "valueBoolean":
            return isinstance(value, bool)
        case (("string" | "text" | "open-choice"), "valueString"):
            longest = question.get("maxLength", _LONGEST)
            return isinstance(value, str) and bool(value.strip()) and len(value) <= longest
        case (("choice" | "open-choice"), "valueCoding"):
            return isinstance(value, Mapping) and _offered(question, value)
    return False


def _offered(question: Item, coding: Mapping[str, Any]) -> bool:
    """Only a code that was offered is a code; anything else is words."""
    offered = {(o["valueCoding"]["system"], o["valueCoding"]["code"]) for o in question["answerOption"]}
    return (coding.get("system"), coding.get("code")) in offered and set(coding) <= {
        "system",
        "code",
        "display",
    }
