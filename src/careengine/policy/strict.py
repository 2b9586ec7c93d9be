"""Fit plain values to a strict model: a number is no text, an unknown field is an error with its line."""

import json
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from careengine.policy.findings import BrokenPolicy, Finding
from careengine.policy.plain import Document, Path, dotted

Model = TypeVar("Model", bound=BaseModel)

_DO = {
    "missing": "Add the field.",
    "extra_forbidden": "Remove the field, or correct its spelling.",
    "string_type": "Write it in quotes.",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where values stand: in which policy and file, and on the way from the top of it."""

    policy: str
    where: str
    document: Document
    path: Path = ()

    def finding(self, field: Path, problem: str, do: str) -> Finding:
        """Return a finding on a field below this place, with its line."""
        whole = (*self.path, *field)
        line = self.document.line(whole)
        place = f"{self.where}:{line}" if line else self.where
        return Finding(self.policy, f"{place} {dotted(whole)}".strip(), problem, do)


def fit(model: type[Model], value: object, place: Place) -> Model:
    """Return ``value`` as a ``model``, judged strictly whatever the model's own settings.

    Lists become tuples or sets and dates, enums and decimals are read from their text where
    the model says so; nothing else is converted.

    Raises:
        BrokenPolicy: one finding for each field that does not fit, with its line.
    """
    try:
        return model.model_validate_json(json.dumps(value, default=_iso), strict=True, extra="forbid")
    except ValidationError as error:
        raise BrokenPolicy(
            place.finding(
                problem["loc"], f"{problem['msg']}.", _DO.get(problem["type"], "Correct the value.")
            )
            for problem in error.errors(include_url=False, include_context=False)
        ) from None


def _iso(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not come from a policy file")
