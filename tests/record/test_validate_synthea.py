"""The sample population of real bundles is taken in whole."""

import gzip
import os
from pathlib import Path

import orjson
import pytest

from careengine.record.parameters import index_values, parameters_of
from careengine.record.validate import examine

DATA = Path(os.environ.get("CAREENGINE_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.mark.skipif(
    not (DATA / "synthea_r4").is_dir(),
    reason="no synthea_r4 bundles: set CAREENGINE_TEST_DATA to the folder that holds synthea_r4",
)
def test_all_17856_entries_of_the_60_synthea_bundles_are_valid_and_indexed() -> None:
    entries = problems = values = 0
    for path in sorted((DATA / "synthea_r4").glob("*.json.gz")):
        bundle = orjson.loads(gzip.decompress(path.read_bytes()))
        known = {entry["fullUrl"]: entry["resource"]["resourceType"] for entry in bundle["entry"]}
        for entry in bundle["entry"]:
            examined = examine(orjson.dumps(entry["resource"]), known=known)
            entries += 1
            problems += len(examined.problems)
            if examined.resource is not None:
                found = index_values(examined.resource)
                values += len(found)
                assert {each.param for each in found} <= parameters_of(
                    entry["resource"]["resourceType"]
                ).keys()
    assert (entries, problems) == (17_856, 0)
    assert values > 100_000
