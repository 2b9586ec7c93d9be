import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import grimp
import pytest

HOME = "careengine"
REFERRALS = "careengine.capabilities.referrals"
PLANTED = {
    "Imports point down the house": ("policy/planted.py", "careengine.worklist"),
    "Capabilities never import each other": ("capabilities/planted/__init__.py", REFERRALS),
    "Front door only; the wiring door for entrypoints": ("journeys/planted.py", f"{REFERRALS}.model"),
    "Inside a capability": ("capabilities/planted/model.py", "careengine.capabilities.planted.rules"),
    "Journeys, front doors, rules and models are pure": ("journeys/planted.py", "psycopg"),
    "The record is read only through trust": ("engine/planted.py", "careengine.record.read"),
    "caretown imports only wire and kernel": ("../caretown/planted.py", "careengine.engine.case"),
    "CareEngine never imports the town": ("engine/planted.py", "caretown.truth"),
    "Front doors are pure": ("capabilities/planted/__init__.py", "careengine.runtime.database"),
    "Only inference may touch a model library": ("engine/planted.py", "sklearn"),
}
"""Contract → where an import is planted, and what it imports."""


def lint(root: Path, source: Path) -> "subprocess.CompletedProcess[str]":
    linter = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(  # noqa: S603  the linter of this environment, on our own files
        [linter, "--no-cache", "--config", root / ".importlinter"],
        cwd=source,
        env={"PYTHONPATH": str(source), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def plant(source: Path, path: str, imported: str) -> None:
    capability = source / HOME / "capabilities" / "planted"
    capability.mkdir()
    for name in ("__init__.py", "rules.py"):
        (capability / name).write_text('"""Planted."""\n')
    (source / HOME / path).write_text(f'"""Planted."""\n\nimport {imported}\n')


def test_every_import_contract_is_kept(root: Path) -> None:
    ran = lint(root, root / "src")

    assert ran.returncode == 0, ran.stdout[-4000:]


@pytest.mark.parametrize("contract", PLANTED)
def test_a_planted_import_breaks_its_contract(root: Path, tmp_path: Path, contract: str) -> None:
    source = tmp_path / "src"
    shutil.copytree(root / "src", source, ignore=shutil.ignore_patterns("*.gz", "*.json", "__pycache__"))
    plant(source, *PLANTED[contract])

    ran = lint(root, source)

    assert f"{contract} BROKEN" in ran.stdout, ran.stdout[-3000:]


def outside(package: str, allowed: Iterable[str]) -> set[str]:
    graph = grimp.build_graph("careengine", include_external_packages=True, cache_dir=None)
    inside = {package, *graph.find_descendants(package)}
    imported = {name for module in inside for name in graph.find_modules_directly_imported_by(module)}
    return {name for name in imported - inside if name.split(".")[0] not in allowed}


def test_the_kernel_imports_the_standard_library_only() -> None:
    assert outside("careengine.kernel", sys.stdlib_module_names) == set()


def test_packages_that_python_runs_unseen_are_empty(root: Path) -> None:
    for package in ("engine", "journeys", "capabilities"):
        assert (root / "src" / "careengine" / package / "__init__.py").read_bytes() == b""


IMPORT_ALL = """
import importlib, pkgutil, sys
import careengine.capabilities, careengine.journeys
for home in (careengine.journeys, careengine.capabilities):
    for found in pkgutil.iter_modules(home.__path__):
        importlib.import_module(f"{home.__name__}.{found.name}")
drivers = {"psycopg", "django", "dbos", "zen", "httpx", "urllib3"}
sockets = {"socket", "_socket", "ssl", "asyncio", "http.client"}
ours = [name for name in sys.modules if name.startswith("careengine.")]
print(" ".join(sorted((drivers | sockets) & set(sys.modules))), "|", len(ours))
"""


def test_journeys_and_front_doors_load_no_driver_and_no_socket() -> None:
    command = [sys.executable, "-c", IMPORT_ALL]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  our own words
    heavy, ours = ran.stdout.split("|")

    assert heavy.strip() == ""
    assert int(ours) > 5, "it imported something"
