"""Train a dictionary of phrases for packing the ledger's bodies, from decisions about the sample town.

``python tools/make_phrases.py NUMBER`` plays letters of several mornings through the
engine on a PostgreSQL of its own and writes ``runtime/phrases/NUMBER.zdict``. A number
once released never changes: what was packed with it could not be read any more.
"""

import gzip
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from random import Random

import orjson
import zstandard

from careengine.engine.case_clock import ClockDesk
from careengine.engine.dispatcher import Dispatcher, coded_sites
from careengine.engine.feed_reading import read_feed
from careengine.engine.routing import route_arrived
from careengine.entrypoints.compose import Installation, build, prepare
from careengine.record.bundle import Taking, take_bundle
from careengine.runtime.clock import FixedClock, real_now
from careengine.runtime.codec import unpack
from careengine.runtime.database import connect
from careengine.runtime.embedded import EmbeddedServer
from careengine.runtime.organisation import load_organisation
from careengine.runtime.settings import Settings
from caretown.organisations import write_organisation
from caretown.people import read_people, sample_records
from caretown.referrals import write_referrals

ROOT = Path(__file__).parent.parent / "src"
SIZE = 16 * 1024
MORNINGS = 8
LETTERS = 90
START = FixedClock(real_now()).now().replace(month=11, day=2, hour=13, minute=0, second=0, microsecond=0)


def played(url: str, organisation: Path) -> None:
    """Send several mornings' letters about the sample patients, and let the engine decide."""
    clock = FixedClock(START)
    settings = Settings(database_url=url, organisation=organisation)
    here = Installation(settings=settings, organisation=load_organisation(organisation), url=url, clock=clock)
    prepare(here)
    people = read_people(sample_records())
    with connect(url) as conn:
        for file in sorted(sample_records().glob("*.json.gz")):
            take_bundle(
                conn, gzip.decompress(file.read_bytes()), Taking(recorded_at=real_now(), keep_ids=True)
            )
            conn.commit()
        engine, access = build(conn, here)
        conn.commit()
        hand = Dispatcher(conn, engine, access=access)
        clocks = ClockDesk(engine.book, coded_sites(engine), clock.now())
        for seed in range(MORNINGS):
            post = write_referrals(people, seed=seed, start=clock.now(), count=LETTERS)
            for bundle in (post.directory, *(letter.bundle for letter in post.letters)):
                take_bundle(conn, orjson.dumps(bundle), Taking(recorded_at=real_now()))
                conn.commit()
            while read_feed(conn, engine) + route_arrived(conn, engine, clocks) or hand.advance():
                pass
            clock.advance(timedelta(days=3, hours=1, minutes=7))
            while hand.advance():
                pass


def bodies(url: str) -> list[bytes | bytearray | memoryview]:
    """Return the bodies of all decisions and inputs."""
    with connect(url) as conn:
        rows = conn.execute("select body from decision union all select body from decision_input").fetchall()
    found: list[bytes | bytearray | memoryview] = [unpack(body) for (body,) in rows]
    Random(1).shuffle(found)  # noqa: S311  the same halves every time
    return found


def main() -> None:
    """Train on one half, tell what it does to the other, and write the file."""
    number = int(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="ce-phrases-") as home:
        Path(home).chmod(0o711)
        server = EmbeddedServer(Path(home) / "pg")
        url = server.start()
        try:
            filled = Path(home) / "organisation.yaml"
            write_organisation("organisation", filled, journeys=("referral_acknowledged",))
            played(url, filled)
            found = bodies(url)
        finally:
            server.stop()
    half = len(found) // 2
    trained = zstandard.train_dictionary(SIZE, found[:half], level=3)
    packer = zstandard.ZstdCompressor(level=3, dict_data=trained, write_dict_id=False)
    plain = zstandard.ZstdCompressor(level=3)
    for name, one in (("plain", plain), ("with phrases", packer)):
        size = sum(len(one.compress(body)) for body in found[half:]) / (len(found) - half)
        print(f"{name}: {size:.0f} bytes of {sum(map(len, found[half:])) / (len(found) - half):.0f}")  # noqa: T201  a script tells
    into = ROOT / "careengine" / "runtime" / "phrases" / f"{number}.zdict"
    into.write_bytes(trained.as_bytes())


if __name__ == "__main__":
    main()
