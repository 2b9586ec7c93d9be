"""``careengine replay``: what a draft of a policy would have done to all that happened, before it does it."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from careengine.entrypoints.cli.output import AsJson, command, print_json, say, table

if TYPE_CHECKING:
    from careengine.entrypoints.compose import Installation
    from careengine.oversight.studio.running import Found
    from careengine.policy.file import PolicySource

_EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))
_WAYS = {
    "raises": "the draft fails, a person gets a fault",
    "alone": "software finishes what people were asked",
    "path": "other questions are asked",
    "answer": "another answer",
    "reasons": "the same answer for other reasons",
    "people": "people are asked what software finished",
}


def add_to(app: typer.Typer) -> None:
    """Hang the command into the tree."""
    app.command("replay")(command(replay))


def replay(
    journey: Annotated[str, typer.Argument(help="The journey whose history is decided again.")] = "",
    *,
    policy: Annotated[
        Path | None, typer.Option(metavar="DRAFT", help="A policy file that is laid over history.")
    ] = None,
    since: Annotated[str, typer.Option(help="Only decisions of this day or later: 2026-11-02.")] = "",
    until: Annotated[str, typer.Option(help="Only decisions before this day.")] = "",
    resume: Annotated[int, typer.Option(metavar="ID", help="Go on with a replay that was interrupted.")] = 0,
    worst: Annotated[int, typer.Option(min=1, max=10_000, help="So many changed cases are listed.")] = 20,
    actor: Annotated[str, typer.Option(help="Who asks; it stands beside what was found.")] = "",
    as_json: AsJson = False,
) -> None:
    """Decide history again under a draft, and compare.

    Without a draft every decision must come out as it is recorded. Nothing is sent; an interrupted replay
    goes on with --resume.
    """
    from careengine.entrypoints.cli.opened import opened
    from careengine.entrypoints.cli.progress import counting
    from careengine.entrypoints.replaying import ask, carry_on, studio
    from careengine.oversight.studio.running import resume as let_go_on

    if bool(journey) == bool(resume):
        raise typer.BadParameter("Name a journey, or give --resume with a replay's id.")
    with opened() as (here, _, engine, _access), studio(here, engine) as room:
        if resume:
            let_go_on(room.keeping, resume)
            room.keeping.commit()
            number = resume
        else:
            number = ask(
                room, journey=journey, since=_day(here, since, "--since", _EVER[0]),
                until=_day(here, until, "--until", _EVER[1]), by=actor,
                draft=_draft(policy) if policy else None,
            )  # fmt: skip
        with counting(f"Replaying ({number})", quiet=as_json) as progress:
            found = carry_on(room, number, progress, worst=worst)
    print_json(found) if as_json else _tell(found)


def _tell(found: "Found") -> None:
    ways = [(_WAYS[way], f"{count:,}") for way, count in sorted(found.directions.items())]
    if ways:
        table("What would have been otherwise", ("how", "cases"), ways)
        shown = [
            (one.dimension, one.value, "too few to show", "")
            if one.hidden or one.share is None
            else (one.dimension, one.value, f"{one.changed:,} of {one.cases:,}", _bounds(one.share))
            for one in found.shares
        ]
        table("Among which cases", ("told by", "value", "changed", "share"), shown)
        worst = [
            (str(one.case), one.was["question"], _said(one.was), _said(one.becomes), str(one.decision))
            for one in found.worst
        ]
        table("Look at these first", ("case", "question", "was", "becomes", "decision"), worst)
    say(
        f"{found.replayed:,} decisions replayed: {found.same:,} the same, {found.changed:,} cases changed, "
        f"{found.after_a_change:,} after a change, {found.not_replayable:,} not replayable, "
        f"{found.effects_sent} effects sent."
    )
    if not found.ended:
        say(f"It was stopped. `careengine replay --resume {found.id}` goes on.")


def _bounds(share: object) -> str:
    from careengine.oversight.insight.shares import Interval

    assert isinstance(share, Interval)  # noqa: S101  the caller looked
    return f"{share.value:.1%} ({share.low or 0.0:.1%} to {share.high or 0.0:.1%})"


def _said(outcome: object) -> str:
    assert isinstance(outcome, dict)  # noqa: S101  as it was kept
    return f"{outcome['answer']} ({outcome['route']})" if outcome["question"] else "nothing more"


def _draft(path: Path) -> "PolicySource":
    from careengine.kernel.errors import Refused
    from careengine.policy.sources import sources_at

    sources = list(sources_at(path).values())
    if len(sources) != 1:
        raise Refused(f"{path} holds {len(sources)} policies; a replay lays one draft over history.")
    return sources[0]


def _day(here: "Installation", text: str, option: str, otherwise: datetime) -> datetime:
    if not text:
        return otherwise
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("Write a day like 2026-11-02.", param_hint=option) from None
    first = next(iter(here.organisation.sites.values()))
    return datetime.combine(day, time(), ZoneInfo(first.zone))
