"""Take in C-CDA documents: kept as they came, read into the record; what cannot be read goes to a person."""

import asyncio
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from careengine.engine.composition import Engine
from careengine.entrypoints import documents
from careengine.entrypoints.api.bodies import bytes_of
from careengine.entrypoints.api.desk import Desk
from careengine.entrypoints.api.outcomes import answer, outcome, results
from careengine.entrypoints.documents import Mail
from careengine.kernel.errors import NotFound
from careengine.record.refusal import BundleRefused
from careengine.wire.ccda import LARGEST, CcdaDocument, CcdaUnreadable, read_ccda

_XML = frozenset({"application/xml", "text/xml", "application/hl7-cda+xml", "application/cda+xml"})


async def post_document(desk: Desk, request: Request) -> Response:
    """``POST /ccda``: keep the document, then read it; the answer says what became of it."""
    engine = desk.served.engine
    if engine is None:
        raise NotFound("Documents are not taken here.")
    raw = await bytes_of(request, min(LARGEST, desk.served.limits.body), _XML, "a C-CDA document as XML")
    mail = Mail(desk.partner(request.headers.get("authorization", "")), raw)
    if await desk.work(lambda conn: documents.keep(conn, desk.reading, mail)):
        return _said(200, "This document is already here.")
    try:
        document = await asyncio.to_thread(read_ccda, raw)
    except CcdaUnreadable as broken:
        return await _for_a_person(desk, engine, mail, documents.UNREADABLE, str(broken))
    return await _read(desk, engine, mail, document)


async def _read(desk: Desk, engine: Engine, mail: Mail, document: CcdaDocument) -> Response:
    rules = documents.rules_of(engine)
    known = await desk.work(lambda conn: documents.look(conn, desk.reading, mail, document, rules))
    if known.newest > document.version:
        return _said(200, "A newer version of this document is already here; this one is kept beside it.")
    if known.unclear:
        words = "Whom this document is about cannot be told for certain. It is kept, for a person."
        return await _for_a_person(desk, engine, mail, documents.PATIENT_UNCLEAR, words)
    bundle = documents.bundle_of(mail, document, known, rules)
    if bundle is None:
        words = "This document holds no referral. It is kept, for a person."
        return await _for_a_person(desk, engine, mail, documents.WITHOUT_REFERRAL, words, known.subject)
    limits = desk.served.limits
    try:
        done = await desk.work(
            lambda conn: documents.take(conn, mail, document, bundle, known, limits=limits)
        )
    except BundleRefused:
        words = "What this document says is not valid FHIR. It is kept, for a person."
        return await _for_a_person(desk, engine, mail, documents.UNREADABLE, words, known.subject)
    return answer(results(*done))


async def _for_a_person(
    desk: Desk, engine: Engine, mail: Mail, kind: str, words: str, subject: UUID | None = None
) -> Response:
    await desk.work(lambda conn: documents.tell(conn, engine, mail, kind, subject))
    return _said(202, words)


def _said(status: int, words: str) -> Response:
    issue = {"severity": "information", "code": "informational", "diagnostics": words}
    return outcome(status, [issue])
