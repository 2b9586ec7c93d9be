"""Ids rise with time and are unique over processes; in tests they are known beforehand."""

import multiprocessing
import os

import pytest

from careengine.kernel.errors import CareError
from careengine.runtime.database import connect
from careengine.runtime.ids import Ids, SequentialIds, SystemIds, trace_id

MANY = 20_000


def make_ids(url: str) -> list[int]:
    with connect(url, autocommit=True) as conn:
        maker = SystemIds.of(conn)
    return [maker.next() for _ in range(MANY)]


def test_four_processes_at_once_never_make_the_same_id_and_each_makes_them_rising(database_url: str) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        made = pool.map(make_ids, [database_url] * 4)
    assert len({number for some in made for number in some}) == 4 * MANY
    assert all(some == sorted(some) for some in made)
    assert max(number for some in made for number in some) < 2**63


def test_ids_rise_over_threads_and_fit_a_bigint() -> None:
    maker = SystemIds(16383)
    numbers = [maker.next() for _ in range(5000)]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] < 2**63


def test_a_process_number_out_of_range_is_refused() -> None:
    with pytest.raises(CareError, match="16383"):
        SystemIds(16384)


def test_a_forked_child_may_not_go_on_with_its_parent_s_ids() -> None:
    maker = SystemIds(3)
    maker.next()
    reader, writer = os.pipe()
    if os.fork() == 0:
        try:
            maker.next()
            os.write(writer, b"made one")
        except CareError:
            os.write(writer, b"refused")
        finally:
            os._exit(0)
    os.wait()
    assert os.read(reader, 20) == b"refused"
    os.close(reader)
    os.close(writer)


def test_uuids_are_of_version_7_unique_and_rise_with_time() -> None:
    maker = SystemIds(1)
    made = [maker.uuid() for _ in range(2000)]
    assert len(set(made)) == 2000
    assert {uuid.version for uuid in made} == {7}
    assert {uuid.variant for uuid in made} == {"specified in RFC 4122"}
    assert made[0].int >> 80 <= made[-1].int >> 80


def test_sequential_ids_are_the_same_every_time() -> None:
    def run(maker: Ids) -> list[object]:
        return [maker.next(), maker.uuid(), maker.next()]

    assert run(SequentialIds(10)) == run(SequentialIds(10))
    assert run(SequentialIds(10))[0] == 10
    assert SequentialIds(7).uuid().version == 8


def test_a_case_s_trace_id_is_its_id_padded() -> None:
    assert trace_id(255) == "0" * 30 + "ff"
    assert len(trace_id(2**63 - 1)) == 32
