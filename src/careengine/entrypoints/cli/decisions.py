"""``careengine decision`` and ``ledger``: what was decided, decided again, and the chain that proves it."""

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import typer

from careengine.entrypoints.cli.cards import tell
from careengine.entrypoints.cli.output import AsJson, Language, command, print_json, refuse, say
from careengine.entrypoints.cli.reader import Actor, For, reader_of
from careengine.entrypoints.cli.tree import branch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from careengine.engine.recompute import Recomputed
    from careengine.policy.book import PolicyBook
    from careengine.trust.verify import ChainReport

decision = branch("Look into a decision, or decide it again.")
ledger = branch("Prove that nothing recorded was changed.")


@decision.command()
@command
def show(
    number: Annotated[int, typer.Argument(metavar="ID", help="The decision's id.")],
    actor: Actor = "",
    purpose: For = "treatment",
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Show a decision whole: answer, reasons, evidence, policy, how sure it was, what would flip it."""
    from careengine.entrypoints.cli.opened import opened
    from careengine.entrypoints.explaining import explained

    with opened() as (here, conn, engine, access):
        reader = reader_of(here.organisation, actor, purpose)
        found = explained(conn, engine, access, number, language=language, reader=reader)
    tell(found, as_json=as_json)


@decision.command()
@command
def recompute(
    number: Annotated[int | None, typer.Argument(metavar="ID", help="The decision's id.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every decision in the ledger.")] = False,
    as_json: AsJson = False,
) -> None:
    """Decide again on exactly what was seen then, and say whether it comes out the same to the bit."""
    if (number is None) != every:
        raise typer.BadParameter("Give one decision's id, or --all.")
    found = _recomputed(number, quiet=as_json)
    result: dict[str, Any] = {
        "decisions": found.decisions, "agree": found.agree, "differ": found.differ,
        "other_code_version": found.other_code_version, "purged": found.purged,
        "differences": found.differences[:100],
    }  # fmt: skip
    if found.differ:
        first = found.differences[0]
        refuse(
            f"{found.differ} of {found.decisions} decisions differ; first {first.decision}: {first.why}.",
            as_json=as_json, **result,
        )  # fmt: skip
    if as_json:
        print_json(result)
    else:
        say(f"{found.decisions} decisions decided again, {found.agree} agree to the bit.")


@ledger.command()
@command
def verify(as_json: AsJson = False) -> None:
    """Verify the whole chain: every link, every block, every decision, input and audit row."""
    from careengine.entrypoints.cli.opened import opened
    from careengine.entrypoints.cli.progress import counting
    from careengine.trust.verify import verify as verify_chain

    with opened() as (_, conn, _engine, _access), counting("Verifying", quiet=as_json) as progress:
        report = verify_chain(conn, progress=progress)
    if not report.ok:
        refuse(
            f"The ledger does not verify: {len(report.faults)} faults, the first: {report.faults[0]}.",
            as_json=as_json, ok=False, **_fields(report),
        )  # fmt: skip
    if as_json:
        print_json({"ok": True, **_fields(report)})
    else:
        say(
            f"The ledger verifies: {report.blocks} blocks, {report.decisions} decisions, "
            f"{report.audits} readings."
        )


def _fields(report: "ChainReport") -> dict[str, Any]:
    return {field.name: getattr(report, field.name) for field in dataclasses.fields(report)}


def _recomputed(number: int | None, *, quiet: bool) -> "Recomputed":
    from careengine.engine.recompute import recompute as decide_again
    from careengine.entrypoints.cli.opened import opened
    from careengine.entrypoints.cli.progress import counting
    from careengine.entrypoints.compose import BY_VERSION, pinned

    with opened() as (_, conn, engine, _access), counting("Deciding again", quiet=quiet) as progress:
        books: dict[tuple[tuple[str, int], ...], PolicyBook] = {}

        def book(pins: "Mapping[str, int]") -> "PolicyBook":
            key = tuple(sorted(pins.items()))
            if key not in books:
                books[key] = pinned(conn, engine.book, pins)
            return books[key]

        return decide_again(
            conn, BY_VERSION, book, code_version=engine.code_version, only=number, progress=progress
        )
