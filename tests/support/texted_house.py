"""A whole installation that patients can text: its application on a real socket, cases that wrote to them."""

import http.client
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
import uvicorn
from chart_values import CHANNELS, consent, patient, store, subject
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # it ships no types

from careengine.capabilities.messaging.rules.numbers import digest
from careengine.engine.case_clock import ClockDesk
from careengine.engine.composition import Engine
from careengine.engine.journey import Open
from careengine.engine.keys import key_of
from careengine.engine.opening import new_row, open_rows
from careengine.entrypoints.compose import Installation, build, installation, prepare
from careengine.entrypoints.serving import served_by
from careengine.record.resource_types import type_code
from careengine.runtime.clock import FixedClock, real_now
from careengine.runtime.codec import pack, unpack
from careengine.runtime.database import Connection, connect

NOON = datetime(2026, 3, 3, 17, tzinfo=UTC)
NUMBER = "+16175550123"
PUBLIC = "https://care.harbour.example"
TOKEN = "t0ken"  # noqa: S105  a test's own
EXAMPLE = Path(__file__).parents[2] / "src/careengine/runtime/organisation.example.yaml"
SMS = """
  sms:
    url: http://127.0.0.1:9/2010-04-01/Accounts/AC1
    auth: basic
    secret: sms
"""


@dataclass(frozen=True)
class Said:
    status: int
    body: str


