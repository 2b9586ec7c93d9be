"""Look over a group of entries before anything is written: conditions, references, validity."""

from collections.abc import Iterable, Mapping, Sequence

from careengine.record.conditional import settle_conditions, settle_references
from careengine.record.planned import Planned
from careengine.record.references import local, references_in, rewritten
from careengine.record.resource_types import is_type, type_code, type_name
from careengine.record.validate import examine
from careengine.runtime.database import Connection
from careengine.runtime.ids import Ids

_URN = "urn:"


def admit(conn: Connection, entries: Sequence[Planned], ids: Ids) -> dict[int, list[str]]:
    """Note in each entry what keeps it out of the record; return the local references of each, by its number.

    Whether those lead somewhere is asked by :func:`refuse_dangling`, since it depends on which entries stay.
    """
    settle_conditions(conn, entries, ids)
    named = {planned.full_url: f"{planned.type}/{planned.id}" for planned in entries if planned.full_url}
    referring = {
        planned.n: references_in(planned.raw)
        for planned in entries
        if planned.writes and planned.act != "DELETE"
    }
    conditional = settle_references(conn, (each for found in referring.values() for each in found))
    known = {**conditional, **named}
    for planned in entries:
        if planned.n in referring:
            referring[planned.n] = _resolve(planned, referring[planned.n], known)
            _examine(planned)
    return referring


def _resolve(planned: Planned, references: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """Rewrite an entry's references; return those that must lead to a resource of this record."""
    if any(reference in known for reference in references):
        planned.raw = rewritten(planned.raw, lambda reference: _renamed(known, reference))
    found = []
    for reference in references:
        renamed = _renamed(known, reference)
        if known.get(reference, "").startswith(" "):
            planned.lean(f"a conditional reference cannot be settled:{known[reference]}", 412)
        elif renamed.startswith(_URN):
            planned.lean("a reference leads to no entry of this bundle")
        elif (named := local(renamed)) and is_type(named[0]):
            found.append(f"{named[0]}/{named[1]}")
    return found


def _renamed(known: Mapping[str, str], reference: str) -> str:
    made = known.get(reference, reference)
    return reference if made.startswith(" ") else made


def _examine(planned: Planned) -> None:
    examined = examine(planned.raw)
    planned.resource = examined.resource
    for problem in examined.problems:
        planned.refuse(problem.what, problem.path)


def refuse_dangling(
    conn: Connection, entries: Sequence[Planned], referring: Mapping[int, Sequence[str]]
) -> None:
    """Refuse every entry with a reference to a resource that is neither in the record nor among the entries.

    An entry that leans on a refused one is refused too, and so on until nothing changes; entries that lean
    on each other are fine.
    """
    wanted = {reference for found in referring.values() for reference in found}
    gone = {_name(planned) for planned in entries if planned.writes and planned.act == "DELETE"}
    mine = {_name(planned) for planned in entries if planned.act != "DELETE"}
    stored = _stored(conn, wanted - mine) - gone
    while True:
        here = stored | {_name(p) for p in entries if p.act != "DELETE" and not p.problems}
        missing = wanted - here
        in_record = _stored(conn, missing & mine) - gone if missing & mine else set()
        stored |= in_record
        if not _refuse(entries, referring, missing - in_record):
            return


def _refuse(entries: Iterable[Planned], referring: Mapping[int, Sequence[str]], missing: set[str]) -> bool:
    found = False
    for planned in entries:
        lost = [reference for reference in referring.get(planned.n, ()) if reference in missing]
        if lost and not planned.problems:
            found = True
            kinds = ", ".join(sorted({reference.partition("/")[0] for reference in lost}))
            planned.lean(f"a reference to {kinds} leads to nothing in the record or in this message")
    return found


def _name(planned: Planned) -> str:
    return f"{planned.type}/{planned.id}"


def _stored(conn: Connection, references: Iterable[str]) -> set[str]:
    """Return which of these references lead to a resource that is there."""
    pairs = [reference.split("/") for reference in references]
    if not pairs:
        return set()
    rows = conn.execute(
        "select r.type, r.id from unnest(%b::smallint[], %b::text[]) w(type, id)"
        " join resource r on r.type = w.type and r.id = w.id where not r.deleted",
        ([type_code(type_) for type_, _ in pairs], [id_ for _, id_ in pairs]),
    )
    return {f"{type_name(type_)}/{id_}" for type_, id_ in rows}
