"""The link in a text, opened on a phone: the questionnaire is answered, whole or its first half."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol
from urllib.parse import urlsplit

from caretown.caller import Said
from caretown.people import Resource
from caretown.residents import Resident

_FHIR = {"content-type": "application/fhir+json", "accept": "application/fhir+json"}
_YES_SHARE = 0.25
_OWN_WORDS = "metformin 500 mg in the morning"


class Calls(Protocol):
    """Calls the engine over HTTP."""

    async def call(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Said:
        """Send one request and return its answer."""
        ...


@dataclass(slots=True)
class IntakeLinks:
    """Opens links of the engine as a phone does."""

    servers: Calls
    did: Counter[str] = field(default_factory=Counter)
    """How often a form was opened, saved whole, saved in half, or refused."""

    async def fill(self, link: str, resident: Resident, *, whole: bool) -> None:
        """Answer the form behind a link, all of it or the first half."""
        path = urlsplit(link).path
        opened = await self.servers.call("GET", path, b"", _FHIR)
        self.did["opened" if opened.taken else f"refused_{opened.status}"] += 1
        if not opened.taken:
            return
        form = json.loads(opened.body)["entry"][0]["resource"]
        items = answers_to(form, resident)
        kept = items if whole else items[: len(items) // 2]
        status = "completed" if whole else "in-progress"
        response = {"resourceType": "QuestionnaireResponse", "status": status, "item": kept}
        said = await self.servers.call("PUT", path, json.dumps(response).encode(), _FHIR)
        self.did[("whole" if whole else "half") if said.taken else f"refused_{said.status}"] += 1


def answers_to(form: Mapping[str, Any], resident: Resident) -> list[Resource]:
    """Return what this person answers to each question that applies, in order."""
    answers: list[Resource] = []
    for item in _questions(form.get("item", ())):
        given = {one["linkId"]: one["answer"] for one in answers}
        if _applies(item, given):
            answers.append({"linkId": item["linkId"], "answer": [_answer(item, resident)]})
    return answers


def _questions(items: Any) -> Iterator[Mapping[str, Any]]:
    for item in items:
        if item["type"] in {"group", "display"}:
            yield from _questions(item.get("item", ()))
        else:
            yield item


def _applies(item: Mapping[str, Any], given: Mapping[str, list[Resource]]) -> bool:
    """Say whether every condition of a question holds; those we know are all equalities."""
    for when in item.get("enableWhen", ()):
        wanted = next(value for name, value in when.items() if name.startswith("answer"))
        said = [value for one in given.get(when["question"], ()) for value in one.values()]
        if wanted not in said:
            return False
    return True


def _answer(item: Mapping[str, Any], resident: Resident) -> Resource:
    rng = Random(f"{resident.id}/{item['linkId']}")
    options = [one["valueCoding"] for one in item.get("answerOption", ()) if "valueCoding" in one]
    if options:
        own = [one for one in options if one.get("code") == resident.language]
        chosen = own[0] if own else rng.choice(options)
        return {
            "valueCoding": {name: chosen[name] for name in ("system", "code", "display") if name in chosen}
        }
    if item["type"] == "boolean":
        wants = resident.kind == "no_ride" and item["linkId"] == "transport"
        return {"valueBoolean": wants or rng.random() < _YES_SHARE}
    return {"valueString": _OWN_WORDS}
