"""``careengine report``: do patients arrive, how long does it take, where do they fall out; whose cases?"""

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from careengine.entrypoints.cli.output import AsJson, Language, command, print_json, say, table
from careengine.entrypoints.cli.tree import branch

if TYPE_CHECKING:
    from careengine.engine.composition import Engine
    from careengine.oversight.insight.selecting import Selection

app = branch("See whether patients arrive, and where they fall out.")


@app.callback()
def _reports() -> None:
    """See whether patients arrive, how long it takes, and where they fall out."""


@app.command()
@command
def referrals(
    *,
    journey: Annotated[str, typer.Option(help="The journey; by default the longest that is on here.")] = "",
    site: Annotated[str, typer.Option(help="Only cases of this site.")] = "",
    clinic: Annotated[str, typer.Option(help="Only referrals to this clinic.")] = "",
    since: Annotated[str, typer.Option(help="Only cases opened on this day or later: 2026-11-02.")] = "",
    until: Annotated[str, typer.Option(help="Only cases opened before this day.")] = "",
    cases: Annotated[
        str, typer.Option(metavar="FIGURE", help="List the cases a figure counts, by its name.")
    ] = "",
    explain: Annotated[bool, typer.Option("--explain", help="Say below each figure how it is made.")] = False,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Report on referrals from the log of what happened.

    Shares are counted over all attempts, those on their way included. No chart is read.
    """
    from careengine.entrypoints.cli.opened import opened
    from careengine.entrypoints.reporting import told
    from careengine.entrypoints.words import Words
    from careengine.oversight.insight.referrals import report_referrals

    with opened() as (_, conn, engine, _access):
        chosen = _selection(engine, journey, site, clinic, (_day(since, "--since"), _day(until, "--until")))
        report = report_referrals(conn, engine, chosen)
        said = Words(conn, engine.book, language).now(engine.clock.now().date())
    if cases:
        _list_cases(cases, report.cases(cases), as_json=as_json)
        return
    if as_json:
        print_json(report.plain())
        return
    for title, rows in told(report, said):
        shown = [(f"{r.title}\n  {r.formula}" if explain else r.title, *r[1:5]) for r in rows]
        table(title, ("figure", "value", "of", "more", "name for --cases"), shown)


def _selection(
    engine: "Engine", journey: str, site: str, clinic: str, days: tuple[date | None, date | None]
) -> "Selection":
    from careengine.kernel.errors import NotFound
    from careengine.oversight.insight.referrals import journey_reported
    from careengine.oversight.insight.selecting import Selection

    sites = engine.organisation.sites
    if site and site not in sites:
        raise NotFound(f"There is no site {site}. There are: {', '.join(sites)}.")
    zone = ZoneInfo(sites[site or next(iter(sites))].zone)
    since, until = (datetime.combine(day, time(), zone) if day else None for day in days)
    return Selection(
        journey=journey or journey_reported(engine), site=site, clinic=clinic, since=since, until=until
    )


def _list_cases(figure: str, found: list[int], *, as_json: bool) -> None:
    if as_json:
        print_json({"figure": figure, "cases": found})
        return
    for case in found:
        say(str(case))
    say(f"{len(found)} cases. `careengine cases show ID` tells the story of one.")


def _day(text: str, option: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise typer.BadParameter("Write a day like 2026-11-02.", param_hint=option) from None
