"""A purge takes the text away and leaves a chain that verifies and says who purged what, and why."""

from hashlib import sha256
from typing import Any

import pytest
from ledger_values import AT, PRIVACY, Sealer, entry_of, input_of

from careengine.kernel.errors import Refused
from careengine.runtime.database import Connection
from careengine.trust.actor import Reader
from careengine.trust.proof import NotInLedger, Proof, holds, prove
from careengine.trust.purge import NothingToPurge, purge
from careengine.trust.verify import verify


@pytest.fixture
def purged(conn: Connection, seal_batch: Sealer) -> Connection:
    """Three sealed decisions, the first purged."""
    seal_batch(3)
    entry = purge(conn, [2], by=PRIVACY, why="right of erasure, request 17", at=AT)
    seal_batch(0, audits=(entry,))
    return conn


def test_the_chain_still_verifies_and_counts_the_purge(purged: Connection) -> None:
    report = verify(purged)
    assert (report.faults, report.decisions, report.purged) == ([], 3, 1)


def test_body_input_and_salt_are_gone(purged: Connection) -> None:
    row = purged.execute(
        "select body, input, salt, body_crc, length(digest) from decision where id = 2"
    ).fetchone()
    assert row == (None, None, None, None, 32)
    assert purged.execute("select count(*) from decision_input").fetchone() == (2,)


def test_an_input_that_another_decision_saw_stays(conn: Connection, seal_batch: Sealer) -> None:
    shared = sha256(input_of(2)).digest()
    seal_batch(entries=[entry_of(2), entry_of(3, input_digest=shared)])
    seal_batch(0, audits=(purge(conn, [2], by=PRIVACY, why="request 18", at=AT),))
    assert verify(conn).ok


def test_the_purge_itself_stands_in_the_ledger(purged: Connection) -> None:
    row = purged.execute("select actor, why, things from audit where act = 'purge'").fetchone()
    assert row == ("officer.reyes", "right of erasure, request 17", [2])


@pytest.mark.parametrize(
    "tampering",
    [
        "update decision set digest = decode(repeat('ab', 32), 'hex') where id = 2",
        "update decision set answer = 'urgent' where id = 2",
        "delete from decision where id = 2",
        "delete from audit where act = 'purge'",
        "update audit set things = '{3}' where act = 'purge'",
    ],
)
def test_tampering_with_what_a_purge_left_is_found(purged: Connection, tampering: Any) -> None:
    purged.execute(tampering)
    assert not verify(purged).ok


def test_a_body_taken_away_without_a_purge_is_found(conn: Connection, seal_batch: Sealer) -> None:
    seal_batch(3)
    purge(conn, [2], by=PRIVACY, why="done in secret", at=AT)
    assert [str(fault) for fault in verify(conn).faults] == [
        "decision 2 its body is gone and no purge names it"
    ]


@pytest.mark.parametrize(("by", "why"), [(Reader.for_journey("x"), "because"), (PRIVACY, " ")])
def test_a_purge_needs_a_person_and_a_reason(conn: Connection, by: Reader, why: str) -> None:
    with pytest.raises(Refused):
        purge(conn, [1], by=by, why=why, at=AT)


def test_nothing_is_purged_twice(purged: Connection) -> None:
    with pytest.raises(NothingToPurge):
        purge(purged, [2], by=PRIVACY, why="again", at=AT)


# Proofs


def test_a_decision_is_proved_without_the_others_and_after_a_purge(purged: Connection) -> None:
    proofs = [prove(purged, ident) for ident in (2, 3, 4)]
    assert all(map(holds, proofs))
    assert len({proof.leaf for proof in proofs}) == 3


def test_a_proof_of_another_decision_does_not_hold(purged: Connection) -> None:
    one, other = prove(purged, 2), prove(purged, 3)
    parts = {name: getattr(one, name) for name in Proof.__slots__}
    assert not holds(Proof(**{**parts, "leaf": other.leaf}))
    assert not holds(Proof(**{**parts, "batch": one.batch + 1}))


def test_what_is_not_in_the_ledger_cannot_be_proved(conn: Connection) -> None:
    with pytest.raises(NotInLedger):
        prove(conn, 404)
