"""A link in a text is opened and answered over HTTP, as the questionnaire asks."""

import asyncio
import json
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from careengine.capabilities.registration.steps.questionnaire import checked
from caretown.caller import Said
from caretown.intake_links import IntakeLinks, answers_to
from caretown.residents import Resident

FORM = json.loads(files("careengine.capabilities.registration").joinpath("intake.json").read_text("utf-8"))


def somebody(**changes: str) -> Resident:
    plain = dict.fromkeys(Resident.__slots__, "") | {"id": "p1", "kind": "prompt", "language": "en"}
    return Resident(**plain | changes)


@dataclass
class Engine:
    """Answers as the engine does and keeps what it was sent."""

    status: int = 200
    saved: list[dict[str, Any]] = field(default_factory=list)

    async def call(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Said:
        assert path == "/intake/abc"
        assert headers["accept"] == "application/fhir+json"
        if method == "PUT":
            self.saved.append(json.loads(body))
        return Said(self.status, json.dumps({"entry": [{"resource": FORM}]}).encode())


def fill(engine: Engine, *, whole: bool) -> IntakeLinks:
    links = IntakeLinks(engine)
    asyncio.run(links.fill("https://intake.example/intake/abc", somebody(), whole=whole))
    return links


def test_a_whole_form_is_sent_as_completed_with_every_question_that_applies() -> None:
    engine = Engine()
    links = fill(engine, whole=True)
    (sent,) = engine.saved
    given = {one["linkId"]: one["answer"] for one in sent["item"]}
    plain = {item["linkId"] for item in FORM["item"] if not item.get("enableWhen")}

    assert sent["status"] == "completed"
    assert checked(sent["item"], finished=True)
    assert plain <= set(given)
    assert ("allergy_list" in given) == (given["allergies"] == [{"valueBoolean": True}])
    assert links.did == {"opened": 1, "whole": 1}


def test_half_a_form_is_sent_as_in_progress() -> None:
    engine = Engine()
    links = fill(engine, whole=False)
    (sent,) = engine.saved

    assert sent["status"] == "in-progress"
    assert 0 < len(sent["item"]) < len(FORM["item"])
    assert links.did == {"opened": 1, "half": 1}


def test_a_link_that_opens_nothing_is_counted_and_nothing_is_sent() -> None:
    engine = Engine(status=410)
    links = fill(engine, whole=True)

    assert engine.saved == []
    assert links.did == {"refused_410": 1}


def test_people_say_which_language_they_speak_and_that_they_need_a_ride() -> None:
    spanish = {
        one["linkId"]: one["answer"] for one in answers_to(FORM, somebody(language="es", kind="no_ride"))
    }

    assert spanish["language"][0]["valueCoding"]["code"] == "es"
    assert spanish["transport"] == [{"valueBoolean": True}]
