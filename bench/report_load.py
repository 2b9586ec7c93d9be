"""A year of referrals put down as history: cases, steps, decisions, effects and cards, made in SQL."""

from datetime import UTC, datetime
from itertools import pairwise

import orjson
import trivial

from careengine.engine.composition import Engine, compose
from careengine.engine.journey import Case, Event, Facts, Instant, Journey, Policies
from careengine.entrypoints.compose import SCHEMAS
from careengine.kernel.decision import Decision, Evidence, Reason, Route
from careengine.kernel.next import Next, stay
from careengine.kernel.policy import PolicyRef
from careengine.kernel.team import Team
from careengine.policy.book import book_of
from careengine.policy.sources import all_sources
from careengine.runtime.clock import FixedClock
from careengine.runtime.codec import PHRASES, pack
from careengine.runtime.codes import Codes
from careengine.runtime.database import Connection
from careengine.runtime.ids import SystemIds
from careengine.trust.access import Access
from careengine.trust.encoding import encode_decision

NOW = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)
STATES = ("received", "offering", "booking", "scheduled", "after_visit", "awaiting_report", "awaiting_review")
ENDS = ("completed", "unreachable", "declined", "joined")
RUNNERS = ("messaging.send_text", "scheduling.book_appointment")

journey = Journey(
    "referral_to_visit", version=1, subject="ServiceRequest", outcome="visit kept", target="bench.target"
)


