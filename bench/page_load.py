"""A long worklist: the open cards of a town that was played, put down again until there are so many."""

from datetime import date, timedelta
from typing import Any

import orjson
from psycopg import sql

from careengine.record.resource_types import type_code
from careengine.record.write import NewVersion, write_versions
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection

PEOPLE = 20_000
"""Patients whom the copied cases are about: about five open cases each."""
_FAMILIES = ("Alvarez", "Brandt", "Castellanos", "Dubois", "Eriksen", "Fontaine", "Grunwald", "Haddad")


_COPIES = """
    create temp table copy as
    select n, c.id as card, c.case_id as cases, 10000000 + n * 2 as new_case, 10000001 + n * 2 as new_card,
        whom.subject
    from (select id, case_id, row_number() over (order by id) - 1 as place, count(*) over () as of_all
          from card where status = 0) c,
    lateral (select generate_series(c.place + 1, %(count)s, c.of_all) as n) many
    join (select subject, row_number() over (order by id) - 1 as turn from resource
          where type = %(patient)s and id like 'bench-%%') whom on whom.turn = n %% %(people)s
"""
_COLUMNS = """
    select column_name from information_schema.columns
    where table_name = %(table)s and table_schema = current_schema() and is_generated = 'NEVER'
"""
_CHANGED = {
    "engine_case": {"id": "copy.new_case", "subject": "copy.subject"},
    "case_event": {"case_id": "copy.new_case"},
    "card": {
        "id": "copy.new_card",
        "case_id": "copy.new_case",
        "subject": "copy.subject",
        "due_at": "old.due_at + copy.n %% 9001 * interval '1 minute'",
        "opened_at": "old.opened_at - copy.n %% 2003 * interval '1 minute'",
    },
}
_JOINED = {
    "engine_case": "old.id = copy.cases",
    "case_event": "old.case_id = copy.cases",
    "card": "old.id = copy.card",
}


def lengthen(conn: Connection, count: int) -> int:
    """Put down open cards, each with a case of its own and its steps, until ``count`` more are open.

    Bodies and decisions are those of the cards that were there, each shared by many; whom they are about
    are made-up patients of their own.
    """
    _people(conn)
    conn.execute(_COPIES, {"count": count, "people": PEOPLE, "patient": type_code("Patient")})
    for table, changed in _CHANGED.items():
        names = [row[0] for row in conn.execute(_COLUMNS, {"table": table})]
        values = [
            sql.SQL(changed[name].replace("%%", "%")) if name in changed else sql.Identifier("old", name)
            for name in names
        ]
        conn.execute(
            sql.SQL("insert into {} ({}) select {} from {} old join copy on {}").format(
                sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names)),
                sql.SQL(", ").join(values), sql.Identifier(table), sql.SQL(_JOINED[table]),
            )
        )  # fmt: skip
    conn.commit()
    conn.autocommit = True
    conn.execute("vacuum analyze")
    conn.autocommit = False
    return sum(int(row[0]) for row in conn.execute("select count(*) from card where status = 0"))


def _people(conn: Connection) -> None:
    for start in range(0, PEOPLE, 1000):
        made = [_patient(n) for n in range(start, start + 1000)]
        write_versions(
            conn,
            [NewVersion(type="Patient", id=one["id"], raw=orjson.dumps(one), resource=one) for one in made],
            recorded_at=real_now(),
        )
        conn.commit()


def _patient(n: int) -> dict[str, Any]:
    kind = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
    return {
        "resourceType": "Patient", "id": f"bench-{n}", "gender": ("female", "male")[n % 2],
        "birthDate": (date(1935, 1, 1) + timedelta(days=n * 37 % 30_000)).isoformat(),
        "name": [{"family": f"{_FAMILIES[n % len(_FAMILIES)]}{n // 500}", "given": [f"Given{n % 500}"]}],
        "identifier": [{"type": kind, "system": "urn:bench:mrn", "value": f"B{n:06d}"}],
    }  # fmt: skip
