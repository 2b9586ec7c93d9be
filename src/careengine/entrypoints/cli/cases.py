"""``careengine cases``: the work under way, and one case from its first event to now."""

from typing import Annotated

import typer

from careengine.entrypoints.cli.output import AsJson, command, print_json, say, table
from careengine.entrypoints.cli.tree import branch

app = branch("See the work under way.")


@app.command("list")
@command
def list_(
    *,
    journey: Annotated[str, typer.Option(help="Only cases of this journey.")] = "",
    state: Annotated[str, typer.Option(help="Only cases in this state.")] = "",
    closed: Annotated[
        bool | None, typer.Option("--closed/--open", help="Only closed, or only open ones.")
    ] = None,
    after: Annotated[int, typer.Option(help="Continue after the case of this id.")] = 0,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List cases with owner, next action and due time."""
    from careengine.engine.case_views import list_cases, sums
    from careengine.entrypoints.cli.opened import opened

    with opened() as (_, conn, engine, _access):
        found = list_cases(
            conn, engine, journey=journey, state=state, closed=closed, after=after, limit=limit
        )
        total = sums(conn)
    if as_json:
        for case in found:
            print_json(case)
        print_json(total)
        return
    rows = [(c.id, c.journey, c.state, c.owner, c.awaits, c.due_at, c.outcome) for c in found]
    table("Cases", ("id", "journey", "state", "owner", "awaits", "due (UTC)", "outcome"), rows)
    say(
        f"{total.cases} cases: {total.finished_alone} finished alone, {total.waiting_for_people} waiting for "
        f"people, {total.without_owner} without owner, {total.without_due} without due time."
    )


@app.command()
@command
def show(
    case: Annotated[int, typer.Argument(metavar="ID", help="The case's id.")],
    as_json: AsJson = False,
) -> None:
    """Show one case: where it stands, who has it, and everything that happened."""
    from careengine.engine.case_views import case_called, story_of
    from careengine.entrypoints.cli.opened import opened

    with opened() as (_, conn, engine, _access):
        found = case_called(conn, engine, case)
        story = story_of(conn, engine, case)
    if as_json:
        print_json({"case": found, **story})
        return
    say(f"Case {found.id}, {found.journey} version {found.version}: {found.state}")
    if found.closed_at is None:
        say(f"  owner {found.owner} · awaits {found.awaits} · due {found.due_at} · deadline {found.deadline}")
    else:
        say(f"  closed {found.closed_at} · {found.outcome}")
    steps = [(s["version"], s["at"], s["what"], s["from"], s["to"], s["owner"]) for s in story["steps"]]
    table("Steps", ("version", "at (UTC)", "what", "from", "to", "owner"), steps)
    said = [(d["id"], d["question"], d["answer"], d["route"], d["actor"]) for d in story["decisions"]]
    table("Decisions", ("id", "question", "answer", "route", "by"), said)
    for name in ("cards", "effects"):
        rows = [tuple(row.values()) for row in story[name]]
        table(name.capitalize(), tuple(story[name][0]) if rows else (), rows)
