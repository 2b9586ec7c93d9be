"""Commands that set up and run an installation: init, import, worker, serve, doctor, migrate-cases, down."""

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from careengine.entrypoints.cli.output import AsJson, command, print_json, refuse, say, table

if TYPE_CHECKING:
    pass


def add_to(app: typer.Typer) -> None:
    """Register the commands on the tree's root."""
    app.command("init")(command(init))
    app.command("import")(command(import_))
    app.command("worker")(command(worker))
    app.command("serve")(command(serve))
    app.command("doctor")(command(doctor))
    app.command("migrate-cases")(command(migrate_cases))
    app.command("down")(command(down))


def init(as_json: AsJson = False) -> None:
    """Make or bring up to date the database: tables, partitions, codes, and the package's policies."""
    from careengine.entrypoints.compose import installation, prepare

    here = installation()
    found = prepare(here)
    waiting = [f"{name} version {version}" for name, version in found.available]
    if as_json:
        print_json(
            {"organisation": here.organisation.name, "published": found.published, "available": waiting}
        )
        return
    say(f"{here.organisation.name} is ready: {len(found.published)} policies published.")
    for one in waiting:
        say(f"A newer text of {one} came with this release; your live version stays until it is published.")


def import_(
    paths: Annotated[list[Path], typer.Argument(help="Files or directories: Bundles, NDJSON, also gzipped.")],
    as_json: AsJson = False,
) -> None:
    """Import FHIR R4 resources, checked, keeping the sender's ids. A second run stores nothing new."""
    from careengine.entrypoints.cli.progress import counting
    from careengine.entrypoints.compose import installation
    from careengine.record.importing import import_paths

    here = installation()
    with counting("Importing entries", quiet=as_json) as progress:
        report = import_paths(here.url, paths, progress=progress)
    summary = {
        "read": report.read, "stored": report.stored, "unchanged": report.unchanged,
        "refused": report.refused, "refusals": report.refusals,
    }  # fmt: skip
    if report.refused or report.refusals:
        if not as_json:
            rows = [(r.file, r.entry, r.reason) for r in report.refusals[:50]]
            table("Refused", ("file", "entry", "reason"), rows)
        refuse(f"{report.refused} of {report.read} entries were refused.", as_json=as_json, **summary)
    if as_json:
        print_json(summary)
    else:
        say(f"{report.read} entries read: {report.stored} stored, {report.unchanged} unchanged.")


def worker(
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="Stop when nothing is left to do now.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Carry cases: read the record's changes, route events, advance cases, send what is due."""
    from careengine.entrypoints.compose import installation
    from careengine.entrypoints.working import working

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    counts = working(installation(), stop=stop, until_idle=until_idle)
    if as_json:
        print_json(counts)
    else:
        say(
            f"{counts.advanced} steps, {counts.decisions} decisions, {counts.cards} cards, "
            f"{counts.effects} effects."
        )


def serve(
    port: Annotated[int, typer.Option(help="Port on this machine.", min=1, max=65535)] = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Serve FHIR over HTTP, with /healthz and /readyz."""
    from careengine.entrypoints.api.serving import serve as serve_api
    from careengine.entrypoints.compose import installation

    serve_api(installation(), host=host, port=port)


def doctor(as_json: AsJson = False) -> None:
    """Check that this installation is fit for what it is used for, and say what to mend."""
    from careengine.entrypoints.compose import installation
    from careengine.runtime.database import connect
    from careengine.runtime.doctor import checks

    here = installation()
    with connect(here.url) as conn:
        found = checks(here.settings, conn)
    if not as_json:
        table("Doctor", ("check", "", "say"), [(c.name, "ok" if c.ok else "MEND", c.say) for c in found])
    sick = [check.name for check in found if not check.ok]
    if sick:
        refuse(f"To mend: {', '.join(sick)}.", as_json=as_json, checks=found)
    if as_json:
        print_json({"ok": True, "checks": found})


def migrate_cases(
    journey: Annotated[str, typer.Argument(help="The journey's name.")],
    version: Annotated[int, typer.Option("--from", help="The old version.")],
    states: Annotated[list[str], typer.Option("--state", help="OLD=NEW, once for each old state.")],
    as_json: AsJson = False,
) -> None:
    """Move open cases of an old journey version to the newest one, each move in the case's history."""
    from careengine.engine.in_flight import migrate_cases as move
    from careengine.entrypoints.cli.opened import opened

    pairs = dict(_pair(text) for text in states)
    with opened() as (_, conn, engine, _access):
        moved = move(conn, engine, journey, version=version, states=pairs)
    if as_json:
        print_json({"journey": journey, "moved": moved})
    else:
        say(f"{moved} cases moved.")


def down(as_json: AsJson = False) -> None:
    """Stop the embedded database. Nothing is lost; the next command starts it again."""
    import os

    from careengine.runtime.embedded import EmbeddedServer
    from careengine.runtime.settings import load_settings

    settings = load_settings(os.environ)
    if settings.database_url:
        refuse("This installation uses a database of its own, which is not ours to stop.", as_json=as_json)
    EmbeddedServer(settings.home).stop()
    if as_json:
        print_json({"stopped": True})
    else:
        say("The embedded database is stopped.")


def _pair(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise typer.BadParameter("Write --state OLD=NEW.")
    return old, new
