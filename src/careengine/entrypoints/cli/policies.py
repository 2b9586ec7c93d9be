"""``careengine policy``: check, test and compare the rules, numbers and wording that steer the work."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from careengine.entrypoints.cli.output import AsJson, command, print_json, refuse, say, table
from careengine.entrypoints.cli.tree import branch

if TYPE_CHECKING:
    from careengine.policy.file import PolicySource

app = branch("Check, test and compare policies.")
Where = Annotated[
    Path | None, typer.Argument(help="A policy file or a directory; by default the package's own.")
]


@app.command()
@command
def check(path: Where = None, as_json: AsJson = False) -> None:
    """Check policies: complete, owned, referenced, dated without overlap, every cell and every case."""
    from careengine.entrypoints.compose import POLICY_SCHEMAS
    from careengine.policy.check import policy_check

    report = policy_check(POLICY_SCHEMAS, path)
    if report.findings and not as_json:
        table("Findings", ("where", "problem", "do"), [(f.where, f.problem, f.do) for f in report.findings])
    if not report.passed:
        blocking = sum(finding.blocks for finding in report.findings)
        refuse(
            f"{blocking} findings in {report.policies} policies stand in the way of publishing.",
            as_json=as_json,
            policies=report.policies,
            findings=report.findings,
        )
    if as_json:
        print_json(report)
    else:
        say(f"{report.policies} policies and {report.cases} cases: nothing stands in the way of publishing.")


@app.command("test")
@command
def run_cases(path: Where = None, as_json: AsJson = False) -> None:
    """Run every policy's own cases."""
    from careengine.entrypoints.compose import POLICY_SCHEMAS
    from careengine.policy.check import policy_test

    report = policy_test(POLICY_SCHEMAS, path)
    broken = [
        {"policy": run.policy, "where": result.case.where, "case": result.case.name, "why": result.problem}
        for run in report.runs
        for result in run.broken
    ]
    if not report.passed:
        if not as_json:
            rows = [tuple(one.values()) for one in broken]
            rows += [(f.policy, f.where, "", f"{f.problem} {f.do}") for f in report.findings]
            table("Promises not kept", ("policy", "where", "case", "why"), rows)
        wrong = len(broken) + len(report.findings)
        refuse(
            f"{report.cases} cases ran; {wrong} are not kept or could not be run.",
            as_json=as_json,
            cases=report.cases,
            broken=broken,
            findings=report.findings,
        )
    if as_json:
        print_json({"cases": report.cases, "broken": []})
    else:
        say(f"{report.cases} cases in {len(report.runs)} policies: every promise is kept.")


@app.command()
@command
def diff(
    name: Annotated[str, typer.Argument(help="The policy's name, like access.acknowledge_referral.")],
    before: Annotated[
        int | None, typer.Option("--from", help="A published version; by default the live one.")
    ] = None,
    after: Annotated[
        str,
        typer.Option("--to", help="Another version's number, or a draft's file; by default the file in use."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Say in sentences what differs between two versions of a policy, or between a version and a draft."""
    from careengine.entrypoints.cli.opened import opened
    from careengine.policy.diff import policy_diff

    with opened() as (here, conn, _engine, _access):
        to = int(after) if after.isdecimal() else _draft(name, after, here.organisation.packs)
        found = policy_diff(conn, name, from_=before, to=to)
    if as_json:
        print_json(found)
        return
    for change in found.changes:
        say(change.sentence)
    against = f"version {found.after}" if found.after else "the draft"
    say(f"{name}: {len(found.changes)} differences between version {found.before} and {against}.")


def _draft(name: str, path: str, packs: Iterable[Path]) -> "PolicySource":
    from careengine.policy.findings import UnknownPolicy
    from careengine.policy.sources import all_sources, sources_at

    sources = sources_at(Path(path)) if path else all_sources(packs)
    source = sources.get(name) or (next(iter(sources.values())) if len(sources) == 1 else None)
    if source is None:
        raise UnknownPolicy(f"No file states {name}. Correct the name, or give --to a file.")
    return source
