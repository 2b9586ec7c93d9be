"""The command ``caretown``: write and send referrals, be the partners, play a morning."""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from careengine.kernel.errors import CareError

if TYPE_CHECKING:
    from caretown.referrals import Post

app = typer.Typer(
    help="A synthetic town that plays senders, partners and staff over the real wires.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Records = Annotated[
    Path | None, typer.Option("--records", help="Folder of FHIR bundles that hold the town's patients.")
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same town.")]
Count = Annotated[int, typer.Option(help="About how many referrals.")]
Start = Annotated[str, typer.Option(help="First instant of the morning, with its offset.")]
BaseUrl = Annotated[str, typer.Option(help="Where the engine listens, without /fhir.")]
Token = Annotated[str, typer.Option(envvar="CARETOWN_TOKEN", help="Bearer token of the senders.")]
Truth = Annotated[
    Path | None, typer.Option(help="Write what was planted here, for tests and benchmarks only.")
]
AsJson = Annotated[bool, typer.Option("--json", help="End with one line of JSON.")]

FIRST_MORNING = "2026-11-02T13:00:00+00:00"


@app.command("send-referrals")
def send_referrals(  # noqa: PLR0913  each is an option of the command
    *,
    base_url: BaseUrl = "http://127.0.0.1:8080",
    token: Token = "",
    records: Records = None,
    seed: Seed = 1,
    count: Count = 60,
    start: Start = FIRST_MORNING,
    truth: Truth = None,
    as_json: AsJson = False,
) -> None:
    """Send a morning's referrals at once, without stepping any clock."""
    from caretown.play import send_all

    raise typer.Exit(send_all(base_url, token, _post(records, seed, count, start, truth), as_json=as_json))


@app.command()
def partners(
    port: Annotated[int, typer.Option(help="Port on the loopback; 0 takes a free one and prints it.")] = 8095,
    log: Annotated[Path | None, typer.Option(help="A line for each act done goes here.")] = None,
    odd: Annotated[
        list[str] | None, typer.Option(help="PARTNER:KIND:every=N,after=N,times=N,seconds=S")
    ] = None,
) -> None:
    """Be the partners who receive acknowledgements, until stopped."""
    from caretown.play import be_partners

    be_partners(port, log, odd or [])


@app.command()
def morning(  # noqa: PLR0913  each is an option of the command
    *,
    clock_file: Annotated[Path, typer.Option(help="The file that the engine's stepped clock reads.")],
    base_url: BaseUrl = "http://127.0.0.1:8080",
    token: Token = "",
    records: Records = None,
    seed: Seed = 1,
    count: Count = 60,
    start: Start = FIRST_MORNING,
    hours: Annotated[float, typer.Option(help="How much domain time to play.")] = 5.0,
    truth: Truth = None,
    as_json: AsJson = False,
) -> None:
    """Play a morning in stepped time: post arrives, staff answer cards, the clock steps when all is idle."""
    from caretown.play import play_morning

    post = _post(records, seed, count, start, truth)
    code = play_morning(
        base_url, token, post, clock_file=clock_file, start=_instant(start),
        lasts=timedelta(hours=hours), seed=seed, as_json=as_json,
    )  # fmt: skip
    raise typer.Exit(code)


@app.command()
def demo(  # noqa: PLR0913  each is an option of the command
    *,
    home: Annotated[Path, typer.Option(help="The demo's own folder; emptied first.")] = Path("var/demo"),
    records: Records = None,
    seed: Seed = 1,
    count: Count = 300,
    start: Start = FIRST_MORNING,
    days: Annotated[
        float, typer.Option(help="How many days to play; letters arrive in the first five.")
    ] = 7.0,
    step: Annotated[float, typer.Option(help="The clock steps at least so many minutes.")] = 10.0,
    staff_days: Annotated[
        float | None,
        typer.Option(help="For how many days the town's staff answer cards; later ones wait for you."),
    ] = None,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Stay up afterwards.")] = True,
    as_json: AsJson = False,
) -> None:
    """Start a provider and a payer on empty databases, play a week of the town, tell what came of it."""
    from caretown.demo import Wish, play

    wish = Wish(
        home=home.absolute(), records=records, seed=seed, count=count, start=_instant(start), days=days,
        serve=serve, as_json=as_json, floor=timedelta(minutes=step),
        staffed=None if staff_days is None else timedelta(days=staff_days),
    )  # fmt: skip
    raise typer.Exit(play(wish))


def _post(records: Path | None, seed: int, count: int, start: str, truth: Path | None) -> "Post":
    from caretown.people import read_people, sample_records
    from caretown.referrals import write_referrals
    from caretown.truth import write_truth

    begins = _instant(start)
    post = write_referrals(read_people(records or sample_records()), seed=seed, start=begins, count=count)
    if truth is not None:
        write_truth((letter.truth for letter in post.letters), truth)
    return post


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"'{text}' is no instant like {FIRST_MORNING}") from error
    if at.tzinfo is None:
        raise typer.BadParameter(f"'{text}' needs an offset from UTC, like {FIRST_MORNING}")
    return at


def main() -> None:
    """Run the command; an expected failure is one sentence and exit code 1."""
    try:
        app()
    except CareError as error:
        sys.stderr.write(f"caretown: {error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
