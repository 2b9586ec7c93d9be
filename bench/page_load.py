"""A long worklist: the open cards of a town that was played, put down again until there are so many."""

from psycopg import sql

from careengine.runtime.database import Connection

_COPIES = """
    create temp table copy as
    select n, c.id as card, c.case_id as cases, 10000000 + n * 2 as new_case, 10000001 + n * 2 as new_card
    from (select id, case_id, row_number() over (order by id) - 1 as place, count(*) over () as of_all
          from card where status = 0) c,
    lateral (select generate_series(c.place + 1, %(count)s, c.of_all) as n) many
"""
_COLUMNS = """
    select column_name from information_schema.columns
    where table_name = %(table)s and table_schema = current_schema() and is_generated = 'NEVER'
"""
_CHANGED = {
    "engine_case": {"id": "copy.new_case"},
    "case_event": {"case_id": "copy.new_case"},
    "card": {
        "id": "copy.new_card",
        "case_id": "copy.new_case",
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

    Bodies, decisions and charts are those of the cards that were there: real ones, each shared by many copies.
    """
    conn.execute(_COPIES, {"count": count})
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
