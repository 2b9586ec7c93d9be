"""``/p/intake/…``: the questionnaire on a phone, one question a page, each answer kept at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.views.decorators.http import require_http_methods

from careengine.entrypoints import intake
from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.phone_door import Opened, ask_birth_date, knows_birth_date, opened, shown
from careengine.kernel.errors import CareError
from careengine.runtime.database import Connection

Item = Mapping[str, Any]
Given = Mapping[str, Sequence[Item]]
_TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
_MOST = 40


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """``/p/intake/TOKEN``: first the date of birth, then the first question that is not answered."""
    return opened(request, intake.PURPOSE, token, _page)


def _page(request: HttpRequest, link: Opened) -> HttpResponse:
    if not knows_birth_date(request, link):
        return ask_birth_date(request, link) or redirect(link.address)
    given = _saved(link)
    applying = intake.applying(given)
    asked = _asked(request, applying, given)
    if request.method == "POST" and "question" in request.POST:
        return _take(request, link, given)
    if asked is None:
        return shown(
            request, "phone_form_done.html", link, {"sent": _status(link) in {"completed", "amended"}}
        )
    place = [one["linkId"] for one in applying].index(asked["linkId"])
    told = {
        "ask": _worded(asked),
        "before": applying[place - 1]["linkId"] if place else "",
        "place": place + 1,
        "of": len(applying),
        "given": [_plain(one) for one in given.get(asked["linkId"], ())],
    }
    return shown(request, "phone_form.html", link, told)


def _take(request: HttpRequest, link: Opened, given: Given) -> HttpResponse:
    question = next((q for q in intake.questions() if q["linkId"] == request.POST["question"]), None)
    if request.POST.get("send"):
        _save(link, given, "completed")
        return redirect(link.address)
    if question is None:
        return redirect(link.address)
    answers = _answers(question, request)
    try:
        _save(link, {**given, question["linkId"]: answers}, "in-progress")
    except intake.AlreadySent:
        _save(link, {**given, question["linkId"]: answers}, "completed")
    except CareError:
        return redirect(f"{link.address}?q={question['linkId']}&fault=1")
    return redirect(f"{link.address}?after={question['linkId']}")


def _asked(request: HttpRequest, applying: Sequence[Item], given: Given) -> Item | None:
    """Return the question that is asked for, or follows one, or is the first without an answer."""
    links = [one["linkId"] for one in applying]
    named, after = request.GET.get("q", ""), request.GET.get("after", "")
    if named in links:
        return applying[links.index(named)]
    rest = applying[links.index(after) + 1 :] if after in links else applying
    return next(
        (one for one in rest if not given.get(one["linkId"]) and (one.get("required") or after)), None
    )


def _answers(question: Item, request: HttpRequest) -> list[Item]:
    texts = [text.strip() for text in request.POST.getlist("answer") if text.strip()]
    if question["type"] == "boolean":
        return [{"valueBoolean": text == "true"} for text in texts[:1]]
    offered = {one["valueCoding"]["code"]: one["valueCoding"] for one in question.get("answerOption", ())}
    coded = [_coding(offered[text]) for text in texts if text in offered]
    lines = [line.strip() for text in texts if text not in offered for line in _lines(question, text)]
    return (coded + [{"valueString": line} for line in lines if line])[
        : _MOST if question.get("repeats") else 1
    ]


def _lines(question: Item, text: str) -> list[str]:
    return text.splitlines() if question.get("repeats") else [text]


def _coding(option: Item) -> Item:
    return {"valueCoding": {name: option[name] for name in ("system", "code", "display") if name in option}}


def _plain(answer: Item) -> str:
    if "valueBoolean" in answer:
        return "true" if answer["valueBoolean"] else "false"
    return str(answer.get("valueString") or answer.get("valueCoding", {}).get("code", ""))


def _worded(question: Item) -> dict[str, Any]:
    """Return a question in the patient's language."""
    offered = [one["valueCoding"] for one in question.get("answerOption", ())]
    return {
        "link": question["linkId"], "text": _said(question, "text"), "type": question["type"],
        "options": [(one["code"], _said(one, "display")) for one in offered],
        "repeats": bool(question.get("repeats")), "required": bool(question.get("required")),
        "longest": question.get("maxLength", 1000), "own": question["type"] == "open-choice",
    }  # fmt: skip


def _said(item: Item, name: str) -> str:
    language = (translation.get_language() or "en")[:2]
    for one in item.get(f"_{name}", {}).get("extension", ()):
        parts = {part["url"]: part for part in one.get("extension", ())}
        if one["url"] == _TRANSLATION and parts["lang"]["valueCode"] == language:
            return str(parts["content"].get("valueString") or parts["content"].get("valueMarkdown"))
    return str(item[name])


def _saved(link: Opened) -> Given:
    def read(conn: Connection) -> bytes:
        with house().desk.reading_as(conn, intake.READER) as charts:
            sheet = intake.sheet_of(conn, charts, link.case)
        return sheet.saved.raw if sheet.saved else b'{"item":[]}'

    return intake.answers_of(orjson.loads(house().desk.do(read)).get("item", ()))


def _status(link: Opened) -> str:
    def read(conn: Connection) -> str:
        with house().desk.reading_as(conn, intake.READER) as charts:
            return intake.sheet_of(conn, charts, link.case).status

    return house().desk.do(read)


def _save(link: Opened, given: Given, status: str) -> None:
    applying = {one["linkId"] for one in intake.applying(given)}
    items = [{"linkId": name, "answer": list(a)} for name, a in given.items() if a and name in applying]
    at = house().engine.clock.now().isoformat()

    def work(conn: Connection) -> None:
        with house().desk.reading_as(conn, intake.READER) as charts:
            sheet = intake.sheet_of(conn, charts, link.case)
            intake.save(conn, charts, sheet, {"status": status, "item": items}, at=at, if_match="")

    house().desk.do(work)
