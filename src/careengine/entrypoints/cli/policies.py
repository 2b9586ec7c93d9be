"""``careengine policy``: check, test and compare the rules, numbers and wording that steer the work."""

from pathlib import Path
from typing import Annotated

import typer

from careengine.entrypoints.cli.output import AsJson, command, print_json, refuse, say, table

app = typer.Typer(help="Check, test and compare policies.", no_args_is_help=True)
Where = Annotated[
    Path | None, typer.Argument(help="A policy file or a directory; by default the package's own.")
]


@app.command()
@command
def check(path: Where = None, as_json: AsJson = False) -> None:
    """Check policies: complete, owned, referenced, dated without overlap, every cell and every case."""
    from careengine.entrypoints.compose import SCHEMAS
    from careengine.policy.check import check_sources
    from careengine.policy.sources import all_sources, sources_at

    sources = sources_at(path) if path else all_sources()
    findings = check_sources(sources, SCHEMAS)
    if findings:
        if not as_json:
            table(
                "Findings",
                ("policy", "where", "problem", "do"),
                [(f.policy, f.where, f.problem, f.do) for f in findings],
            )
        refuse(f"{len(findings)} findings in {len(sources)} policies.", as_json=as_json, findings=findings)
    _done(
        {"policies": len(sources), "findings": []},
        f"{len(sources)} policies, nothing wrong.",
        as_json=as_json,
    )


@app.command("test")
@command
def run_cases_of(path: Where = None, as_json: AsJson = False) -> None:
    """Run every policy's own cases."""
    from careengine.entrypoints.compose import SCHEMAS
    from careengine.policy.cases import run_cases
    from careengine.policy.sources import all_sources, sources_at

    results = run_cases(sources_at(path) if path else all_sources(), SCHEMAS)
    failed = [result for result in results if not result.ok]
    if failed:
        if not as_json:
            table("Failed", ("policy", "case", "why"), [(r.policy, r.case, r.why) for r in failed])
        refuse(
            f"{len(failed)} of {len(results)} cases fail.", as_json=as_json, cases=len(results), failed=failed
        )
    _done({"cases": len(results), "failed": []}, f"{len(results)} cases, all hold.", as_json=as_json)


@app.command()
@command
def diff(
    name: Annotated[str, typer.Argument(help="The policy's name, like access.acknowledge_referral.")],
    before: Annotated[
        int | None, typer.Option("--from", help="A published version; by default the live one.")
    ] = None,
    after: Annotated[str, typer.Option("--to", help="Another version's number, or a draft file.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say in sentences what differs between two versions of a policy, or between a version and a draft."""
    from careengine.entrypoints.cli.opened import opened
    from careengine.entrypoints.compose import SCHEMAS
    from careengine.policy.diff import compare

    with opened() as (_, conn, _engine, _access):
        sentences = compare(conn, SCHEMAS, name, before=before, after=after)
    if as_json:
        print_json({"policy": name, "differences": sentences})
    elif sentences:
        for sentence in sentences:
            say(sentence)
    else:
        say(f"{name}: no difference.")


def _done(result: object, sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        say(sentence)
