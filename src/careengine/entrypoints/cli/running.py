"""Commands that set up and run an installation: init, import, worker, serve, doctor, migrate-cases, down."""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from careengine.entrypoints.cli.output import AsJson, command, print_json, refuse, say, table

_SHOWN = 50
"""Refusals listed for people; ``--json`` names every one."""


def add_to(app: typer.Typer) -> None:
    """Register the commands on the tree's root."""
    app.command("init")(command(init))
    app.command("import")(command(import_))
    app.command("worker")(command(worker))
    app.command("serve")(command(serve))
    app.command("doctor")(command(doctor))
    app.command("migrate-cases")(command(migrate_cases))
    app.command("down")(command(down))


def init(
    example: Annotated[
        bool, typer.Option("--example", help="Only print an organisation.yaml to begin with.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the database, or bring it up to date.

    Tables, this and the next months' partitions, the codes of journeys and of organisation.yaml, and the
    package's policies as version 1. A live version of yours is never replaced. Run it after every upgrade.
    """
    if example:
        say_example(as_json=as_json)
        return
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


def say_example(*, as_json: bool) -> None:
    """Print the example of an organisation, as it came with the package."""
    from importlib.resources import files

    text = files("careengine.runtime").joinpath("organisation.example.yaml").read_text("utf-8")
    print_json({"example": text}) if as_json else typer.echo(text, nl=False)


def import_(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Files or directories: Bundles, NDJSON, gzipped or not."),
    ],
    as_json: AsJson = False,
) -> None:
    """Import FHIR R4 resources under the ids their sender gave.

    Everything is checked. A transaction with one wrong entry is refused whole; batches and NDJSON go entry
    by entry. The same files a second time store nothing.
    """
    from careengine.entrypoints.cli.opened import refuse_unprepared
    from careengine.entrypoints.cli.progress import counting
    from careengine.entrypoints.compose import installation
    from careengine.record.importing import import_paths
    from careengine.runtime.database import connect

    with connect(installation().url) as conn, counting("Importing entries", quiet=as_json) as progress:
        refuse_unprepared(conn)
        report = import_paths(conn, paths, progress=progress)
    summary = {
        "read": report.read, "stored": report.stored, "unchanged": report.unchanged,
        "refused": report.refused, "refusals": report.refusals,
    }  # fmt: skip
    if report.refused or report.refusals:
        if not as_json:
            rows = [(r.file, "whole file" if r.entry < 0 else r.entry, r.reason) for r in report.refusals]
            table("Refused", ("file", "entry", "reason"), rows[:_SHOWN])
        refuse(
            f"{report.refused} of {report.read} entries were refused; {report.stored} stored, "
            f"{report.unchanged} unchanged. Correct the files named and import them again.",
            as_json=as_json, **summary,
        )  # fmt: skip
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
    """Carry cases, until told to stop.

    Reads the record's changes, routes events, advances cases and sends what is due to partners. Start as
    many workers as you like, on as many machines.
    """
    from careengine.engine.batch import Counts
    from careengine.entrypoints.cli.progress import watching
    from careengine.entrypoints.compose import installation, observe
    from careengine.entrypoints.working import working

    stop, counts = threading.Event(), Counts()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    here = installation()
    observe(here)
    with watching("Steps done", lambda: counts.advanced, quiet=as_json or not until_idle):
        working(here, stop=stop, until_idle=until_idle, counts=counts)
    if as_json:
        print_json(counts)
    else:
        say(
            f"{counts.advanced} steps, {counts.decisions} decisions, {counts.cards} cards, "
            f"{counts.effects} effects."
        )


def serve(
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    as_json: AsJson = False,
) -> None:
    """Serve FHIR over HTTP, until told to stop.

    The address /fhir is FHIR R4; /healthz and /readyz say how the engine is.
    """
    from careengine.entrypoints.cli.opened import opened
    from careengine.entrypoints.compose import observe
    from careengine.entrypoints.serving import serve as serve_api

    with opened() as (here, *_):
        observe(here)
    url = f"http://{host}:{port}/fhir"
    print_json({"serving": url}) if as_json else say(f"Serving FHIR at {url}")
    serve_api(here, host=host, port=port)


def doctor(as_json: AsJson = False) -> None:
    """Check this installation, and say what to mend."""
    import os

    from careengine.entrypoints.examining import engine_checks
    from careengine.runtime.database import connect
    from careengine.runtime.doctor import checks
    from careengine.runtime.embedded import EmbeddedServer
    from careengine.runtime.settings import load_settings

    settings = load_settings(os.environ)
    with connect(settings.database_url or EmbeddedServer(settings.home).start()) as conn:
        found = [*checks(settings, conn), *engine_checks(conn)]
    if not as_json:
        table("Doctor", ("check", "", "found"), [(c.name, "ok" if c.ok else "MEND", c.say) for c in found])
    sick = [check.name for check in found if not check.ok]
    if sick:
        refuse(f"To mend: {', '.join(sick)}.", as_json=as_json, ok=False, checks=found)
    if as_json:
        print_json({"ok": True, "checks": found})


def migrate_cases(
    journey: Annotated[str, typer.Argument(help="The journey's name.")],
    version: Annotated[int, typer.Option("--from", help="The old version.")],
    states: Annotated[list[str], typer.Option("--state", help="OLD=NEW, once for each old state.")],
    as_json: AsJson = False,
) -> None:
    """Move open cases of an old journey to its newest version.

    Each old state becomes the new one you name; each move is in the case's history.
    """
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
    """Stop the embedded database, until the next command."""
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
