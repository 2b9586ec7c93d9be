"""How fast FHIR comes in over HTTP, validated and indexed by all search parameters, and how fast it is found.

The baseline in the same run is the same bundles put into a plain JSONB table, neither checked nor indexed.
Last line with --json: the figures DESIGN names.
"""

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import fhir_search
import orjson
import rig
from psycopg.types.json import Jsonb

from careengine.record.resource_types import type_code
from careengine.runtime.database import connect

PORT = 18_473
CONNECTIONS = 4
ROOT = Path(__file__).parent.parent
REAL = Path(os.environ.get("CAREENGINE_TEST_DATA", ROOT.parent / "shared" / "data")) / "synthea_r4"


def bundles_in(folder: Path | None) -> list[Path]:
    """Return the transaction bundles to send: those named, the real ones, or the sample town's."""
    for place in (folder, REAL, ROOT / "src" / "caretown" / "sample"):
        found = sorted(place.rglob("*.json.gz")) if place else []
        if found:
            return found
    raise SystemExit("There are no bundles. Name a folder of *.json.gz with --bundles.")


class Server:
    """The FHIR server on one database, as processes of its own."""

    def __init__(self, url: str, processes: int) -> None:
        script = Path(__file__).with_name("fhir_server.py")
        self._process = subprocess.Popen(  # noqa: S603  our own script
            [sys.executable, str(script), url, str(PORT), str(processes)], cwd=script.parent
        )
        until = time.monotonic() + 60
        while not self._answers():
            if time.monotonic() > until or self._process.poll() is not None:
                raise SystemExit("The FHIR server did not come up.")
            time.sleep(0.1)
        time.sleep(1)  # the second process may come up after the first

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/healthz", timeout=1) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False

    def cpu(self) -> float:
        """Return the CPU seconds its processes have used so far."""
        return cpu_of(self._process.pid)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(20)


def imported(files: Sequence[Path]) -> dict[str, float]:
    """Send the bundles over HTTP from a process of its own; return what it managed."""
    client = rig.spawn("fhir_client.py", str(PORT), str(CONNECTIONS), *map(str, files))
    rig.when_ready([client])
    rig.release([client])
    said, _ = client.communicate()
    found: dict[str, float] = json.loads(said.splitlines()[-1])
    return found


def baseline(url: str, files: Sequence[Path]) -> float:
    """Return resources a second of the same bundles put into a JSONB table, a row each, four connections."""
    with connect(url) as conn:
        conn.execute("create table plain (id text, type smallint, body jsonb)")
    bodies = [gzip.decompress(file.read_bytes()) for file in files]
    waiting, lock, stored = iter(bodies), threading.Lock(), [0]

    def put() -> None:
        with connect(url) as conn:
            while True:
                with lock:
                    body = next(waiting, None)
                if body is None:
                    return
                resources = [entry["resource"] for entry in orjson.loads(body)["entry"]]
                with conn.cursor().copy("copy plain (id, type, body) from stdin (format binary)") as copy:
                    copy.set_types(["text", "int2", "jsonb"])
                    for resource in resources:
                        copy.write_row(
                            (
                                resource["id"],
                                type_code(resource["resourceType"]),
                                Jsonb(resource, orjson.dumps),
                            )
                        )
                conn.commit()
                with lock:
                    stored[0] += len(resources)

    began = time.perf_counter()
    threads = [threading.Thread(target=put) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return stored[0] / (time.perf_counter() - began)


def cpu_of(pid: int) -> float:
    """Return the CPU seconds a process and its descendants have used so far."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK") + sum(
        cpu_of(int(child)) for child in below
    )


def measure(asked: argparse.Namespace) -> dict[str, object]:
    """Run everything and return the figures."""
    files = bundles_in(asked.bundles)
    with rig.server() as running:
        url = rig.database(running, "bench_import")
        plain = baseline(rig.database(running, "bench_plain"), files * asked.rounds)
        server = Server(url, asked.processes)
        try:
            imported(files[:8])
            before = server.cpu(), cpu_of(rig.postmaster(running))
            rounds = [imported(files) for _ in range(asked.rounds)]
            after = server.cpu(), cpu_of(rig.postmaster(running))
            searches = fhir_search.at_sizes(
                url, PORT, files, asked.patients, lambda: server.cpu() + cpu_of(rig.postmaster(running))
            )
        finally:
            server.stop()
        stored = sum(found["stored"] for found in rounds)
        rates = [found["stored"] / found["seconds"] for found in rounds]
        return {
            "resources_per_s": round(statistics.median(rates)), "rounds": [round(rate) for rate in rates],
            "baseline_resources_per_s": round(plain),
            "share_of_baseline": round(statistics.median(rates) / plain, 3),
            "cpu_us_per_resource": {
                "server": round((after[0] - before[0]) / stored * 1e6),
                "database": round((after[1] - before[1]) / stored * 1e6),
                "client": round(sum(found["cpu_s"] for found in rounds) / stored * 1e6),
            },
            "validated": True,
            "search_parameters": "all of R4 but composite and special ones", "history": True,
            "connections": CONNECTIONS, "processes": asked.processes,
            "resources_per_bundle": round(rounds[0]["stored"] / rounds[0]["bundles"]),
            "bundle_p50_ms": round(statistics.median(found["p50_ms"] for found in rounds), 1),
            **searches, "fsync_us": rig.fsync_us(running.data), "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
        }  # fmt: skip


def _sizes(text: str) -> list[int]:
    return [int(n) for n in text.split(",") if n]


def main() -> None:
    """Read the options, measure, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--bundles", type=Path, help="folder of transaction bundles, *.json.gz")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=min(os.cpu_count() or 1, 2))
    parser.add_argument(
        "--patients", type=_sizes, default=[1000, 16_000, 64_000], help="sizes to search at; empty for none"
    )
    figures = measure(parser.parse_args())
    for name, value in figures.items():
        print(f"{name:28} {value}")
    if "--json" in sys.argv:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
