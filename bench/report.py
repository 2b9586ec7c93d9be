"""How long the report on referrals takes over a year of them, beside loading everything into Python.

The baseline fetches all steps, decisions and effects as rows and counts them in plain Python;
both must come to the same completion, waits and offers. Last line with --json: the figures.
"""

import argparse
import json
import os
import resource
import statistics
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import msgspec
import report_load
import rig

from careengine.engine.composition import Engine
from careengine.kernel.decision import Decision
from careengine.oversight.insight.referrals import Report, report_referrals
from careengine.oversight.insight.selecting import Selection
from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection, connect

KEPT = ("after_visit", "awaiting_report", "awaiting_review", "completed")


def ours(conn: Connection, engine: Engine) -> tuple[Report, float, float, float]:
    """Return the report, the seconds it took, and the processor seconds of Python and of PostgreSQL."""
    began, python, server = time.perf_counter(), time.process_time(), cpu_of(conn.info.backend_pid)
    report = report_referrals(conn, engine, Selection(journey=report_load.journey.name))
    python, server = time.process_time() - python, cpu_of(conn.info.backend_pid) - server
    return report, time.perf_counter() - began, python, server


def cpu_of(process: int) -> float:
    """Return the processor seconds a process has used."""
    words = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def naive(conn: Connection, engine: Engine) -> tuple[dict[str, Any], float]:
    """Return a few figures counted from whole rows in Python, and the seconds that took."""
    began = time.perf_counter()
    name = engine.codes.name
    opened = dict(conn.execute("select id, opened_at from engine_case").fetchall())
    state, since, kept = dict.fromkeys(opened, "received"), dict(opened), {}
    steps: dict[tuple[str, str], list[float]] = defaultdict(list)
    for case, at, was, to in conn.execute(
        "select case_id, at, from_state, to_state from case_event order by case_id, version"
    ).fetchall():
        if was != to:
            steps[name("state", was), name("state", to)].append((at - since[case]).total_seconds() / 3600)
            state[case], since[case] = name("state", to), at
            if state[case] in KEPT:
                kept.setdefault(case, at)
    decode = msgspec.json.Decoder(Decision).decode
    offers, touched = Counter[str](), set()
    for case, kind, question, body in conn.execute(
        "select d.case_id, d.actor_kind, r.question, d.body from decision d"
        " join decision_rule r on r.key = d.rule"
    ).fetchall():
        said = decode(unpack(body))
        if kind:
            touched.add(case)
        if question == "scheduling.offer":
            offers[str(said.because[0].params["group"])] += 1
    texts = engine.codes.id("effect", report_load.RUNNERS[0])
    sent = sum(
        kind == texts for (kind,) in conn.execute("select kind from effect where status = 1").fetchall()
    )
    counted = [case for case in opened if state[case] != "joined"]
    found = {
        "completion": len(kept) / len(counted), "texts": sent, "offers": sum(offers.values()),
        "offering": statistics.median_low(steps["received", "offering"]), "touched": len(touched),
    }  # fmt: skip
    return found, time.perf_counter() - began


def refuse_difference(report: Report, plain: dict[str, Any]) -> None:
    """End the benchmark if the two do not agree."""
    figures = report.figures()
    same = {
        "completion": figures["completion.kept.share"].value, "texts": figures["texts.made"].value,
        "offers": figures["offers.made"].value, "offering": figures["step.received.offering"].value,
    }  # fmt: skip
    wrong = {key: (value, plain[key]) for key, value in same.items() if abs((value or 0) - plain[key]) > 1e-9}
    if wrong:
        raise SystemExit(f"The report and the baseline differ: {wrong}.")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with rig.server() as running:
        url = rig.database(running, "bench_report")
        with connect(url) as conn:
            engine = report_load.engine_on(conn)
            report_load.load(conn, engine, asked.cases)
            rounds = [ours(conn, engine) for _ in range(asked.rounds)]
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            plain, slow = naive(conn, engine)
            refuse_difference(rounds[0][0], plain)
            rows = {
                table: conn.execute(f"select count(*) from {table}").fetchone()[0]  # noqa: S608  our words
                for table in ("case_event", "decision", "effect", "card")
            }
    seconds = [round(one[1], 2) for one in rounds]
    found = {
        "cases": asked.cases, **rows, "figures": len(rounds[0][0].figures()),
        "seconds": statistics.median(seconds),
        "rounds": seconds,
        "python_cpu_seconds": round(statistics.median(one[2] for one in rounds), 2),
        "postgres_cpu_seconds": round(statistics.median(one[3] for one in rounds), 2),
        "peak_mb": memory, "baseline_seconds": round(slow, 2),
        "baseline_peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip
    print(f"{asked.cases:,} cases, {rows}: {seconds} s and {memory} MB; everything in Python: {slow:.1f} s")
    if asked.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
