"""The pen writes what it is given, seals it, and refuses what must never be stored."""

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_values import AT, READING, RECORDED, Sealer, decision_of, entry_of, input_of

from careengine.kernel.decision import AdverseDecision, ClinicianBasis, Refusal, Route, because
from careengine.kernel.policy import PolicyRef
from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection, connect
from careengine.runtime.ids import SequentialIds, SystemIds
from careengine.trust.actor import ActorKind
from careengine.trust.encoding import decode_decision
from careengine.trust.ledger import AdverseNeedsPerson, AlreadySealed, InputMissing, LedgerEntry, Pen
from careengine.trust.verify import verify

BASIS = ClinicianBasis(
    clinician="Dr. Okafor", licence="NY-204417", specialty="cardiology", attestation="I reviewed this record."
)
ADVERSE = AdverseDecision(
    question="authorization.medical_necessity", route=Route.PROCEED, answer="denied",
    because=because("criteria_not_met"), policy=PolicyRef("authorization.imaging", 4), basis=BASIS,
)  # fmt: skip
REFUSAL = Refusal(
    question="claims.timely", route=Route.PROCEED, answer="refused",
    because=because("filed_too_late", days=400), policy=PolicyRef("claims.timely_filing", 2),
    clause="4.2", law="42 CFR 424.44", jurisdiction="US",
)  # fmt: skip


def write(conn: Connection, *entries: LedgerEntry, batch: int = 77) -> bytes:
    """Write entries with their inputs as one batch."""
    inputs = {sha256(input_of(e.id)).digest(): input_of(e.id) for e in entries}
    return Pen(SequentialIds(9000)).write(
        conn, batch=batch, recorded_at=RECORDED, entries=entries, inputs=inputs, audits=()
    )


def test_a_batch_is_written_and_sealed_in_one_block(conn: Connection, seal_batch: Sealer) -> None:
    seal_batch(5, audits=(READING,))
    assert conn.execute("select count(*) from decision").fetchone() == (5,)
    assert conn.execute("select seq, n, length(leaves) from block").fetchone() == (1, 6, 6 * 32)
    assert conn.execute("select h.hash = b.hash from block b, block_head h").fetchone() == (True,)


def test_what_was_written_can_be_read_with_plain_sql(conn: Connection) -> None:
    write(conn, entry_of(1, decision=REFUSAL, event=None, at=AT))
    row = conn.execute(
        "select case_id, subject, at, recorded_at, kind, route, answer, actor, clause, law, event_id,"
        " question, policy, policy_version from decision d join decision_rule r on r.key = d.rule"
    ).fetchone()
    given_ = entry_of(1)
    assert row == (
        1001, given_.subject, AT, RECORDED, 1, 0, "refused", "careengine", "4.2", "US: 42 CFR 424.44",
        None, "claims.timely", "claims.timely_filing", 2,
    )  # fmt: skip


def test_a_reading_can_be_read_with_plain_sql(conn: Connection, seal_batch: Sealer) -> None:
    seal_batch(0, audits=(READING,))
    row = conn.execute(
        "select act, actor, actor_kind, purpose, kinds, subjects, things, why, at from audit"
    ).fetchone()
    assert row == (
        "read", "nurse.lee", 1, "treatment", ["Condition", "Patient"], list(READING.subjects), [5],
        "roles.clinical", AT,
    )  # fmt: skip


def test_an_input_seen_twice_is_kept_once(conn: Connection) -> None:
    digest = sha256(input_of(1)).digest()
    entries = [entry_of(n, input_digest=digest) for n in (1, 2)]
    pen = Pen(SequentialIds(9000))
    for batch in (1, 2):
        pen.write(
            conn, batch=batch, recorded_at=RECORDED, entries=entries[batch - 1 : batch],
            inputs={digest: input_of(1)}, audits=(),
        )  # fmt: skip
    assert conn.execute("select count(*) from decision_input").fetchone() == (1,)


def test_a_decision_without_its_input_is_refused(conn: Connection) -> None:
    with pytest.raises(InputMissing):
        Pen(SequentialIds()).write(
            conn, batch=1, recorded_at=RECORDED, entries=[entry_of(1)], inputs={}, audits=()
        )


def test_an_input_no_decision_names_is_not_kept(conn: Connection) -> None:
    inputs = {sha256(input_of(n)).digest(): input_of(n) for n in (1, 2, 3)}
    Pen(SequentialIds(9000)).write(
        conn, batch=1, recorded_at=RECORDED, entries=[entry_of(2)], inputs=inputs, audits=()
    )
    assert conn.execute("select digest from decision_input").fetchall() == [(sha256(input_of(2)).digest(),)]


def test_an_empty_batch_makes_no_block(conn: Connection, seal_batch: Sealer) -> None:
    seal_batch(0)
    assert conn.execute("select count(*) from block").fetchone() == (0,)


