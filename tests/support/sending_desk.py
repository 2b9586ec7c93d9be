"""An engine with one partner and effects to send it, without a journey having run.

Run as a program (``sending_desk.py DATABASE_URL PARTNER_URL``) it is a sender that a test may kill.
"""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg import sql
from toy_journeys import errand, load_words, placing

from careengine.engine import asking_policy, clock_policy, delivery_policy
from careengine.engine.composition import Engine, compose
from careengine.engine.journey import Journey
from careengine.engine.keys import content_key
from careengine.engine.leasing import register_partners
from careengine.engine.outgoing import Outcome, Outgoing, json_object, send
from careengine.engine.sending import Sender, nobody_objects
from careengine.kernel.team import Team
from careengine.policy.book import PolicyBook, book_of
from careengine.policy.file import read_policy
from careengine.policy.schemas import Schemas
from careengine.policy.sources import all_sources
from careengine.runtime.clock import Clock, FixedClock, real_now
from careengine.runtime.codec import pack
from careengine.runtime.codes import Codes
from careengine.runtime.database import Connection, connect
from careengine.runtime.ids import Ids, SystemIds
from careengine.runtime.organisation import Organisation, PartnerSetting, Site, TeamSetting
from careengine.trust import policies as trust_policies
from careengine.trust.access import Access
from careengine.wire.http import HttpPartner
from careengine.worklist import policies as worklist_policies

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SUBJECT = UUID(int=7)
SCHEMAS = Schemas.of(
    (
        *asking_policy.POLICY_SCHEMAS,
        *clock_policy.POLICY_SCHEMAS,
        *delivery_policy.POLICY_SCHEMAS,
        *trust_policies.POLICY_SCHEMAS,
        *worklist_policies.POLICY_SCHEMAS,
    )
)


def engine_policies() -> PolicyBook:
    """The policies of the engine, of trust and of the worklist, from the package's files."""
    return book_of({n: s for n, s in all_sources().items() if read_policy(s).schema in SCHEMAS}, SCHEMAS)


def deliver(outgoing: Outgoing, partner: HttpPartner) -> Outcome:
    """Do what any runner does: one POST, and a reply that must be a JSON object."""
    return send(outgoing, partner, "inbox", orjson.dumps(outgoing.body), read=json_object)


def organisation(partners: Mapping[str, PartnerSetting]) -> Organisation:
    team = TeamSetting(people=("ana",), backup="ben", supervisor="cho", director="dee", executive="eve")
    site = Site(zone="America/Chicago", calendar="calendars.us_federal")
    return Organisation(
        name="Lakeside", side="provider", sites={"main": site, "branch": site}, teams={Team.ACCESS: team},
        journeys=("errand", "event_to_place"), partners=dict(partners),
    )  # fmt: skip


def setting(url: str, **changes: Any) -> PartnerSetting:
    said: dict[str, Any] = {
        "url": url,
        "concurrency": 4,
        "per_second": 5000.0,
        "burst": 5000,
        "timeout_s": 5.0,
    }
    return PartnerSetting(**{**said, **changes})


def engine_with(
    conn: Connection,
    ids: Ids,
    clock: Clock,
    partners: Mapping[str, PartnerSetting],
    journeys: Sequence[Journey] = (errand, placing),
) -> Engine:
    """An engine ready to send to these partners; committed."""
    engine = compose(
        conn,
        Engine(
            journeys=journeys, loaders={"toy.word": load_words}, runners={"toy.deliver": deliver},
            organisation=organisation(partners), book=engine_policies(), codes=Codes.load(conn), ids=ids,
            clock=clock, code_version="test",
        access=Access.from_package(),
        ),
    )  # fmt: skip
    register_partners(conn, engine, real=real_now())
    conn.commit()
    return engine


def sender_for(url: str, engine: Engine, **changes: Any) -> Sender:
    partners = {
        name: HttpPartner(s.url, timeout_s=s.timeout_s) for name, s in engine.organisation.partners.items()
    }
    said = {"url": url, "engine": engine, "partners": partners, "consent": nobody_objects}
    return Sender(**{**said, **changes})


def put_effects(conn: Connection, engine: Engine, count: int = 1, **changes: Any) -> list[int]:
    """Queue effects as a batch of the dispatcher would; committed. Each is its own case's."""
    made = []
    for n in range(count):
        id_ = engine.ids.next()
        content = orjson.dumps({"body": {"n": n}, "purpose": "operations"})
        row: dict[str, Any] = {
            "id": id_, "recorded_at": real_now(), "case_id": 1000 + n, "subject": SUBJECT,
            "key": content_key(content, id_), "next_try": real_now(), "case_version": 1, "ordinal": 0,
            "kind": engine.codes.id("effect", "toy.deliver"), "partner": engine.codes.id("partner", "shop"),
            "site": engine.codes.id("site", "main"), "journey": engine.codes.id("journey", "errand"),
            "body": pack(content), **changes,
        }  # fmt: skip
        query = sql.SQL("insert into effect ({}) values ({})").format(
            sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join([sql.Placeholder()] * len(row))
        )
        conn.execute(query, list(row.values()))
        made.append(id_)
    conn.commit()
    return made


def one(conn: Connection, query: str, *values: Any) -> Any:
    """The first column of the only row."""
    row = conn.execute(query, values).fetchone()
    assert row is not None
    return row[0]


def let_leases_run_out(conn: Connection) -> None:
    """Let an hour of real time pass for everything that is leased."""
    conn.execute(
        "update effect set next_try = next_try - interval '1 hour',"
        " lease_until = lease_until - interval '1 hour' where lease is not null"
    )
    conn.execute("update sending set until = until - interval '1 hour'")
    conn.commit()


def _main(url: str, partner_url: str) -> None:
    with connect(url) as conn:
        engine = engine_with(conn, SystemIds.of(conn), FixedClock(NOON), {"shop": setting(partner_url)})
        sender_for(url, engine).drain()


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2])
