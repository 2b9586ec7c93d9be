"""The way each case took, from its steps: where it moved, when it first got where, how it ended. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from careengine.oversight.insight.arrays import Bools, Floats, Ints
from careengine.oversight.insight.happenings import Happenings
from careengine.oversight.insight.selecting import DAY

NEVER = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moves:
    """Every step that led from one state to another, and since when the case had been in the first."""

    case: Ints
    version: Ints
    since: Ints
    at: Ints
    was: Ints
    to: Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paths:
    """All ways of the selected cases."""

    moves: Moves
    state: Ints
    """The state each case came into last."""
    last_move: Ints
    """The place of that move among the moves, :data:`NEVER` when it has not moved yet."""

    def since(self, happened: Happenings) -> Ints:
        """Return since when each case has been in its state."""
        since = happened.opened.copy()
        moved = self.last_move != NEVER
        since[moved] = self.moves.at[self.last_move[moved]]
        return since


def paths_of(happened: Happenings, start: int) -> Paths:
    """Follow every case from ``start``, the code of the state in which all begin."""
    steps = happened.steps
    moved = np.flatnonzero(steps.was != steps.to)
    case, at = steps.case[moved], steps.at[moved]
    first = np.ones(len(moved), dtype=np.bool_)
    first[1:] = case[1:] != case[:-1]
    since = np.empty(len(moved), dtype=np.int64)
    since[1:] = at[:-1]
    since[first] = happened.opened[case[first]]
    last_move = np.full(len(happened.cases), NEVER, dtype=np.int64)
    last_move[case] = np.arange(len(moved))
    state = np.full(len(happened.cases), start, dtype=np.int64)
    state[case] = steps.to[moved]  # of several moves the last one stays
    moves = Moves(
        case=case, version=steps.version[moved], since=since, at=at, was=steps.was[moved],
        to=steps.to[moved],
    )  # fmt: skip
    return Paths(moves=moves, state=state, last_move=last_move)


def first_entry(happened: Happenings, paths: Paths, states: Collection[int]) -> Ints:
    """Return when each case first came into any of the states, :data:`NEVER` if it has not."""
    into = np.flatnonzero(np.isin(paths.moves.to, list(states)))[::-1]
    when = np.full(len(happened.cases), NEVER, dtype=np.int64)
    when[paths.moves.case[into]] = paths.moves.at[into]
    return when


def days_watched(happened: Happenings, when: Ints) -> tuple[Floats, Bools]:
    """Return for how many days each case was watched until it got there or until now, and whether it did."""
    there = when != NEVER
    return (np.where(there, when, happened.now) - happened.opened) / DAY, there
