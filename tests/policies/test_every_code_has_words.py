"""No person ever reads a bare code: each reason and question that the software can give has its sentence."""

import ast
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest

import careengine
from careengine.entrypoints.compose import JOURNEYS
from careengine.policy.book import book_of
from careengine.policy.schemas import Schemas
from careengine.policy.sources import package_sources
from careengine.policy.wording import WORDING_SCHEMAS, Wording, WordingPage

DAY = date(2026, 3, 2)
SAYS = {"Reason", "because", "_asking"}


@cache
def _pages() -> tuple[WordingPage, ...]:
    wordings = {name: one for name, one in package_sources().items() if "\nschema: wording\n" in one.text}
    book = book_of(wordings, Schemas.of(WORDING_SCHEMAS))
    Wording(book, DAY)  # no sentence stands in two files
    return tuple(policy.on(DAY) for policy in book.with_schema("wording"))


def _code_and_file() -> Iterator[object]:
    root = Path(careengine.__file__).parent
    found = {
        (code, str(file.relative_to(root)))
        for file in root.rglob("*.py")
        for code in _codes(ast.parse(file.read_text()))
    }
    for code, file in sorted(found):
        yield pytest.param(code, id=f"{code} in {file}")


def _codes(tree: ast.AST) -> Iterator[str]:
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        says = isinstance(call.func, ast.Name) and call.func.id in SAYS
        told = call.args if says else [word.value for word in call.keywords if word.arg == "question"]
        for argument in told:
            if (
                isinstance(argument, ast.Constant)
                and isinstance(argument.value, str)
                and "." in argument.value
            ):
                yield argument.value


def _awaited() -> list[object]:
    codes = {state.awaits for journey in JOURNEYS for state in journey.states.values()} | {"nothing"}
    return [pytest.param(f"awaits.{code}", id=f"what is awaited: {code}") for code in sorted(codes)]


@pytest.mark.parametrize("code", [*_awaited(), *_code_and_file()])
def test_the_code_has_words(code: str) -> None:
    assert any(code in page.sentences or code in page.questions for page in _pages())


def _given() -> list[object]:
    """Return each reason whose parameters can be read off the code, with their names."""
    root = Path(careengine.__file__).parent
    found = [one for file in sorted(root.rglob("*.py")) for one in _parameters(ast.parse(file.read_text()))]
    return [
        pytest.param(code, names, id=f"{code} with {', '.join(sorted(names))}")
        for code, names in sorted({*found}, key=_in_order)
    ]


def _in_order(one: tuple[str, frozenset[str]]) -> tuple[str, list[str]]:
    return one[0], sorted(one[1])


def _parameters(tree: ast.AST) -> Iterator[tuple[str, frozenset[str]]]:
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in SAYS):
            continue
        *_, code = [None, *(one.value for one in call.args if isinstance(one, ast.Constant))]
        others = [one for one in call.args if not isinstance(one, ast.Constant)]
        if isinstance(code, str) and not others:
            yield code, frozenset(word.arg for word in call.keywords if word.arg)
        elif isinstance(code, str) and isinstance(others[0], ast.Dict):
            keys = [key.value for key in others[0].keys if isinstance(key, ast.Constant)]
            yield code, frozenset(str(key) for key in keys)


@pytest.mark.parametrize(("code", "given"), _given())
def test_a_reason_carries_every_parameter_its_sentence_names(code: str, given: frozenset[str]) -> None:
    sentences = [said for page in _pages() for said in page.sentences.get(code, {}).values()]

    assert {name for said in sentences for name in re.findall(r"\{(\w+)\}", said)} <= given
