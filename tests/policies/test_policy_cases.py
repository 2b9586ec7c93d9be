"""Every case beside a policy is a test, and every policy passes the check that publishing asks for."""

from functools import cache
from importlib.resources import files

import pytest

from careengine.entrypoints.compose import POLICY_SCHEMAS
from careengine.kernel.errors import CareError
from careengine.policy.book import draft
from careengine.policy.cases import run_cases
from careengine.policy.check import check_sources
from careengine.policy.schemas import Schemas
from careengine.policy.sources import package_sources

SOURCES = package_sources()
SCHEMAS = Schemas.of(POLICY_SCHEMAS)


@cache
def _results(name: str) -> dict[str, str]:
    """Return what is wrong with each case by its name: nothing, when the promise is kept."""
    try:
        run = run_cases(draft(SOURCES[name], SCHEMAS))
    except CareError as broken:
        return {"the cases can be run": str(broken)}
    return {result.case.name: result.problem for result in run.results}


CASES = [
    pytest.param(name, case, id=f"{name}: {case}") for name in sorted(SOURCES) for case in _results(name)
]


@pytest.mark.parametrize(("policy", "case"), CASES)
def test_the_policy_answers_as_its_case_says(policy: str, case: str) -> None:
    assert _results(policy)[case] == ""


def test_every_policy_could_be_published_as_it_is() -> None:
    report = check_sources(SOURCES, SCHEMAS)

    assert [str(finding) for finding in report.findings if finding.blocks] == []
    assert report.policies == len(SOURCES)


def test_the_policies_are_package_data_and_no_package() -> None:
    folder = files("careengine").joinpath("policies")

    assert folder.is_dir()
    assert not folder.joinpath("__init__.py").is_file()