def test_a_batch_sealed_before_is_not_sealed_again(conn: Connection, seal_batch: Sealer) -> None:
    batch = seal_batch(1)
    with pytest.raises(AlreadySealed):
        Pen(SequentialIds()).seal(conn, batch=batch, leaves=bytes(32), recorded_at=RECORDED)


def test_a_batch_rolled_back_before_its_commit_can_be_written_again(conn: Connection) -> None:
    pen = Pen(SequentialIds())
    for fails in (True, False):
        with conn.transaction(force_rollback=fails):
            leaves = write(conn, entry_of(1))
            pen.seal(conn, batch=77, leaves=leaves, recorded_at=RECORDED)
    assert conn.execute("select seq from block_head").fetchone() == (1,)
    assert verify(conn).ok


@pytest.mark.parametrize("kind", [ActorKind.SOFTWARE, ActorKind.AGENT])
def test_only_a_person_writes_an_adverse_decision(conn: Connection, kind: ActorKind) -> None:
    with pytest.raises(AdverseNeedsPerson):
        write(conn, entry_of(1, decision=ADVERSE, actor_kind=kind))


def test_a_clinicians_adverse_decision_is_kept_with_its_basis(conn: Connection) -> None:
    write(conn, entry_of(1, decision=ADVERSE, actor="dr.okafor", actor_kind=ActorKind.PERSON))
    assert conn.execute("select kind, basis from decision").fetchone() == (
        2,
        "Dr. Okafor; NY-204417; cardiology",
    )


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("kind = 2", "only_a_clinician_decides_adversely"),
        ("kind = 2, basis = 'someone'", "only_a_clinician_decides_adversely"),
        ("kind = 2, actor_kind = 1, basis = ' '", "only_a_clinician_decides_adversely"),
        ("kind = 2, actor_kind = 2, basis = 'someone'", "only_a_clinician_decides_adversely"),
        ("kind = 1, clause = '4.2'", "a_refusal_names_clause_and_law"),
        ("kind = 1, law = '42 CFR'", "a_refusal_names_clause_and_law"),
        ("body = null", "a_purged_decision_keeps_its_digest"),
        ("kind = 3", "a_kind_is_known"),
    ],
)
def test_the_database_refuses_what_python_might_let_through(
    conn: Connection, change: str, constraint: str
) -> None:
    write(conn, entry_of(1))
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        conn.execute(f"update decision set {change}")  # noqa: S608  the changes stand above
    assert refused.value.diag.constraint_name == constraint


decisions = st.sampled_from([ADVERSE, REFUSAL, decision_of(), decision_of("urgent")])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=st.lists(st.tuples(decisions, st.sampled_from(ActorKind)), min_size=1, max_size=5))
def test_no_batch_stores_an_adverse_decision_of_software(
    conn: Connection, written: list[tuple[Any, ActorKind]]
) -> None:
    entries = [entry_of(n, decision=d, actor_kind=kind) for n, (d, kind) in enumerate(written, 1)]
    forbidden = any(d is ADVERSE and kind is not ActorKind.PERSON for d, kind in written)
    with conn.transaction(force_rollback=True):
        if forbidden:
            with pytest.raises(AdverseNeedsPerson):
                write(conn, *entries)
        else:
            write(conn, *entries)
        found = conn.execute("select count(*) from decision where kind = 2 and actor_kind <> 1").fetchone()
    assert found == (0,)


def test_two_workers_sealing_at_once_leave_no_gap_and_no_fork(database_url: str, conn: Connection) -> None:
    def work(_: int) -> None:
        with connect(database_url) as mine:
            ids = SystemIds.of(mine)
            pen = Pen(ids)
            for _ in range(25):
                batch = ids.next()
                entries = [entry_of(ids.next()) for _ in range(4)]
                inputs = {sha256(input_of(e.id)).digest(): input_of(e.id) for e in entries}
                with mine.transaction():
                    leaves = pen.write(
                        mine, batch=batch, recorded_at=RECORDED, entries=entries, inputs=inputs, audits=()
                    )
                    pen.seal(mine, batch=batch, leaves=leaves, recorded_at=RECORDED)

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, range(4)))
    report = verify(conn)
    assert (report.blocks, report.decisions, report.faults) == (100, 400, [])
    assert conn.execute("select min(seq), max(seq), count(*) from block").fetchone() == (1, 100, 100)


def test_the_stored_body_gives_back_the_very_decision(conn: Connection) -> None:
    for number, decision in enumerate((decision_of(), REFUSAL), 1):
        write(conn, entry_of(number, decision=decision))
    found = conn.execute("select kind, body from decision order by id").fetchall()
    assert [decode_decision(kind, unpack(body)) for kind, body in found] == [decision_of(), REFUSAL]
