"""Settle what is named by a search instead of an id: conditional writes and conditional references."""

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import parse_qsl
from uuid import UUID

from careengine.record.keys import key
from careengine.record.planned import Planned
from careengine.record.query import Query, SearchRefused, query_of, read_query
from careengine.record.resource_types import UnknownType, type_code, type_name
from careengine.record.search import matching
from careengine.runtime.database import Connection
from careengine.runtime.ids import Ids

NONE, SEVERAL = "no resource matches", "several resources match"


def settle_conditions(conn: Connection, entries: Iterable[Planned], ids: Ids) -> None:
    """Find the resource each conditional write means; none or several are refused as FHIR says.

    Of two transactions with the same condition the second one waits, and finds what the first one made.
    """
    entries = list(entries)
    _take_turns(
        conn, {f"{one.type}?{one.condition}" for one in entries if one.condition and not one.problems}
    )
    first: dict[tuple[str, str, str], int] = {}
    for planned in entries:
        if not planned.condition or planned.problems:
            continue
        before = first.setdefault((planned.act, planned.type, planned.condition), planned.n)
        if before != planned.n:
            planned.refuse(
                f"the same condition as in entry {before}; it would be decided twice", "request", 412
            )
            continue
        try:
            query = read_query(planned.type, planned.condition)
            _no_paging(query)
            found = matching(conn, query)
        except (SearchRefused, UnknownType) as error:
            planned.refuse(f"the condition cannot be searched: {error}", "request", error.status)
            continue
        if len(found) > 1:
            planned.refuse(f"{SEVERAL} the condition", "request", 412)
        else:
            _SETTLE[planned.act](planned, found, ids)


def _take_turns(conn: Connection, conditions: set[str]) -> None:
    """Lock each condition until the transaction ends, all in one order, so that nobody waits in a ring."""
    for condition in sorted(conditions):
        conn.execute("select pg_advisory_xact_lock(hashtextextended(%b, 0))", (condition,))


def _no_paging(query: Query) -> None:
    if not query.criteria:
        raise SearchRefused("A condition without criteria matches everything.")


def _created(planned: Planned, found: Sequence[str], ids: Ids) -> None:
    del ids
    if found:
        planned.id, planned.existing = found[0], True


def _updated(planned: Planned, found: Sequence[str], ids: Ids) -> None:
    if found and planned.id and planned.id != found[0]:
        planned.refuse(
            "the resource's id is not that of the resource the condition finds", "resource.id", 400
        )
    elif found or not planned.id:
        planned.name(found[0] if found else str(ids.uuid()))


def _deleted(planned: Planned, found: Sequence[str], ids: Ids) -> None:
    del ids
    planned.id = found[0] if found else ""
    planned.existing = not found


_SETTLE = {"POST": _created, "PUT": _updated, "DELETE": _deleted}


def settle_references(conn: Connection, references: Iterable[str]) -> Mapping[str, str]:
    """Return the ``Type/id`` each conditional reference means, or what is wrong, beginning with a blank."""
    wanted = {reference for reference in references if "?" in reference}
    by_identifier = {reference: digest for reference in wanted if (digest := _identifier(reference))}
    settled = _by_identifier(conn, by_identifier) if by_identifier else {}
    for reference in wanted - set(by_identifier):
        type_, _, text = reference.partition("?")
        try:
            found = matching(conn, read_query(type_, text))
        except (SearchRefused, UnknownType) as error:
            settled[reference] = f" {error}"
        else:
            settled[reference] = _one([f"{type_}/{id_}" for id_ in found])
    return settled


def _identifier(reference: str) -> tuple[str, bytes] | None:
    """Return type and index key when the search is for one whole identifier, by far the commonest."""
    type_, _, text = reference.partition("?")
    pairs = parse_qsl(text)
    if len(pairs) != 1 or pairs[0][0] != "identifier" or "," in pairs[0][1] or "\\" in pairs[0][1]:
        return None
    system, bar, value = pairs[0][1].rpartition("|")
    try:
        query_of(type_, pairs)
    except (SearchRefused, UnknownType):
        return None
    return (type_, key("identifier", system, value)) if bar and value else None


def _by_identifier(conn: Connection, wanted: Mapping[str, tuple[str, bytes]]) -> dict[str, str]:
    """Ask for all identifiers of a message at once."""
    names = list(wanted)
    rows = conn.execute(
        "select w.n, r.type, r.id from unnest(%b::smallint[], %b::uuid[]) with ordinality w(type, key, n)"
        " join sp on sp.key = w.key join resource r on r.rid = sp.rid and r.type = w.type and not r.deleted",
        ([type_code(wanted[name][0]) for name in names], [UUID(bytes=wanted[name][1]) for name in names]),
    ).fetchall()
    found: dict[str, list[str]] = {name: [] for name in names}
    for n, type_, id_ in rows:
        found[names[n - 1]].append(f"{type_name(type_)}/{id_}")
    return {name: _one(each) for name, each in found.items()}


def _one(found: Sequence[str]) -> str:
    if len(found) == 1:
        return found[0]
    return f" {SEVERAL}" if found else f" {NONE}"
