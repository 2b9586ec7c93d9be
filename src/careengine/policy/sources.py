"""Find the policies that come with the package, and those of a site's pack laid over them."""

from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from careengine.policy.file import PolicySource
from careengine.policy.findings import BrokenPolicy, Finding

CASES = ".cases.yaml"
_PACKAGE = "careengine/policies"


def package_sources() -> dict[str, PolicySource]:
    """Return the package's policies by name (``area.name``), as installed."""
    return _tree(files("careengine").joinpath("policies"), _PACKAGE)


def pack_sources(pack: Path) -> dict[str, PolicySource]:
    """Return the policies of a site's directory of the same layout, by name.

    Raises:
        BrokenPolicy: the directory does not exist.
    """
    if not pack.is_dir():
        problem = "The policy pack is not there."
        raise BrokenPolicy(
            [Finding("", str(pack), problem, "Correct packs in organisation.yaml, or add the folder.")]
        )
    return _tree(pack, str(pack))


def all_sources(packs: Iterable[Path] = ()) -> dict[str, PolicySource]:
    """Return the package's policies with each pack laid over them, the last one on top."""
    found = package_sources()
    for pack in packs:
        found.update(pack_sources(pack))
    return found


def sources_at(path: Path) -> dict[str, PolicySource]:
    """Return the policies of one file or of one directory, by name as far as the path tells it."""
    if path.is_dir():
        return pack_sources(path)
    if not path.is_file():
        raise BrokenPolicy([Finding("", str(path), "There is no such file or folder.", "Correct the path.")])
    siblings = {entry.name: entry for entry in path.parent.iterdir()}
    return {f"{path.parent.name}.{path.stem}": _source(path, str(path), siblings)}


def _tree(folder: Traversable, where: str, area: str = "") -> dict[str, PolicySource]:
    found: dict[str, PolicySource] = {}
    entries = {entry.name: entry for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)}
    for name, entry in entries.items():
        place = f"{where}/{name}"
        if entry.is_dir() and not name.startswith((".", "_")):
            found.update(_tree(entry, place, f"{area}{name}."))
        elif name.endswith(".yaml") and not name.endswith(CASES):
            found[area + name.removesuffix(".yaml")] = _source(entry, place, entries)
    return found


def _source(entry: Traversable, where: str, siblings: Mapping[str, Traversable]) -> PolicySource:
    text = _text(entry, where)
    cases = siblings.get(entry.name.removesuffix(".yaml") + CASES)
    tables = {
        name: _text(sibling, f"{where.rpartition('/')[0]}/{name}")
        for name, sibling in siblings.items()
        if name.endswith(".jdm.json") and name in text
    }
    return PolicySource(where, text, _text(cases, where) if cases else None, tables)


def _text(entry: Traversable, where: str) -> str:
    try:
        return entry.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        problem = "The file is not UTF-8 text."
        raise BrokenPolicy([Finding("", where, problem, "Save it as UTF-8.")]) from None
