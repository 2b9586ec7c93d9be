"""Match freed slots with people who wait: the best whole, or one slot after the other. Pure.

A worth is at least 0; ``None`` means that the two may not be matched.
"""

from collections.abc import Sequence

Worth = float | None
Match = tuple[int, int]
"""Row (a slot) and column (somebody who waits)."""


def greedy(worths: Sequence[Sequence[Worth]], *, each: int) -> tuple[Match, ...]:
    """Give each row its ``each`` best columns that are left, row by row."""
    taken: set[int] = set()
    found: list[Match] = []
    for row, columns in enumerate(worths):
        able = [(-worth, column) for column, worth in enumerate(columns) if worth is not None]
        best = [(row, column) for _, column in sorted(able) if column not in taken][:each]
        taken.update(column for _, column in best)
        found += best
    return tuple(found)


def assigned(worths: Sequence[Sequence[Worth]], *, each: int) -> tuple[Match, ...]:
    """Match all rows at once, each with up to ``each`` columns: as many as can be, then worth the most."""
    if not worths or not worths[0]:
        return ()
    import numpy as np
    from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]  # ships no types

    one = np.array([[np.nan if worth is None else worth for worth in row] for row in worths], dtype=float)
    able = np.repeat(~np.isnan(one), each, axis=0)
    worth = np.repeat(np.nan_to_num(one), each, axis=0)
    # Being matched at all is worth more than all else together. What may not be is left out below.
    matched = 1.0 + worth.max() * min(worth.shape)
    rows, columns = linear_sum_assignment(np.where(able, worth + matched, 0.0), maximize=True)
    pairs = (
        (int(row) // each, int(column))
        for row, column in zip(rows, columns, strict=True)
        if able[row, column]
    )
    return tuple(sorted(pairs))


def total(worths: Sequence[Sequence[Worth]], matches: Sequence[Match]) -> float:
    """Return the sum of the worths of some matches."""
    return sum(worths[row][column] or 0.0 for row, column in matches)
