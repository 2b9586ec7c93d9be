"""Make the sample town's patients anew: generate with a fixed seed, trim, compress, write beside the town.

Run it in a virtual environment that holds requirements-town.lock:
``python tools/make_sample_town.py``. The same generator version gives the same bytes.
"""

import gzip
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SEED = "1"
PATIENTS = "20"
AGES = "5-85"
REFERENCE_DAY = "20261030"
NEWEST_ENCOUNTERS = 12
LEFT_OUT = frozenset({"Device", "MedicationAdministration", "Provenance", "SupplyDelivery"})
ALWAYS = frozenset({"AllergyIntolerance", "Coverage", "Patient"})
INTO = Path(__file__).parent.parent / "src" / "caretown" / "sample" / "patients"

_REFERENCE = re.compile(r'"reference": "(urn:uuid:[0-9a-f-]+)"')
Entry = dict[str, Any]


def generate(into: Path) -> list[Path]:
    """Run the generator once with fixed seeds; return its bundles in a stable order."""
    synthea = Path(sys.executable).with_name("synthea")
    command = [
        str(synthea), "--population", PATIENTS, "--age", AGES, "--seed", SEED, "--clinician-seed", SEED,
        "--reference-date", REFERENCE_DAY, "--state", "Massachusetts", "--locale", "us", "--threads", "1",
        "--output", str(into), "--log-level", "error",
    ]  # fmt: skip
    quiet = subprocess.DEVNULL
    subprocess.run(command, check=True, stdout=quiet, stderr=quiet)  # noqa: S603  a fixed command, no shell
    return sorted((into / "fhir").glob("*.json"))


def trim(bundle: dict[str, Any]) -> dict[str, Any]:
    """Keep the newest encounters, one active condition per code, and all that these refer to."""
    entries = {entry["fullUrl"]: entry for entry in bundle["entry"] if _kind(entry) not in LEFT_OUT}
    entries = {url: entry for url, entry in entries.items() if not _insured_by_a_person(entry, entries)}
    keep: set[str] = set()
    reached = _roots(entries)
    while reached:
        url = reached.pop()
        if url not in keep and url in entries:
            keep.add(url)
            reached.update(_refers_to(entries[url]))
    keep.update(_pointing_into(entries, keep, "PractitionerRole", "ExplanationOfBenefit"))
    return {**bundle, "entry": [entry for url, entry in entries.items() if url in keep]}


def _roots(entries: dict[str, Entry]) -> set[str]:
    newest = set(_newest_encounters(entries))
    conditions: dict[str, str] = {}
    roots: set[str] = set()
    for url, entry in entries.items():
        kind, resource = _kind(entry), entry["resource"]
        if kind in ALWAYS or newest & {url, *_encounters_of(entry)}:
            roots.add(url)
        if kind == "Condition" and resource["clinicalStatus"]["coding"][0]["code"] == "active":
            conditions[resource["code"]["coding"][0]["code"]] = url
    return roots | set(conditions.values())


def _newest_encounters(entries: dict[str, Entry]) -> list[str]:
    encounters = [url for url, entry in entries.items() if _kind(entry) == "Encounter"]
    return sorted(encounters, key=lambda url: entries[url]["resource"]["period"]["start"])[
        -NEWEST_ENCOUNTERS:
    ]


def _insured_by_a_person(entry: Entry, entries: dict[str, Entry]) -> bool:
    """Say whether the generator names the patient as insurer of a visit they paid; R4 forbids that."""
    insurer = entry["resource"].get("insurer", {}).get("reference", "")
    return insurer in entries and _kind(entries[insurer]) == "Patient"


def _encounters_of(entry: Entry) -> list[str]:
    resource = entry["resource"]
    named = [resource.get("encounter"), *resource.get("context", {}).get("encounter", [])]
    for item in resource.get("item", []):
        named += item.get("encounter", [])
    return [one["reference"] for one in named if isinstance(one, dict)]


def _pointing_into(entries: dict[str, Entry], keep: set[str], *kinds: str) -> set[str]:
    """Return entries nothing refers to, whose own references are all kept."""
    return {
        url
        for url, entry in entries.items()
        if _kind(entry) in kinds and _refers_to(entry) and _refers_to(entry) <= keep
    }


def _refers_to(entry: Entry) -> set[str]:
    return set(_REFERENCE.findall(json.dumps(entry["resource"])))


def _kind(entry: Entry) -> str:
    return str(entry["resource"]["resourceType"])


def write(bundle: dict[str, Any], into: Path) -> int:
    """Write one bundle as gzip with no time inside; return how many bytes it takes."""
    patient = next(entry["resource"]["id"] for entry in bundle["entry"] if _kind(entry) == "Patient")
    raw = json.dumps(bundle, ensure_ascii=False, separators=(",", ":")).encode()
    packed = gzip.compress(raw, compresslevel=9, mtime=0)
    (into / f"{patient}.json.gz").write_bytes(packed)
    return len(packed)


def main() -> None:
    """Generate, trim and write the town's patients."""
    INTO.mkdir(parents=True, exist_ok=True)
    for old in INTO.glob("*.json.gz"):
        old.unlink()
    with tempfile.TemporaryDirectory() as scratch:
        bundles = [trim(json.loads(path.read_text())) for path in generate(Path(scratch))]
    size = sum(write(bundle, INTO) for bundle in bundles)
    entries = sum(len(bundle["entry"]) for bundle in bundles)
    sys.stdout.write(f"{len(bundles)} patients, {entries} resources, {size / 1e6:.2f} MB in {INTO}\n")


if __name__ == "__main__":
    main()
