"""Whatever bytes arrive, the record stores them or refuses them in words; it never fails in another way."""

import gzip
import os
import random
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import orjson

import caretown
from careengine.kernel.errors import CareError
from careengine.record.bundle import Taking, take_bundle
from careengine.record.importing import import_paths
from careengine.runtime.database import Connection

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ROUNDS = int(os.environ.get("CAREENGINE_DAMAGE_ROUNDS", "400"))
SAMPLE = Path(caretown.__file__).parent / "sample" / "patients"
SCRAPS = (
    b"\\u0000", b"\\ud800", b"\xff", b"\x00", b'"', b"{", b"}", b"]", b",", b"null", b"1e999", b"-", b"\\",
    b"\\/", b'"reference":"', b'"reference":"Patient?identifier=', b'"reference":"urn:uuid:', b"urn:uuid:",
    b"?", b"|", b'"id":"' + b"x" * 70 + b'",', b'"resourceType":"Nonsense",', b'"\xffid":"x",',
    b'"value":"' + b"y" * 9_000 + b'",', b'"ifNoneExist":"x=1",', b'"ifMatch":"W/7",', b"DELETE", b"PATCH",
    b"GET", b"9999-12-31", b"0001-01-01",
)  # fmt: skip


def small_bundle(chance: random.Random) -> bytes:
    """Return a transaction or batch of a few real entries, references among them."""
    file = chance.choice(sorted(SAMPLE.rglob("*.json.gz")))
    entries = orjson.loads(gzip.decompress(file.read_bytes()))["entry"]
    few = [entries[0], *chance.sample(entries[1:], 3)]
    kind = chance.choice(["transaction", "batch"])
    return orjson.dumps({"resourceType": "Bundle", "type": kind, "entry": few})


def damaged(raw: bytes, chance: random.Random) -> bytes:
    """Return the bytes with one to three pieces put in, taken out or exchanged."""
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(raw))
        gone = chance.choice([0, 0, 1, 3, 30])
        raw = raw[:at] + chance.choice([b"", *SCRAPS]) + raw[at + gone :]
    return raw


def test_damaged_bundles_are_stored_or_refused_and_nothing_else_happens(conn: Connection) -> None:
    chance, ended = random.Random(11), Counter[str]()
    for n in range(ROUNDS):
        raw = damaged(small_bundle(chance), chance)
        try:
            take_bundle(conn, raw, Taking(recorded_at=NOON, keep_ids=chance.random() < 0.5))
            conn.commit()
            ended["stored"] += 1
        except CareError:
            conn.rollback()
            ended["refused"] += 1
        except Exception as error:
            raise AssertionError(f"round {n}: {type(error).__name__}: {error}") from error
    assert ended.total() == ROUNDS
    assert min(ended["stored"], ended["refused"]) > 0, "some damage is fatal and some is not"


def test_damaged_files_are_imported_or_refused_and_every_entry_is_counted(
    conn: Connection, tmp_path: Path
) -> None:
    chance = random.Random(12)
    for n in range(ROUNDS // 10):
        lines = [orjson.dumps(e["resource"]) for e in orjson.loads(small_bundle(chance))["entry"]]
        (tmp_path / f"{n}.ndjson").write_bytes(damaged(b"\n".join(lines), chance))
        (tmp_path / f"{n}.json").write_bytes(damaged(small_bundle(chance), chance))
        (tmp_path / f"{n}.json.gz").write_bytes(damaged(gzip.compress(small_bundle(chance)), chance))
    report = import_paths(conn, [tmp_path])
    assert report.read == report.stored + report.unchanged + report.refused
    assert report.refused
