"""No person ever reads a bare code: each reason and question that the software can give has its sentence."""

import ast
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest

import careengine
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


@pytest.mark.parametrize("code", [*_code_and_file()])
def test_the_code_has_words(code: str) -> None:
    assert any(code in page.sentences or code in page.questions for page in _pages())
