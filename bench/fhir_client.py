"""A sender with several connections: python fhir_client.py PORT CONNECTIONS FILE…; prints what it managed."""

import gzip
import http.client
import json
import sys
import threading
import time
from pathlib import Path


def main() -> None:
    """Send each file as a transaction when told to go; each connection takes the next one."""
    port, connections = int(sys.argv[1]), int(sys.argv[2])
    bodies = [gzip.decompress(Path(name).read_bytes()) for name in sys.argv[3:]]
    waiting, lock, taken, stored = iter(bodies), threading.Lock(), [], [0]

    def send() -> None:
        conn = http.client.HTTPConnection("127.0.0.1", port)
        while True:
            with lock:
                body = next(waiting, None)
            if body is None:
                return
            began = time.perf_counter()
            conn.request("POST", "/fhir", body, {"content-type": "application/fhir+json"})
            reply = conn.getresponse()
            answer = reply.read()
            if reply.status != 200:
                raise SystemExit(f"{reply.status} {answer[:300]!r}")
            with lock:
                taken.append(time.perf_counter() - began)
                stored[0] += answer.count(b'"201 Created"')

    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    threads = [threading.Thread(target=send) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    print(json.dumps({
        "stored": stored[0], "seconds": seconds, "bundles": len(taken), "cpu_s": time.process_time(),
        "p50_ms": sorted(taken)[len(taken) // 2] * 1e3,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
