"""The chaos of the benchmark, in small: real processes, real kills, and not one event lost or doubled."""

import json
import subprocess
import sys
from pathlib import Path

CHAOS = Path(__file__).parents[2] / "bench" / "chaos.py"
SMALL = (
    "--events",
    "1500",
    "--kills",
    "4",
    "--server-kills",
    "1",
    "--seconds",
    "10",
    "--seed",
    "7",
    "--json",
)


def test_workers_and_database_are_killed_at_random_and_nothing_is_lost_doubled_or_stuck() -> None:
    done = subprocess.run(  # noqa: S603  our own benchmark
        [sys.executable, str(CHAOS), *SMALL], capture_output=True, text=True, check=False, timeout=240
    )

    assert done.stdout, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    bad = {name: said[name] for name in ("lost", "doubled", "stuck", "workers_that_gave_up")}
    assert bad == dict.fromkeys(bad, 0), said
    assert (said["kills"], said["events"], said["effects"]) == (4, 1500, 1500)
    assert said["repeats_absorbed_by_partner"] > 0
    assert done.returncode == 0
