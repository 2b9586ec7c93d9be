"""Words get small numbers that never change."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from careengine.runtime.codes import Codes, UnknownCode
from careengine.runtime.database import Connection, connect


def test_words_get_numbers_in_the_order_given_and_keep_them(conn: Connection) -> None:
    codes = Codes.load(conn)
    codes.ensure(conn, "state", ["received", "offering", "received"])
    codes.ensure(conn, "state", ["closed", "offering"])
    assert [codes.id("state", name) for name in ("received", "offering", "closed")] == [1, 2, 3]
    assert Codes.load(conn).name("state", 3) == "closed"


def test_the_same_word_of_two_kinds_has_two_codes(conn: Connection) -> None:
    codes = Codes.load(conn)
    codes.ensure(conn, "team", ["nurses", "access"])
    codes.ensure(conn, "site", ["access"])
    assert (codes.id("team", "access"), codes.id("site", "access")) == (2, 1)


def test_an_unknown_word_or_number_says_what_to_do(conn: Connection) -> None:
    codes = Codes.load(conn)
    with pytest.raises(UnknownCode, match="careengine init"):
        codes.id("state", "nowhere")
    with pytest.raises(UnknownCode, match="Restart"):
        codes.name("state", 99)
    with pytest.raises(UnknownCode, match="Use one of"):
        codes.ensure(conn, "colour", ["red"])
    assert codes.name("state", 0) == ""


def test_processes_that_add_words_at_once_agree(database_url: str) -> None:
    def add(worker: int) -> None:
        with connect(database_url) as conn:
            Codes.load(conn).ensure(conn, "event", [f"event_{(worker + n) % 20}" for n in range(20)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(4)))
    with connect(database_url) as conn:
        codes = Codes.load(conn)
    assert sorted(codes.id("event", f"event_{n}") for n in range(20)) == list(range(1, 21))
