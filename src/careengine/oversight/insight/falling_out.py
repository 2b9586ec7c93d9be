"""Where referrals fall out and why: each end short of the milestone, and the decisions that led there."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np

from careengine.oversight.insight.completion import Standing, ways_out
from careengine.oversight.insight.figures import Figure
from careengine.oversight.insight.happenings import Happenings
from careengine.oversight.insight.paths import Paths
from careengine.oversight.insight.policy import ReferralsPolicy
from careengine.oversight.insight.reasons import led_to
from careengine.oversight.insight.shares import Interval, share_of
from careengine.runtime.codes import Codes
from careengine.runtime.database import Connection


def falling_out(
    conn: Connection,
    codes: Codes,
    happened: Happenings,
    stands: Standing,
    paths: Paths,
    policy: ReferralsPolicy,
) -> Iterator[Figure]:
    """Tell each end without the milestone, the most frequent first, and below it each reason."""
    counted = int(stands.counted.sum())
    incidence = ways_out(happened, stands, paths, policy.horizons[-1])
    reasons = _reasons(conn, happened, stands, paths)
    ends, sizes = np.unique(paths.state[stands.fallen], return_counts=True)
    for row in np.argsort(-sizes, kind="stable"):
        end = int(ends[row])
        name, cases = codes.name("state", end), happened.cases[stands.fallen & (paths.state == end)]
        yield Figure(
            name=f"fallout.{name}", unit="share", found=share_of(len(cases), counted, policy.confidence),
            of=counted, cases=cases, formula="insight.formula_fallout",
            params={"end": name, "days": policy.horizons[-1]}, more={"by_horizon": incidence[end]},
        )  # fmt: skip
        yield from _by_reason(name, len(cases), reasons.get(end, {}))


def _by_reason(end: str, fallen: int, reasons: Mapping[str, list[int]]) -> Iterator[Figure]:
    for code, cases in sorted(reasons.items(), key=lambda one: (-len(one[1]), one[0])):
        yield Figure(
            name=f"fallout.{end}.{code or 'unknown'}", unit="count", found=Interval(len(cases)), of=fallen,
            cases=np.array(sorted(cases), dtype=np.int64), formula="insight.formula_fallout_reason",
            params={"reason": code},
        )  # fmt: skip


def _reasons(
    conn: Connection, happened: Happenings, stands: Standing, paths: Paths
) -> Mapping[int, Mapping[str, list[int]]]:
    """Return the cases by end and by the reason that led there."""
    fell = np.flatnonzero(stands.fallen)
    left = paths.last_move[fell]
    end_of = dict(zip(happened.cases[fell].tolist(), paths.state[fell].tolist(), strict=True))
    found: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for led in led_to(conn, happened.cases[fell], paths.moves.version[left]):
        found[end_of.pop(led.case)][led.reason].append(led.case)
    for case, end in end_of.items():
        found[end][""].append(case)
    return found
