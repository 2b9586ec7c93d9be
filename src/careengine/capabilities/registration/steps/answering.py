"""As a payer: load what was asked and who carries the number; write the 271 that was decided."""

import base64
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import orjson

from careengine.capabilities.registration.model import Inquiry, Member, Members, Plan
from careengine.capabilities.registration.rules.answering import FOLLOW_UP, LEVEL, OTHER, QUESTION_ID
from careengine.capabilities.registration.rules.asking import RESULT
from careengine.capabilities.registration.steps import fhir
from careengine.capabilities.registration.steps.loading import names_of, payors_of
from careengine.engine.case import Case
from careengine.kernel.refs import Ref
from careengine.record.query import query_of
from careengine.trust.charts import Charts, Stored
from careengine.wire.x12 import Inquiry as Asked
from careengine.wire.x12 import Rejected, Said, X12Unreadable, read_270

FOCUS = "focus"
"""Where a case's data names the stored question, ``Binary/id``."""
_QUESTIONS = ("Binary",)
_CHART = ("Coverage", "Patient")
_PAGE = 500
_STATUS = {"active": "1", "inactive": "6"}
"""Answer → EB01."""


def question_id(raw: bytes) -> str:
    """Return the id under which a question is kept: the same bytes are the same question."""
    return QUESTION_ID + hashlib.sha256(raw).hexdigest()[:40]


def kept(raw: bytes, id_: str, media: str) -> bytes:
    """Return bytes of X12 as the Binary that keeps them."""
    data = base64.b64encode(raw).decode()
    return orjson.dumps({"resourceType": "Binary", "id": id_, "contentType": media, "data": data})


def unkept(binary: bytes) -> bytes:
    """Return the bytes that a Binary keeps."""
    return base64.b64decode(orjson.loads(binary)["data"])


def load_inquiries(charts: Charts, cases: Sequence[Case]) -> Mapping[int, Inquiry]:
    """Return what each case was asked; one reading for the whole batch."""
    asked = _asked(charts, cases)
    return {case.id: _inquiry(*asked[case.id]) for case in cases}


def load_members(charts: Charts, cases: Sequence[Case]) -> Mapping[int, Members]:
    """Return everybody who carries the number each case asks about; five readings for the whole batch."""
    asked = _asked(charts, cases)
    spelt = {spelling for _, one in asked.values() for spelling in _spellings(one)}
    people = _people(charts, spelt)
    return {case.id: Members(tuple(people.get(_number(asked[case.id][1]), ()))) for case in cases}


def said_of(response: bytes, asked: Asked) -> Said:
    """Return what a stored answer tells the provider."""
    said = orjson.loads(response)
    extensions = {one["url"]: one for one in said.get("extension", ())}
    insurance = (said.get("insurance") or [{}])[0]
    period = insurance.get("benefitPeriod", {})
    result = extensions[RESULT]["valueCode"]
    return Said(
        status=_STATUS.get(result, ""),
        begin=fhir.day_of(period.get("start", "")),
        end=fhir.day_of(period.get("end", "")),
        other=extensions.get(OTHER, {}).get("valueString", ""),
        rejected=tuple(_rejected(one, asked) for one in said.get("error", ())),
        at=datetime.fromisoformat(said["created"]),
    )


def cannot_now(at: datetime) -> Said:
    """Return the answer of a payer that cannot answer at this time (AAA 42): ask again."""
    return Said(rejected=(Rejected(level="2100A", code="42", follow_up="R"),), at=at)


def _rejected(error: Mapping[str, object], asked: Asked) -> Rejected:
    one = fhir.read(error, fhir.EligibilityError)
    by_url = {each.url: each.value_code for each in one.extension}
    level = by_url.get(LEVEL, "")
    if level == "2100C" and asked.dependent is not None:
        level = "2100D"
    return Rejected(level=level, code=one.code.coding[0].code, follow_up=by_url.get(FOLLOW_UP, ""))


def _asked(charts: Charts, cases: Sequence[Case]) -> Mapping[int, tuple[str, Asked | str]]:
    """Return each case's question and where it stands; why it cannot be read, if it cannot."""
    refs = {case.id: Ref.parse(str(case.data[FOCUS])) for case in cases}
    stored = charts.resources(refs.values(), kinds=_QUESTIONS)
    return {case.id: _read(refs[case.id], stored.get(refs[case.id])) for case in cases}


