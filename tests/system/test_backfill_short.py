"""The benchmark of freed slots and races, in small: nobody loses a visit, and no slot is given twice."""

import json
import subprocess
import sys
from pathlib import Path

BACKFILL = Path(__file__).parents[2] / "bench" / "backfill.py"
SMALL = ("--slots", "30", "--waiters", "200", "--races", "60", "--rush", "48", "--seed", "7", "--json")


def test_two_workers_race_for_slots_and_freed_ones_move_without_anybody_losing_theirs() -> None:
    done = subprocess.run(  # noqa: S603  our own benchmark
        [sys.executable, str(BACKFILL), *SMALL], capture_output=True, text=True, check=False, timeout=240
    )

    assert done.stdout, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 0, said
    assert (said["races"]["double"], said["races"]["slots_without_a_winner"]) == (0, 0)
    assert (said["rush"]["double"], said["rush"]["with_an_offer"]) == (0, 48)
    assert (said["refill"]["nobody_lost"], said["refill"]["given_twice"]) == (True, 0)
    assert said["matching"]["optimal"]["worth"] >= said["matching"]["greedy"]["worth"]
    assert {group["waiting"] for group in said["refill"]["by_group"].values()} != {0}
