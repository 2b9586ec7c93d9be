"""Searches over HTTP at growing sizes: real patients copied with new ids, written as any other is."""

import gzip
import http.client
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import msgspec
import orjson
import rig

from careengine.record.draft import NewVersion
from careengine.record.write import write_versions
from careengine.runtime.clock import real_now
from careengine.runtime.database import connect

OF_A_PATIENT = {"Patient": 1, "Encounter": 2, "Condition": 2, "Observation": 5}
"""What each copied patient brings: enough to search among, little enough to write 64,000 of them."""
TIMES = 300
GROUP = 2_000
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class _Entry(msgspec.Struct):
    resource: msgspec.Raw


class _Bundle(msgspec.Struct):
    entry: list[_Entry]


Cpu = Callable[[], float]
"""Tells the CPU seconds server and database have used so far."""


def at_sizes(url: str, port: int, files: Sequence[Path], sizes: Sequence[int], cpu: Cpu) -> dict[str, object]:
    """Grow the record to each size in turn and measure each kind of search there."""
    templates = [template_of(file) for file in files]
    found: dict[str, object] = {}
    have = 0
    for size in sizes:
        have = grow(url, templates, have, size)
        found[f"search_at_{size}_patients"] = {
            name: searched(port, templates, have, ask, cpu) for name, ask in _KINDS.items()
        }
    return found


def template_of(file: Path) -> list[tuple[str, bytes]]:
    """Return type and bytes of one patient's few resources, references resolved."""
    wanted = dict(OF_A_PATIENT)
    found = []
    for entry in msgspec.json.decode(gzip.decompress(file.read_bytes()), type=_Bundle).entry:
        raw = bytes(entry.resource)
        type_ = orjson.loads(raw)["resourceType"]
        if wanted.get(type_, 0):
            wanted[type_] -= 1
            found.append((type_, orjson.dumps(_lean(orjson.loads(raw)))))
    return found


def _lean(resource: dict[str, object]) -> dict[str, object]:
    """Leave the narrative and the extensions out; no search looks at them."""
    return {name: value for name, value in resource.items() if name not in {"text", "extension", "contained"}}


def copies(template: Sequence[tuple[str, bytes]], n: int) -> Iterator[NewVersion]:
    """Return the resources of the ``n``-th copy: every id, identifier and family name is its own."""
    mark = f"{n:08x}".encode()
    for type_, raw in template:
        made = _UUID.sub(lambda found: mark + found[0][8:], raw)
        made = made.replace(b'"urn:uuid:', b'"Patient/')
        if type_ == "Patient":
            made = re.sub(rb'("value":")([0-9A-Z-]{6,})"', rb"\1\2-" + mark + b'"', made)
            made = re.sub(rb'("family":"[^"]*)"', rb"\1" + _letters(n) + b'"', made)
        resource = orjson.loads(made)
        yield NewVersion(type=type_, id=resource["id"], raw=made, resource=resource)


def _letters(n: int) -> bytes:
    """Return what makes a copy's family name its own: a name fewer people share than in life."""
    return bytes(97 + int(digit) for digit in str(n))


def grow(url: str, templates: Sequence[list[tuple[str, bytes]]], have: int, size: int) -> int:
    """Write copies until there are ``size`` patients."""
    with connect(url) as conn:
        group: list[NewVersion] = []
        for n in range(have, size):
            group += copies(templates[n % len(templates)], n)
            if len(group) >= GROUP or n == size - 1:
                write_versions(conn, group, recorded_at=real_now())
                conn.commit()
                group = []
        conn.execute("analyze")
        conn.commit()
    return size


def searched(
    port: int, templates: Sequence[list[tuple[str, bytes]]], have: int, ask: "Ask", cpu: Cpu
) -> dict[str, object]:
    """Return median and 95th percentile in ms of one kind of search, answered over HTTP, and its CPU."""
    chance = random.Random(7)
    paths = []
    for _ in range(TIMES):
        n = chance.randrange(have)
        made = [orjson.loads(version.raw) for version in copies(templates[n % len(templates)], n)]
        paths.append(ask(made))
    conn = http.client.HTTPConnection("127.0.0.1", port)
    taken, answered, before = [], 0, cpu()
    for path in paths:
        began = time.perf_counter()
        conn.request("GET", path)
        reply = conn.getresponse()
        body = reply.read()
        taken.append((time.perf_counter() - began) * 1e3)
        if reply.status != 200:
            raise SystemExit(f"{path}: {body[:300]!r}")
        answered += b'"fullUrl"' in body
    conn.close()
    return {
        "p50_ms": round(rig.percentile(taken, 0.5), 2), "p95_ms": round(rig.percentile(taken, 0.95), 2),
        "cpu_ms": round((cpu() - before) / TIMES * 1e3, 2), "found_something": f"{answered}/{TIMES}",
    }  # fmt: skip


def _first(made: Sequence[dict[str, object]], type_: str) -> dict[str, object]:
    return next(resource for resource in made if resource["resourceType"] == type_)


def _code(made: Sequence[dict[str, object]]) -> str:
    for resource in made:
        if resource["resourceType"] == "Observation":
            coding = resource["code"]["coding"][0]  # type: ignore[index]  # any Observation has one
            return quote(f"{coding['system']}|{coding['code']}")
    return quote("http://loinc.org|8302-2")


def _of_patient_by_code(made: Sequence[dict[str, object]]) -> str:
    who = _first(made, "Patient")["id"]
    return f"/fhir/Observation?patient={who}&code={_code(made)}&_sort=-date&_count=10"


def _by_identifier(made: Sequence[dict[str, object]]) -> str:
    identifier = _first(made, "Patient")["identifier"][-1]  # type: ignore[index]  # any Patient here has one
    return f"/fhir/Patient?identifier={quote(identifier['system'])}|{quote(identifier['value'])}"


def _newest_of_code(made: Sequence[dict[str, object]]) -> str:
    return f"/fhir/Observation?code={_code(made)}&date=ge2000-01-01&_sort=-date&_count=10"


def _by_name_and_birth(made: Sequence[dict[str, object]]) -> str:
    patient = _first(made, "Patient")
    family = patient["name"][0]["family"]  # type: ignore[index]  # any Patient here has one
    return f"/fhir/Patient?family={quote(family)}&birthdate={patient['birthDate']}&_count=10"


def _everything_of_a_kind(made: Sequence[dict[str, object]]) -> str:
    return f"/fhir/Condition?patient={_first(made, 'Patient')['id']}&_count=10"


Ask = Callable[[Sequence[dict[str, object]]], str]
_KINDS: dict[str, Ask] = {
    "observations_of_a_patient_by_code": _of_patient_by_code,
    "conditions_of_a_patient": _everything_of_a_kind,
    "patient_by_identifier": _by_identifier,
    "newest_observations_of_a_code": _newest_of_code,
    "patient_by_family_and_birthdate": _by_name_and_birth,
}