def _read(ref: Ref, stored: Stored | None) -> tuple[str, Asked | str]:
    if stored is None:
        return str(ref), "x12.not_readable"
    try:
        return str(stored.ref), read_270(unkept(stored.raw))
    except X12Unreadable as error:
        return str(stored.ref), error.why


def _inquiry(ref: str, asked: Asked | str) -> Inquiry:
    if isinstance(asked, str):
        return Inquiry(ref=ref, fault=asked)
    return Inquiry(
        ref=ref,
        payer=asked.payer_id,
        number=_number(asked),
        last=asked.patient.last,
        first=asked.patient.first,
        born=asked.patient.born,
        dependent=asked.dependent is not None,
        day=asked.day,
    )


def _number(asked: Asked | str) -> str:
    return "" if isinstance(asked, str) else _bare(asked.subscriber.member)


def _spellings(asked: Asked | str) -> frozenset[str]:
    """Return how a number may stand on the record: X12 carries only capitals, cards carry marks."""
    if isinstance(asked, str):
        return frozenset()
    given = asked.subscriber.member
    return frozenset({given, given.lower(), _bare(given), _bare(given).lower()} - {""})


def _bare(number: str) -> str:
    return "".join(letter for letter in number.upper() if letter.isalnum())


def _people(charts: Charts, spelt: Iterable[str]) -> Mapping[str, Sequence[Member]]:
    """Return the members by the bare number they carry on their own record or on their coverage."""
    wanted = sorted(spelling for spelling in spelt if not set(spelling) & set(",|$\\"))
    if not wanted:
        return {}
    subjects = {
        one.subject
        for kind in _CHART
        for one in charts.search(
            query_of(kind, (("identifier", ",".join(wanted)), ("_count", str(_PAGE))))
        )[1].values()
        if one.subject is not None
    }  # fmt: skip
    found = charts.of_subjects(subjects, kinds=_CHART)
    payors = payors_of(charts, (one for stored in found.values() for one in stored))
    people: dict[str, list[Member]] = defaultdict(list)
    for subject, chart in found.items():
        for number, member in _members(subject, chart, payors):
            people[number].append(member)
    return {number: sorted(members, key=lambda one: one.ref) for number, members in people.items()}


def _members(
    subject: UUID, chart: Sequence[Stored], payors: Mapping[Ref, fhir.Organization]
) -> Iterable[tuple[str, Member]]:
    covers = [
        (one.ref, fhir.decode(one.raw, fhir.Coverage, one.ref)) for one in chart if one.ref.type == "Coverage"
    ]
    for one in chart:
        if one.ref.type != "Patient":
            continue
        said = fhir.decode(one.raw, fhir.Patient, one.ref)
        if any(link.type == "replaced-by" for link in said.link):
            continue
        name, mine = said.called, [(ref, cover) for ref, cover in covers if _is_of(cover, one.ref, chart)]
        member = Member(
            ref=str(one.ref),
            subject=subject,
            last=name.family,
            first=" ".join(name.given[:1]),
            born=fhir.day_of(said.birth_date),
            plans=tuple(_plan(ref, cover, payors) for ref, cover in sorted(mine)),
        )
        numbers = {_bare(each.value) for each in said.identifier}
        numbers |= {_bare(each.value) for _, cover in mine for each in cover.identifier}
        numbers |= {_bare(cover.subscriber_id) for _, cover in mine}
        yield from ((number, member) for number in sorted(numbers - {""}))


def _is_of(cover: fhir.Coverage, patient: Ref, chart: Sequence[Stored]) -> bool:
    """Say whether a coverage is a patient's: the only one's of a chart, or the one it names."""
    alone = sum(one.ref.type == "Patient" for one in chart) == 1
    named = fhir.ref_of(cover.beneficiary)
    return alone or (named is not None and named.newest() == patient.newest())


def _plan(ref: Ref, cover: fhir.Coverage, payors: Mapping[Ref, fhir.Organization]) -> Plan:
    called = tuple(name for payor in cover.payor for name in names_of(payor, payors) if name)
    return Plan(
        ref=str(ref),
        status=cover.status,
        start=fhir.day_of(cover.period.start),
        end=fhir.day_of(cover.period.end),
        called=called,
        payer_id=next((name for name in called if name.isdecimal()), ""),
    )
