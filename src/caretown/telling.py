"""What the town counted, told to people: visits, waits, what must not be, and the same town without us."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

_ZERO = {
    "outside_window": "texts outside the hours people may be written to",
    "after_stop": "texts after somebody said stop",
    "private_texts": "texts that name an illness or a specialty",
    "double_booked": "slots or people booked twice",
    "urgent_missed": "urgent referrals nobody saw in time",
}


def tell_town(told: Mapping[str, Any], console: Console) -> None:
    """Print the town's own account."""
    console.print(_beside(told))
    console.print(_groups(told["by_group"]))
    for name, words in _ZERO.items():
        mark = "[green]✓[/]" if not told[name] else "[red]✗[/]"
        console.print(f"{mark} {told[name]} {words}")
    spent = told["spent"]
    shares = ", ".join(f"{name} {share:.0%}" for name, share in spent["cpu_share"].items())
    console.print(f"{told['wall_seconds']} s of real time in {spent['steps']} steps; processors: {shares}.")


def _beside(told: Mapping[str, Any]) -> Table:
    old = told["without_us"]
    table = Table(title="The town, counted by itself", title_justify="left", header_style="bold")
    for column in ("", "with CareEngine", "without"):
        table.add_column(column, justify="left" if not column else "right")
    rows = (
        ("referrals due a visit", told["due_a_visit"], old["referrals"]),
        ("documented completed visit", told["completed"], old["reasons"].get("completed", 0)),
        ("share completed so far", _percent(told["completion_share"]), _percent(old["completion_share"])),
        (
            "booked and still ahead",
            told["stand"].get("booked", 0),
            old["reasons"].get("date_after_the_end", 0),
        ),
        ("median days to the visit", _plain(told["median_days"]), _plain(old["median_days"])),
        ("visits verified with the payer before", _percent(told["verified_before_visit"]), ""),
        ("slots given back that found somebody", _percent(told["refill_share"]), ""),
        ("texts sent, answered", f"{told['texts_sent']}, {told['texts_received']}", ""),
        ("answered by people", told["answered"], ""),
    )
    for name, with_us, without in rows:
        table.add_row(name, str(with_us), str(without))
    published = _percent(old["published_share"])
    table.caption = (
        f"Published without follow-up: {published} (Patel 2018). Published with a tracking tool: 76.8 %."
    )
    return table


def _groups(groups: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table(title="Waits by group", title_justify="left", header_style="bold")
    for column in ("group", "due a visit", "completed", "median days"):
        table.add_column(column, justify="left" if column == "group" else "right")
    for name, row in groups.items():
        share = _percent(row["completion_share"])
        table.add_row(name, str(row["due_a_visit"]), share, _plain(row["median_days"]))
    return table


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"


def _plain(value: float | None) -> str:
    return "" if value is None else str(value)
