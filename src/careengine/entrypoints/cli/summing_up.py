"""``careengine summary``: where all the work stands, and whether the ledger proves it."""

import typer

from careengine.entrypoints.cli.output import AsJson, command, print_json, refuse, say, table


def add_to(app: typer.Typer) -> None:
    """Register the command on the tree's root."""
    app.command("summary")(command(summary))


def summary(as_json: AsJson = False) -> None:
    """Add up cases and cards, and verify the ledger."""
    from careengine.engine.case_views import sums, waiting_by_team
    from careengine.entrypoints.cli.opened import opened
    from careengine.entrypoints.cli.progress import counting
    from careengine.trust.verify import verify

    with opened() as (_, conn, engine, _access), counting("Verifying", quiet=as_json) as progress:
        total = sums(conn)
        waiting = waiting_by_team(conn, engine)
        conn.commit()
        report = verify(conn, progress)
    found = {
        "cases": total.cases, "open": total.open, "finished_alone": total.finished_alone,
        "waiting_for_people": total.waiting_for_people, "without_owner": total.without_owner,
        "without_due": total.without_due, "cards": waiting, "decisions": report.decisions,
        "ledger_ok": report.ok,
    }  # fmt: skip
    if not as_json:
        say(told(found))
        table("Open cards", ("team", "cards"), sorted(waiting.items()))
    lost = total.without_owner + total.without_due
    if lost or not report.ok:
        refuse(
            f"{lost} cases have no owner or no due time; the ledger has {len(report.faults)} faults.",
            as_json=as_json, **found,
        )  # fmt: skip
    if as_json:
        print_json(found)


def told(found: dict[str, object]) -> str:
    """Return the sums as a sentence."""
    holds = "verifies" if found["ledger_ok"] else "does NOT verify"
    return (
        f"{found['cases']} cases, {found['open']} of them open: {found['finished_alone']} finished alone, "
        f"{found['waiting_for_people']} waiting for people, {found['without_owner']} without owner, "
        f"{found['without_due']} without due time. {found['decisions']} decisions; the ledger {holds}."
    )