@dataclass
class House:
    """The installation, and a telephone."""

    here: Installation
    engine: Engine
    conn: Connection
    clock: FixedClock
    port: int = 0
    sids: Iterator[int] = field(default_factory=count)

    def text(
        self, body: str, *, sender: str = NUMBER, sid: str = "", token: str = TOKEN, **more: str
    ) -> Said:
        """Write to the house as the service passes it on."""
        form = {"MessageSid": sid or f"SM{next(self.sids):032x}", "From": sender, "To": "+16175550100",
                "Body": body, "NumMedia": "0", **more}  # fmt: skip
        return self.post("/sms/inbound", form, token=token)

    def post(self, path: str, form: Mapping[str, str], *, token: str = TOKEN, shown: str = "") -> Said:
        signed = shown or RequestValidator(token).compute_signature(PUBLIC + path, dict(form))
        raw = urlencode(form, errors="surrogatepass").encode()
        client = http.client.HTTPConnection("127.0.0.1", self.port)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signed}
        client.request("POST", path, raw, headers)
        reply = client.getresponse()
        said = Said(reply.status, reply.read().decode())
        client.close()
        return said

    def patient(self, name: str, *, number: str = "(617) 555-0123", **more: Any) -> UUID:
        """Somebody with a telephone who agreed to texts."""
        way = {"system": "phone", "value": number, "use": "mobile"}
        home = {"line": ["5 Main Street"], "city": "Boston", "state": "MA", "postalCode": "02110"}
        yes = {"code": [{"coding": [{"system": CHANNELS, "code": "sms"}]}]}
        store(
            self.conn,
            patient(name, telecom=[way], address=[home], **more),
            consent(f"yes-{name}", name, type="permit", **yes),
        )
        self.conn.commit()
        return subject(self.conn, name)

    def case(self, person: UUID, *, closed: bool = False) -> int:
        """An open case about somebody."""
        sites = {self.engine.codes.id("site", n): s for n, s in self.engine.organisation.sites.items()}
        clocks = ClockDesk(self.engine.book, sites, self.clock.now())
        key = f"case-{next(self.sids)}"
        journey = self.engine.newest("referral_acknowledged")
        row = new_row(self.engine, clocks, journey, Open(key=key), subject=person)
        open_rows(self.conn, {key_of(key): row})
        if closed:
            end = "update engine_case set closed_at = opened_at, due_at = null where id = %s"
            self.conn.execute(end, (row.id,))
        self.conn.commit()
        return row.id

    def wrote(
        self,
        case: int,
        name: str,
        template: str = "scheduling.offer",
        *,
        ago: timedelta = timedelta(hours=1),
        number: str = NUMBER,
    ) -> str:
        """A case wrote to a patient's number."""
        ident = f"m-{case}-{next(self.sids)}-0"
        store(self.conn, {
            "resourceType": "Communication", "id": ident, "status": "in-progress",
            "identifier": [{"system": "urn:careengine:address", "value": digest(number)}],
            "category": [{"coding": [{"system": "urn:careengine:template", "code": template}]}],
            "medium": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode",
                                    "code": "SMSWRIT"}]}],
            "subject": {"reference": f"Patient/{name}"}, "about": [{"reference": f"Task/case-{case}"}],
            "sent": (self.clock.now() - ago).isoformat(), "payload": [{"contentString": "hello"}],
        })  # fmt: skip
        self.conn.commit()
        return f"Communication/{ident}"

    def sent(self, case: int, about: str = "Communication/m-1-1-0") -> str:
        """An effect of a case that has left; return its key."""
        code, number = self.engine.codes.id, self.engine.ids.next()
        key = key_of("effect", number)
        body = pack(orjson.dumps({"body": {"about": about}, "purpose": "treatment"}))
        query = (
            "insert into effect (id, recorded_at, case_id, subject, key, next_try, case_version,"
            " ordinal, kind, partner, site, journey, status, body)"
            " select %s, %s, id, subject, %s, %s, 1, 0, %s, %s, site, journey, 1, %s"
            " from engine_case where id = %s"
        )
        kind, partner = code("effect", "messaging.send_text"), code("partner", "sms")
        self.conn.execute(query, (number, real_now(), key, real_now(), kind, partner, body, case))
        self.conn.execute("insert into effect_key values (%s, %s)", (key, number))
        self.conn.commit()
        return key.hex

    def events(self) -> list[tuple[int | None, str, dict[str, Any]]]:
        """What was put down: for which case (or nobody), about which message, and what it says."""
        rows = self.conn.execute(
            "select i.case_id, e.ref, e.body from event e left join inbox i on i.event_id = e.id"
            " where e.kind = any(%s) order by e.id, i.case_id",
            ([self.engine.codes.id("event", k) for k in ("message.received", "message.status")],),
        ).fetchall()
        self.conn.rollback()
        return [(case, ref, orjson.loads(unpack(body))) for case, ref, body in rows]

    def stored(self, kind: str) -> list[dict[str, Any]]:
        """The newest versions of a type of resource, those from the wire."""
        rows = self.conn.execute(
            "select body from resource where type = %s order by rid", (type_code(kind),)
        ).fetchall()
        self.conn.rollback()
        return [orjson.loads(unpack(body)) for (body,) in rows]


@contextmanager
def texted_house(database_url: str, home: Path) -> Iterator[House]:
    """Run one."""
    (home / "organisation.yaml").write_text(EXAMPLE.read_text().replace("\npacks:", f"{SMS}\npacks:"))
    environ = {
        "CAREENGINE_DATABASE_URL": database_url, "CAREENGINE_ORGANISATION": str(home / "organisation.yaml"),
        "CAREENGINE_SECRET_SMS": f"AC1:{TOKEN}", "CAREENGINE_PUBLIC_URL": f"{PUBLIC}/",
        "CAREENGINE_SECRET_LINKS": "l1nks", "CAREENGINE_SECRET_LAKESIDE": "lakeside",
    }  # fmt: skip
    clock = FixedClock(NOON)
    here = replace(installation(environ), clock=clock)
    prepare(here)
    with connect(database_url) as conn:
        engine, _ = build(conn, here)
        conn.commit()
        house = House(here, engine, conn, clock)
        server = uvicorn.Server(uvicorn.Config(served_by(here), port=0, log_level="critical", ws="none"))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        house.port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield house
        finally:
            server.should_exit = True
            thread.join()
