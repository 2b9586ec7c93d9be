"""Judge policies before they are published: is anything missing, broken, unowned, untested or unclear?"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath

from careengine.policy.book import DatedPolicy, draft, judged
from careengine.policy.cases import CasesRun, Coverage, run_cases
from careengine.policy.file import PolicySource, read_policy
from careengine.policy.findings import BrokenPolicy, Finding
from careengine.policy.plain import Path
from careengine.policy.schemas import PolicySchema, Schemas
from careengine.policy.sources import all_sources, sources_at
from careengine.policy.strict import Place
from careengine.policy.wording import SCHEMA as WORDING


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What ``careengine policy check`` says."""

    policies: int
    cases: int
    findings: tuple[Finding, ...]
    coverage: tuple[Coverage, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing stands in the way of publishing."""
        return not any(finding.blocks for finding in self.findings)


@dataclass(frozen=True, slots=True)
class TestReport:
    """What ``careengine policy test`` says."""

    __test__ = False  # pytest: a report, no test

    runs: tuple[CasesRun, ...]
    findings: tuple[Finding, ...]
    """Policies whose cases could not be run at all."""

    @property
    def cases(self) -> int:
        """How many cases ran."""
        return sum(len(run.results) for run in self.runs)

    @property
    def passed(self) -> bool:
        """Whether every policy keeps every promise of its cases."""
        return not self.findings and not any(run.broken for run in self.runs)


def policy_check(
    schemas: Iterable[PolicySchema], path: FilePath | None = None, *, packs: Iterable[FilePath] = ()
) -> CheckReport:
    """Check the file or folder ``path``, or else the package's policies with ``packs`` laid over them."""
    shapes = Schemas.of(schemas)
    if path is not None:
        return check_sources(sources_at(path), shapes, whole=False)
    return check_sources(all_sources(packs), shapes)


def policy_test(
    schemas: Iterable[PolicySchema], path: FilePath | None = None, *, packs: Iterable[FilePath] = ()
) -> TestReport:
    """Run the cases of the file or folder ``path``, or else of everything, packs included."""
    shapes = Schemas.of(schemas)
    sources = sources_at(path) if path else all_sources(packs)
    runs: list[CasesRun] = []
    findings: list[Finding] = []
    for _, source in sorted(sources.items()):
        try:
            runs.append(run_cases(draft(source, shapes)))
        except BrokenPolicy as broken:
            findings.extend(broken)
    return TestReport(tuple(runs), tuple(findings))


def check_paths(paths: Iterable[FilePath], schemas: Iterable[PolicySchema]) -> list[Finding]:
    """Return all findings on the policies in these files and folders."""
    shapes = Schemas.of(schemas)
    return [
        finding for path in paths for finding in check_sources(sources_at(path), shapes, whole=False).findings
    ]


def check_sources(
    sources: Mapping[str, PolicySource], schemas: Schemas, *, whole: bool = True
) -> CheckReport:
    """Check each policy by itself, and then what only shows when they stand together.

    With ``whole`` the keys are full names; else they may lack the folders above the path given.
    """
    checked = [_checked(name, source, schemas, whole=whole) for name, source in sorted(sources.items())]
    runs = [one.run for one in checked if one.run is not None]
    findings = [finding for one in checked for finding in one.findings]
    findings.extend(_said_twice([one.policy for one in checked if one.policy is not None]))
    return CheckReport(
        policies=len(sources),
        cases=sum(len(run.results) for run in runs),
        findings=tuple(findings),
        coverage=tuple(part for run in runs for part in run.coverage),
    )


def check_source(source: PolicySource, schemas: Schemas) -> tuple[Finding, ...]:
    """Return all findings on one policy: the gate before it is offered for publishing."""
    return _checked("", source, schemas, whole=False).findings


@dataclass(frozen=True, slots=True)
class _Checked:
    findings: tuple[Finding, ...]
    policy: DatedPolicy | None = None
    """The policy, if it can be read and built."""
    run: CasesRun | None = None


def _checked(name: str, source: PolicySource, schemas: Schemas, *, whole: bool) -> _Checked:
    try:
        policy = _read(name, source, schemas, whole=whole)
    except BrokenPolicy as broken:
        return _Checked(broken.findings)
    findings = (*_span_findings(policy), *_gaps(policy))
    if any(finding.blocks for finding in findings):
        return _Checked(findings)
    try:
        run = run_cases(policy)
    except BrokenPolicy as broken:
        return _Checked((*findings, *broken.findings), policy)
    return _Checked((*findings, *_case_findings(policy, run)), policy, run)


def _read(name: str, source: PolicySource, schemas: Schemas, *, whole: bool) -> DatedPolicy:
    file = read_policy(source)
    place = Place(file.name, source.where, file.document)
    if file.name != name and (whole or not f".{file.name}".endswith(f".{name}" if name else "")):
        problem = f"The policy is called {file.name}; by its path it is {name}."
        raise BrokenPolicy([place.finding(("policy",), problem, "Correct the name, or move the file.")])
    if file.schema not in schemas:
        known = ", ".join(sorted(schemas.by_name)) or "none"
        problem = f"No schema {file.schema} is registered."
        raise BrokenPolicy([place.finding(("schema",), problem, f"Use one of: {known}.")])
    return draft(source, schemas)


def _span_findings(policy: DatedPolicy) -> Iterator[Finding]:
    for index in range(len(policy.file.periods)):
        try:
            values = judged(policy.file, index, policy.schema)
            policy.build(index)
        except BrokenPolicy as broken:
            yield from broken.findings
            continue
        if policy.schema.lint is not None:
            base = ("effective", index, "values")
            place = Place(policy.name, policy.file.source.where, policy.file.document, base)
            for field, problem, do in policy.schema.lint(values):
                yield place.finding(_path(field), problem, do)


def _path(field: str | Path) -> Path:
    if isinstance(field, tuple):
        return field
    return tuple(int(part) if part.isdigit() else part for part in field.split("."))


def _gaps(policy: DatedPolicy) -> Iterator[Finding]:
    place = Place(policy.name, policy.file.source.where, policy.file.document)
    for gap in policy.file.gaps():
        problem = f"It says nothing from {gap.start} until {gap.end}."
        do = "If that is meant, leave it; asking on such a day is an error."
        finding = place.finding(("effective",), problem, do)
        yield Finding(finding.policy, finding.where, finding.problem, finding.do, blocks=False)


def _case_findings(policy: DatedPolicy, run: CasesRun) -> Iterator[Finding]:
    for result in run.broken:
        do = "Correct the policy, or the case if the promise has changed."
        yield Finding(policy.name, result.case.where, f"{result.case.name}: {result.problem}.", do)
    where = policy.file.source.where
    for part in run.coverage:
        if not part.cases:
            problem = f"No case looks at the version from {part.since}."
            yield Finding(policy.name, where, problem, "Write a case with a day in it.")
        elif part.unread:
            problem = (
                f"No case reads these values of the version from {part.since}: {', '.join(part.unread)}."
            )
            yield Finding(policy.name, where, problem, "Write a case for each, or remove what nobody needs.")


def _said_twice(policies: Iterable[DatedPolicy]) -> Iterator[Finding]:
    """Find sentences that stand in two wording files: only one of them would be read."""
    first: dict[str, str] = {}
    for policy in policies:
        if policy.schema_name != WORDING:
            continue
        pages = [policy.build(index) for index in range(len(policy.file.periods))]
        codes = {code for page in pages for code in (*page.sentences, *page.questions)}
        for code in sorted(codes):
            if code in first:
                problem = f"The wording of {code} stands in {first[code]} too."
                yield Finding(policy.name, policy.file.source.where, problem, "Keep one of them.")
            first[code] = policy.name
