"""The change feed hands out every committed change once, late commits included."""

from datetime import UTC, datetime

from waiting import until

from careengine.kernel.refs import Ref
from careengine.record.draft import NewVersion
from careengine.record.feed import Change, Cursor, What, changes, forget
from careengine.record.write import write_versions
from careengine.runtime.database import Connection, connect

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def all_changes(conn: Connection, after: Cursor, count: int) -> tuple[list[Change], Cursor]:
    """Return the next ``count`` changes, once no other test's transaction on this server holds them back."""
    found: list[tuple[list[Change], Cursor]] = []

    def there() -> bool:
        found[:] = [changes(conn, after)]
        conn.rollback()
        return len(found[0][0]) >= count

    until(there, what=f"{count} changes may be read")
    return found[0]


def group(id_: str, type_: str = "Group") -> NewVersion:
    return NewVersion(type=type_, id=id_, raw=f'{{"resourceType":"{type_}","id":"{id_}"}}'.encode())


def test_a_transaction_that_commits_late_is_not_lost(database_url: str) -> None:
    with (
        connect(database_url) as slow,
        connect(database_url) as fast,
        connect(database_url, autocommit=True) as reader,
    ):
        write_versions(slow, [group("a")], recorded_at=NOON)
        write_versions(fast, [group("b")], recorded_at=NOON)
        fast.commit()
        early, cursor = changes(reader, Cursor())
        slow.commit()
        late, _ = all_changes(reader, cursor, 2 - len(early))
    assert [change.ref.id for change in early + late] == ["a", "b"]


def test_a_reader_of_few_types_passes_over_the_others_and_misses_none(conn: Connection) -> None:
    write_versions(conn, [group(f"g{n}") for n in range(5)] + [group("p", "Patient")], recorded_at=NOON)
    conn.commit()
    all_changes(conn, Cursor(), 6)
    cursor, seen = Cursor(), []
    while True:
        page, after = changes(conn, cursor, ["Patient"], limit=2)
        if after == cursor:
            break
        cursor, seen = after, seen + page
    assert [(change.ref, change.what) for change in seen] == [(Ref("Patient", "p", 1), What.STORED)]


def test_changes_every_reader_has_passed_can_be_forgotten(conn: Connection) -> None:
    write_versions(conn, [group("a")], recorded_at=NOON)
    conn.commit()
    _, cursor = all_changes(conn, Cursor(), 1)
    assert forget(conn, cursor) == 1
    assert changes(conn, Cursor()) == ([], Cursor())
