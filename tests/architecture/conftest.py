"""What every test of the repository itself looks at: its files, parsed once."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_CACHES = {".hypothesis", ".mypy_cache", ".ruff_cache", ".import_linter_cache", "__pycache__"}
_SKIPPED = {".git", "var", "build", "dist", *_CACHES}


@cache
def _files() -> tuple[Path, ...]:
    return tuple(sorted(_below(ROOT)))


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in _SKIPPED or path.name.startswith(".venv"):
            continue
        if path.is_dir():
            yield from _below(path)
        else:
            yield path


@cache
def _parsed() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in _files() if path.suffix == ".py"}


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the repository's folder."""
    return ROOT


@pytest.fixture(scope="session")
def files() -> tuple[Path, ...]:
    """Return every file that belongs to the repository."""
    return _files()


@pytest.fixture(scope="session")
def modules() -> Mapping[Path, ast.Module]:
    """Return every Python file, parsed."""
    return _parsed()
