"""A report in words: each figure's title and formula, and its value as people read it."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from careengine.entrypoints.words import Said
from careengine.kernel.policy import Scalar
from careengine.oversight.insight.figures import Figure
from careengine.oversight.insight.referrals import Report
from careengine.oversight.insight.shares import Interval

_CODED = ("end", "milestone", "was", "to", "team")
"""Parameters that are codes of states and teams: shown as words."""


class Row(NamedTuple):
    """One figure as it is printed."""

    title: str
    value: str
    of: str
    more: str
    name: str
    formula: str


class _Blank(Mapping[str, Scalar]):
    """Fills every place of a reason's sentence: many cases share it, and no case's own values are told."""

    def __getitem__(self, name: str) -> Scalar:
        return "…"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def told(report: Report, said: Said) -> Iterator[tuple[str, list[Row]]]:
    """Yield each section's title with its rows, in the report's order."""
    for name, figures in report.sections.items():
        rows = [_row(figure, report, said) for figure in figures]
        if rows:
            yield said.sentence(f"insight.section_{name}", {}), rows


def _row(figure: Figure, report: Report, said: Said) -> Row:
    params = {name: _word(name, value, said) for name, value in figure.params.items()}
    title = said.sentence(figure.formula.replace("formula_", "title_", 1), params)
    value = said.sentence("insight.hidden", {}) if figure.hidden else _value(figure.unit, figure.found)
    more = [f"{name.replace('_', ' ')} {_more(figure, name)}" for name in figure.more]
    if figure.name.startswith("completion.") and figure.name.endswith(".share") and figure.value is not None:
        word = "reached" if figure.value >= report.target else "missed"
        more.append(said.sentence(f"insight.target_{word}", {"target": f"{report.target:.1%}"}))
    of = f"{figure.of:,}" if figure.of else ""
    return Row(title, value, of, ", ".join(more), figure.name, said.sentence(figure.formula, params))


def _word(name: str, value: Scalar, said: Said) -> Scalar:
    if name == "reason":
        return said.sentence(str(value), _Blank()) if value else "-"
    if name == "group":
        return said.called("group", re.sub(r"[^a-z0-9_.]", "_", str(value).casefold()))
    return str(value).replace("_", " ") if name in _CODED else value


def _value(unit: str, found: Interval | None) -> str:
    if found is None:
        return "-"
    if unit == "count":
        return f"{found.value:,.0f}"
    if unit == "hours":
        return _hours(found.value)
    middle, *ends = (_plain(unit, one) for one in (found.value, found.low, found.high))
    return f"{middle} {_NAMED.get(unit, '')}{_between(ends)}".strip()


_NAMED = {"share": "%", "days": "d"}


def _between(ends: list[str]) -> str:
    return f" ({ends[0]}-{ends[1]})" if any(end != "…" for end in ends) else ""


def _plain(unit: str, value: float | None) -> str:
    if value is None:
        return "…"
    return f"{100 * value:.1f}" if unit == "share" else f"{value:.2f}" if unit == "rate" else f"{value:.1f}"


def _more(figure: Figure, name: str) -> str:
    value = figure.more[name]
    if value is None:
        return "-"
    if name.endswith("_hours") or (name == "p90" and figure.unit == "hours"):
        return _hours(value)
    if name == "by_horizon":
        return f"{100 * value:.1f} %"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.1f}"


def _hours(hours: float) -> str:
    if hours < 1:
        return f"{60 * hours:.0f} min"
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} d"