def _wait(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    return stay()


for _state in STATES:
    journey.state(
        _state, owner=Team.ACCESS, clock="access.acknowledge_referral", awaits="our_check",
        goes=(*STATES, *ENDS), asks=("referrals.duplicate",),
    )(_wait)  # fmt: skip
journey.on_any("card.decided")(_wait)
for _end in ENDS:
    journey.end(_end, outcome=_end, reached_goal=_end == "completed")

# Of 20 cases: 13 complete in nine steps, 3 are lost, 1 is declined, 1 a double, 2 are on their way.
PLANS = {
    "completed": ("received", *STATES[1:], "completed"),
    "unreachable": ("received", "offering", "offering", "offering", "unreachable"),
    "declined": ("received", "declined"),
    "joined": ("received", "joined"),
    "on_the_way": ("received", "offering", "booking", "scheduled", "scheduled"),
}
SHARES = ["completed"] * 13 + ["unreachable"] * 3 + ["declined", "joined"] + ["on_the_way"] * 2
GROUPS = ("race=2106-3;language=en", "race=2054-5;language=en", "race=2106-3;language=es", "race=2028-9")

PLAN = "create temp table plan (kind int, step int, was smallint, goal smallint)"
CASES = """
    insert into engine_case
        (id, opened_at, entered_at, due_at, clock_from, clock_until, closed_at, subject, version, journey,
         journey_version, state, owner, awaiting, site, priority, data)
    select n * 100, opened, opened, case when s.kind = 4 then %(later)s end, opened, %(later)s,
        case when s.kind <> 4 then opened + interval '20 days' end, gen_uuid(n), 12, %(journey)s, 1,
        %(state)s, %(team)s, %(awaits)s, %(site)s, 5, %(data)s
    from generate_series(1, %(count)s) n, lateral (select %(now)s::timestamptz
        - make_interval(mins => (525600 - (n %% 500000))) as opened) o
    join lateral (select (%(shares)s::int[])[1 + n %% 20] as kind) s on true
"""
STEPS = """
    insert into case_event (case_id, version, recorded_at, at, due_at, what, from_state, to_state, owner)
    select k.id, p.step, %(now)s, k.opened_at + p.step * interval '37 hours' * (1 + k.id / 100 %% 7 / 10.0),
        null, case when p.was = p.goal and k.id %% 1000 = 0 then %(late)s::smallint else %(what)s end,
        p.was, p.goal, %(team)s
    from engine_case k join plan p on p.kind = (%(shares)s::int[])[1 + k.id / 100 %% 20]
    where k.id between %(first)s and %(last)s
"""
DECISIONS = """
    insert into decision (id, recorded_at, at, batch, case_id, subject, rule, leaf, case_version, ordinal,
        site, journey, route, kind, actor_kind, actor, answer, body_crc, input, salt, body)
    select k.id + 20 + d, %(now)s, k.opened_at, 1, k.id, k.subject, b.rule, 0, (d + 1) / 2, d %% 2,
        %(site)s, %(journey)s, 0, 0,
        case when d = 5 and k.id / 100 %% 4 = 0 then 1 else 0 end, 'journey:bench', b.answer, 0, '\\x00',
        '\\x00', b.body
    from engine_case k, generate_series(1, 10) d
    join said b on true
    where k.id between %(first)s and %(last)s
      and b.n = case when d in (3, 4) then 100 + k.id / 100 %% 4 else d end
"""
EFFECTS = """
    insert into effect (id, recorded_at, case_id, subject, key, next_try, case_version, ordinal, kind,
        partner, site, journey, status, body)
    select k.id + 40 + e, %(now)s, k.id, k.subject, gen_uuid(k.id + e), %(now)s, 2 + e / 3, 0,
        case when e = 5 then %(book)s::smallint else %(text)s end, 1, %(site)s, %(journey)s, 1, %(sent)s
    from engine_case k, generate_series(1, 5) e where k.id between %(first)s and %(last)s
"""
CARDS = """
    insert into card (id, case_id, subject, opened_at, due_at, closed_at, decision_id, decision_at, journey,
        state, site, team, kind, status, priority, body)
    select k.id + 60, k.id, k.subject, k.opened_at, k.opened_at, k.opened_at + interval '3 hours', k.id + 25,
        %(now)s, %(journey)s, %(state)s, %(site)s, %(team)s, %(card)s, 2, 5, '\\x00'
    from engine_case k where k.id / 100 %% 4 = 0 and k.id between %(first)s and %(last)s
"""
ACTS = """
    insert into card_act (id, card_id, card_version, recorded_at, at, act, actor, actor_kind, what, reason)
    select id + 1, id, 1, %(now)s, opened_at + interval '3 hours', 'decided', 'a', 1,
        case when id / 100 %% 8 = 0 then 'joined' else 'separate' end, 'seen'
    from card where id between %(first)s and %(last)s
"""
UUID = """
    create function pg_temp.gen_uuid(bigint) returns uuid language sql immutable as
    $$ select lpad(to_hex($1), 32, '0')::uuid $$
"""


def engine_on(conn: Connection) -> Engine:
    """Return an engine that knows the journey, its book holding every policy of the package."""
    organisation = trivial.engine_on(conn).organisation.model_copy(update={"journeys": (journey.name,)})
    engine = Engine(
        journeys=(journey,), loaders={}, runners=dict.fromkeys(RUNNERS, trivial.send),
        organisation=organisation, book=book_of(all_sources(), SCHEMAS), codes=Codes.load(conn),
        ids=SystemIds.of(conn), clock=FixedClock(NOW), code_version="bench", placing=journey.name,
        access=Access.from_package(),
    )  # fmt: skip
    engine = compose(conn, engine)
    conn.commit()
    return engine


def load(conn: Connection, engine: Engine, count: int) -> None:
    """Put down ``count`` cases with all that happened to them."""
    code = engine.codes.id
    values = {
        "now": NOW, "later": NOW.replace(year=2027), "count": count,
        "journey": code("journey", journey.name),
        "state": code("state", "received"), "team": code("team", "access"),
        "awaits": code("awaits", "nothing"),
        "site": code("site", "main"), "what": code("what", "advanced"), "late": code("what", "escalated"),
        "text": code("effect", RUNNERS[0]), "book": code("effect", RUNNERS[1]),
        "card": code("card", "referrals.duplicate"), "shares": [list(PLANS).index(kind) for kind in SHARES],
        "data": pack(orjson.dumps({"focus": "ServiceRequest/1", "clinic": "cardiology"}), compress=False),
        "sent": pack(orjson.dumps({"body": {"slot": "Slot/1", "enclose": ["Communication/1", "Patient/1"]},
                                   "purpose": "treatment"}), phrases=PHRASES),
    }  # fmt: skip
    conn.execute(UUID)
    _plan(conn, engine)
    _said(conn)
    conn.execute(CASES.replace("gen_uuid", "pg_temp.gen_uuid"), values)
    for first in range(100, count * 100 + 1, 1_000_000):
        span = {**values, "first": first, "last": min(first + 999_999, count * 100 + 99)}
        for statement in (STEPS, DECISIONS, EFFECTS, CARDS, ACTS):
            conn.execute(statement.replace("gen_uuid", "pg_temp.gen_uuid"), span)
        conn.commit()
    conn.autocommit = True
    conn.execute("vacuum analyze")
    conn.autocommit = False


def _plan(conn: Connection, engine: Engine) -> None:
    conn.execute(PLAN)
    for kind, path in enumerate(PLANS.values()):
        for step, (was, goal) in enumerate(pairwise(path), 1):
            values = (kind, step, engine.codes.id("state", was), engine.codes.id("state", goal))
            conn.execute("insert into plan values (%s, %s, %s, %s)", values)


def _said(conn: Connection) -> None:
    """Keep one body for each decision of a case's usual ten, and one offer for each group."""
    conn.execute("create temp table said (n int, rule uuid, answer text, body bytea)")
    for n in range(1, 11):
        _say(
            conn, n, "referrals.duplicate" if n == 5 else f"bench.question_{n}", "joined" if n == 5 else "yes"
        )
    for row, group in enumerate(GROUPS):
        _say(conn, 100 + row, "scheduling.offer", "offer", group=group)


def _say(conn: Connection, n: int, question: str, answer: str, **params: str) -> None:
    start = NOW.isoformat()
    reasons = [Reason("scheduling.offer_made", {"slots": 3, "urgency": "routine", **params})]
    reasons += [Reason("scheduling.fits_window", {"slot": f"Slot/{k}", "start": start}) for k in range(3)]
    decision = Decision(
        question=question, route=Route.PROCEED, answer=answer, because=tuple(reasons),
        policy=PolicyRef("bench.policy", 1), evidence=(Evidence(source="Slot/1@1#start", words=start),),
    )  # fmt: skip
    body = pack(encode_decision(decision)[1], phrases=PHRASES)
    rule = f"{n:032x}"
    conn.execute("insert into said values (%s, %s, %s, %s)", (n, rule, answer, body))
    conn.execute(
        "insert into decision_rule values (%s, %s, 'bench', 'bench.policy', 1, 'bench')", (rule, question)
    )
