"""Importing files: every entry counted, the sender's ids kept, a second run stores nothing."""

import gzip
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from careengine.kernel.errors import NotFound
from careengine.record.importing import import_paths
from careengine.record.limits import Limits
from careengine.runtime.database import Connection

DATA = Path(os.environ.get("CAREENGINE_TEST_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
BUNDLES = DATA / "synthea_r4"
needs_bundles = pytest.mark.skipif(not BUNDLES.is_dir(), reason=f"the 60 real bundles are not in {BUNDLES}")


def patient(n: int) -> dict[str, object]:
    return {"resourceType": "Patient", "id": f"p{n}", "active": True}


def observation(n: int, of: str = "p0") -> dict[str, object]:
    return {
        "resourceType": "Observation", "id": f"o{n}", "status": "final", "code": {"text": "pulse"},
        "subject": {"reference": f"Patient/{of}"},
    }  # fmt: skip


def written(path: Path, *resources: object) -> Path:
    path.write_bytes(b"\n".join(map(orjson.dumps, resources)) + b"\n")
    return path


@needs_bundles
def test_real_bundles_are_imported_once_and_the_second_time_nothing_is_stored(database_url: str) -> None:
    told: list[int] = []
    first = import_paths(database_url, [BUNDLES], progress=told.append)
    second = import_paths(database_url, [BUNDLES])
    assert (first.read, first.stored, first.unchanged, first.refused) == (17_856, 17_752, 104, 0)
    assert (second.read, second.stored, second.unchanged, second.refused) == (17_856, 0, 17_856, 0)
    assert told == sorted(told)
    assert told[-1] == 17_856


def test_a_wrong_line_keeps_no_other_back_and_is_named(conn: Connection, tmp_path: Path) -> None:
    file = written(
        tmp_path / "p.ndjson", patient(0), {"resourceType": "Patient", "id": "x", "gender": "M"}, patient(1)
    )
    report = import_paths(conn, [file])
    assert (report.read, report.stored, report.refused) == (3, 2, 1)
    assert (report.refusals[0].file, report.refusals[0].entry) == (str(file), 1)
    assert "gender" in report.refusals[0].reason


def test_lines_that_refer_to_a_later_file_or_to_each_other_wait_for_it(
    conn: Connection, tmp_path: Path
) -> None:
    circle = [
        {"resourceType": "Organization", "id": a, "name": "A", "partOf": {"reference": f"Organization/{b}"}}
        for a, b in (("a", "b"), ("b", "a"))
    ]
    written(
        tmp_path / "a.ndjson", *(observation(n) for n in range(600)), circle[0], observation(9_999, "nobody")
    )
    written(tmp_path / "z.ndjson", patient(0), circle[1])
    report = import_paths(conn, [tmp_path])
    assert (report.read, report.stored, report.refused) == (604, 603, 1)
    assert [(refusal.file, refusal.entry) for refusal in report.refusals] == [
        (str(tmp_path / "a.ndjson"), 601)
    ]


def test_a_transaction_with_a_wrong_entry_is_refused_whole_and_the_other_files_go_on(
    conn: Connection, tmp_path: Path
) -> None:
    entries = [
        {"resource": r, "request": {"method": "POST", "url": "Patient"}}
        for r in (patient(0), {"resourceType": "Patient", "id": "x", "gender": "M"})
    ]
    written(tmp_path / "a.json", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
    written(tmp_path / "b.json", patient(7))
    (tmp_path / "c.json").write_bytes(b'{"resourceType": "Bundle", "entry": [')
    report = import_paths(conn, [tmp_path])
    assert (report.read, report.stored, report.unchanged, report.refused) == (4, 1, 0, 3)
    assert [(Path(r.file).name, r.entry) for r in report.refusals] == [("a.json", 1), ("c.json", -1)]


def test_a_collection_is_imported_entry_by_entry(conn: Connection, tmp_path: Path) -> None:
    entries = [{"resource": patient(0)}, {"resource": {"resourceType": "Patient"}}]
    written(tmp_path / "a.json", {"resourceType": "Bundle", "type": "collection", "entry": entries})
    report = import_paths(conn, [tmp_path])
    assert (report.stored, report.refused) == (1, 1)
    assert "no id" in report.refusals[0].reason


def test_gzip_is_read_and_a_bomb_a_cut_or_a_damage_is_refused(conn: Connection, tmp_path: Path) -> None:
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(orjson.dumps(patient(0))))
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(b" " * 50_000_000))
    (tmp_path / "c.ndjson.gz").write_bytes(
        gzip.compress(orjson.dumps(patient(1)) + b"\n" + os.urandom(500))[:-20]
    )
    (tmp_path / "d.json.gz").write_bytes(b"\x1f\x8b" + b"nonsense" * 9)
    report = import_paths(conn, [tmp_path], limits=Limits(body=1_000_000))
    refused = {Path(refusal.file).name for refusal in report.refusals}
    assert refused == {"b.json.gz", "c.ndjson.gz", "d.json.gz"}
    assert report.stored == 2


def test_a_missing_path_is_an_error_that_names_it(conn: Connection, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        import_paths(conn, [tmp_path / "nowhere"])


def lines(size: int) -> Iterator[bytes]:
    """Patients whose narrative makes the lines long; the file grows, the number of resources hardly."""
    told = 0
    for n in range(10**9):
        if told >= size:
            return
        text = {
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{"word " * 6_000}</div>',
        }
        line = orjson.dumps({**patient(n), "text": text}) + b"\n"
        told += len(line)
        yield line


def test_ndjson_is_streamed_in_bounded_memory(conn: Connection, tmp_path: Path) -> None:
    """200 MB, unless CAREENGINE_LARGE_NDJSON_MB says otherwise."""
    size = int(os.environ.get("CAREENGINE_LARGE_NDJSON_MB", "200")) * 1_000_000
    file = tmp_path / "large.ndjson"
    with file.open("wb") as out:
        out.writelines(lines(size))
    tracemalloc.start()
    report = import_paths(conn, [file])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report.stored == report.read > size // 31_000
    assert peak < 70_000_000
