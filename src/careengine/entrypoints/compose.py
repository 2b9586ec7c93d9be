"""Put the engine together: every journey, every wiring, around one organisation's database."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from careengine.capabilities.messaging import wiring as messaging
from careengine.capabilities.referrals import wiring as referrals
from careengine.capabilities.registration import wiring as registration
from careengine.capabilities.scheduling import wiring as scheduling
from careengine.engine import asking_policy, clock_policy, delivery_policy
from careengine.engine.composition import Engine, Loader, compose
from careengine.engine.in_flight import declare_states
from careengine.engine.journey import Journey
from careengine.engine.leasing import register_partners
from careengine.engine.outgoing import Runner
from careengine.engine.sending import Sender
from careengine.engine.sending_batch import Together
from careengine.entrypoints.fitting import refuse_misfit
from careengine.journeys.clinic_session import journey as clinic_session
from careengine.journeys.clinic_waitlist import journey as clinic_waitlist
from careengine.journeys.eligibility_answered import journey as eligibility_answered
from careengine.journeys.event_to_place import journey as event_to_place
from careengine.journeys.referral_acknowledged import journey as referral_acknowledged
from careengine.journeys.referral_to_visit import journey as referral_to_visit
from careengine.oversight.insight.policy import POLICY_SCHEMAS as INSIGHT_SCHEMAS
from careengine.oversight.studio.policy import POLICY_SCHEMAS as STUDIO_SCHEMAS
from careengine.policy.book import PolicyBook
from careengine.policy.schemas import PolicySchema, Schemas
from careengine.policy.sources import all_sources
from careengine.policy.store import Installed, install, load_book, load_versions
from careengine.policy.wording import WORDING_SCHEMAS
from careengine.runtime.clock import Clock, clock_from, real_now
from careengine.runtime.code_version import code_version
from careengine.runtime.codes import Codes
from careengine.runtime.database import Connection, connect
from careengine.runtime.embedded import EmbeddedServer
from careengine.runtime.ids import SystemIds
from careengine.runtime.migrating import migrate
from careengine.runtime.organisation import Organisation, load_organisation
from careengine.runtime.partitions import ensure_partitions
from careengine.runtime.settings import Settings, load_settings
from careengine.runtime.telemetry import start_logging, start_tracing
from careengine.trust import policies as trust_policies
from careengine.trust.access import Access
from careengine.trust.consent import Objections
from careengine.trust.enclosing import Enclosures
from careengine.wire.partner import partner_at
from careengine.worklist.policies import POLICY_SCHEMAS as WORKLIST_SCHEMAS

JOURNEYS: tuple[Journey, ...] = (
    referral_to_visit,
    referral_acknowledged,
    clinic_session,
    clinic_waitlist,
    eligibility_answered,
    event_to_place,
)
WIRINGS = (messaging, referrals, registration, scheduling)
LOADERS: Mapping[str, Loader] = {
    name: loader for wiring in WIRINGS for name, loader in wiring.LOADERS.items()
}
RUNNERS: Mapping[str, Runner] = {
    name: runner for wiring in WIRINGS for name, runner in wiring.RUNNERS.items()
}
POLICY_SCHEMAS: tuple[PolicySchema, ...] = (
    *asking_policy.POLICY_SCHEMAS,
    *clock_policy.POLICY_SCHEMAS,
    *delivery_policy.POLICY_SCHEMAS,
    *trust_policies.POLICY_SCHEMAS,
    *WORDING_SCHEMAS,
    *WORKLIST_SCHEMAS,
    *INSIGHT_SCHEMAS,
    *STUDIO_SCHEMAS,
    *(schema for wiring in WIRINGS for schema in wiring.POLICY_SCHEMAS),
)
"""Every shape a policy may have here."""
SCHEMAS = Schemas.of(POLICY_SCHEMAS)
LINKS = "links"
"""The name of the secret that signs links, ``CAREENGINE_SECRET_LINKS``."""
PAGES = "pages"
"""The name of the secret that signs sessions of the pages, ``CAREENGINE_SECRET_PAGES``."""
OIDC = "oidc"
"""The name of our secret at the hospital's identity provider, ``CAREENGINE_SECRET_OIDC``."""
AGENT = "agent"
"""The name of an agent's token where it is served over standard input, ``CAREENGINE_SECRET_AGENT``."""
BY_VERSION: Mapping[tuple[str, int], Journey] = {(j.name, j.version): j for j in JOURNEYS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """One organisation's installation: where its database is, who it is, which clock it follows."""

    settings: Settings
    organisation: Organisation
    url: str
    clock: Clock


def installation(environ: Mapping[str, str] | None = None) -> Installation:
    """Read settings and organisation, and start the embedded database if none is configured."""
    settings = load_settings(os.environ if environ is None else environ)
    return Installation(
        settings=settings,
        organisation=load_organisation(settings.organisation),
        url=settings.database_url or EmbeddedServer(settings.home).start(),
        clock=clock_from(settings.clock),
    )


def prepare(here: Installation) -> Installed:
    """Migrate, make this month's partitions, give every name its code and publish the package's policies."""
    migrate(here.url)
    with connect(here.url) as conn:
        ensure_partitions(conn, real_now())
        sources = all_sources(here.organisation.packs)
        found = install(conn, sources, SCHEMAS, at=real_now())
        engine, _ = build(conn, here)
        declare_states(conn, engine)
        register_partners(conn, engine, real=real_now())
        conn.commit()
    return found


def observe(here: Installation) -> None:
    """Start this process's logs and traces as the settings say; for what runs on, not for one question."""
    start_logging(here.settings.log_level)
    start_tracing(here.settings.traces)


def build(conn: Connection, here: Installation) -> tuple[Engine, Access]:
    """Compose the engine on ``conn``; the caller commits the codes it may have added.

    Raises :class:`OrganisationMisfit` when ``organisation.yaml`` does not fit journeys and policies.
    """
    on = {*here.organisation.journeys, event_to_place.name}
    book = load_book(conn, SCHEMAS)
    refuse_misfit(here.organisation, JOURNEYS, book, today=here.clock.now().date())
    engine = Engine(
        journeys=tuple(journey for journey in JOURNEYS if journey.name in on),
        loaders=LOADERS,
        runners={**RUNNERS, **messaging.runners(outside(here.settings))},
        organisation=here.organisation,
        book=book,
        codes=Codes.load(conn),
        ids=SystemIds.of(conn),
        clock=here.clock,
        code_version=code_version(),
        access=Access.load(book, here.organisation.packs),
    )
    engine.codes.ensure(conn, "event", messaging.EVENTS)
    composed = compose(conn, engine)
    return composed, composed.access


def outside(settings: Settings) -> messaging.Outside:
    """Return under which address the world reaches us, and what signs the links we give out."""
    return messaging.Outside(public_url=settings.public_url, links=settings.secrets.get(LINKS, ""))


def sender(here: Installation, engine: Engine, access: Access) -> Sender:
    """Return this process's hand on the partners."""
    partners = {
        name: partner_at(
            setting.url,
            secret=here.settings.secret(setting.secret) if setting.secret else "",
            timeout_s=setting.timeout_s,
            basic=setting.auth == "basic",
        )
        for name, setting in here.organisation.partners.items()
    }
    return Sender(
        url=here.url,
        engine=engine,
        partners=partners,
        consent=Together((Objections(engine.book), messaging.Window(engine.book))),
        enclose=Enclosures(access, engine.ids),
        hold=here.settings.hold_effects,
    )


def pinned(conn: Connection, book: PolicyBook, pins: Mapping[str, int]) -> PolicyBook:
    """Return the book as it was for a recorded decision: exactly these versions."""
    other = {name: version for name, version in pins.items() if book[name].version != version}
    return book.overlay(load_versions(conn, SCHEMAS, other.items()).values()) if other else book
