"""Who we are: the sites, teams, journeys, partners and policy packs that ``organisation.yaml`` names."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from careengine.kernel.errors import CareError
from careengine.kernel.team import Team
from careengine.runtime.yaml_text import YamlInvalid, read_yaml

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""Lower case letters, digits and ``_``, beginning with a letter."""
PartnerName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
"""As a name, with ``-`` allowed: partners are called what they call themselves."""
Person = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9._@-]{0,62}$")]
"""The login of a person."""
Dotted = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$")]
"""The name of a policy."""


class OrganisationInvalid(CareError):
    """``organisation.yaml`` is missing or wrong; the message lists every fault and what to do."""


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("is no IANA time zone; write one like America/Chicago")
    return value


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https", "smtp", "smtps"} or not parts.hostname:
        raise ValueError("must be an http or https address, or smtp or smtps for e-mail")
    if parts.username or parts.password:
        raise ValueError("must hold no user or password; set CAREENGINE_SECRET_<PARTNER>")
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Site(_Strict):
    """One place of care or work."""

    zone: Annotated[str, AfterValidator(_zone)]
    """Its IANA time zone: "today" is a day there."""
    calendar: Dotted
    """The policy that holds its opening hours and holidays."""


class TeamSetting(_Strict):
    """Who sits in a team, and who hears of it when it is late, one rung after the other."""

    people: Annotated[tuple[Person, ...], Field(min_length=1)]
    backup: Person
    supervisor: Person
    director: Person
    executive: Person


class PartnerSetting(_Strict):
    """Somebody outside we send to, and how much they can take."""

    url: Annotated[str, AfterValidator(_url)]
    concurrency: Annotated[int, Field(ge=1, le=256)] = 4
    """Requests under way at once, over all our processes."""
    per_second: Annotated[float, Field(gt=0, le=10_000)] = 10.0
    burst: Annotated[int, Field(ge=1, le=10_000)] = 10
    """Requests that may go at once after a quiet time."""
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 30.0
    auth: Literal["bearer", "basic"] = "bearer"
    """How the secret is shown; for ``basic`` it is ``user:password``."""
    secret: PartnerName | None = None
    """The name under which the environment holds its secret; ``None`` needs none."""


class AgentSetting(_Strict):
    """A program that works cards for a person: what is not granted here it may not do."""

    owner: Person
    """Who answers for it."""
    teams: Annotated[tuple[Team, ...], Field(min_length=1)]
    """Whose cards it sees, and as whom it reads charts."""
    answers: Mapping[Dotted, tuple[Name, ...]] = Field(default_factory=dict)
    """Which answers it may give, by kind of card."""
    hands_over: bool = False
    """Whether it may pass a card to another team, or put it aside."""
    acts_per_day: Annotated[int, Field(ge=0, le=100_000)] = 0
    acts_per_minute: Annotated[int, Field(ge=1, le=600)] = 10


class Organisation(_Strict):
    """One organisation, one database."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    side: Literal["provider", "payer"]
    sites: Annotated[Mapping[Name, Site], Field(min_length=1)]
    """The first is where a case belongs that names no other."""
    teams: Annotated[Mapping[Team, TeamSetting], Field(min_length=1)]
    journeys: Annotated[tuple[Name, ...], Field(min_length=1)]
    partners: Mapping[PartnerName, PartnerSetting] = Field(default_factory=dict)
    agents: Mapping[Name, AgentSetting] = Field(default_factory=dict)
    packs: tuple[Path, ...] = ()
    """Directories of policies laid over the package's, in this order."""
    digest: str = ""
    """Of the file's bytes: which version of it was in force."""


def load_organisation(path: Path) -> Organisation:
    """Read ``organisation.yaml``; raises :class:`OrganisationInvalid` with every fault, a line each."""
    try:
        raw = path.read_bytes()
        given = read_yaml(raw.decode("utf-8"), path.name)
    except OSError as error:
        raise OrganisationInvalid(
            f"{path} cannot be read. Set CAREENGINE_ORGANISATION to where yours is, or make one of "
            "organisation.example.yaml, which `careengine init --example` prints."
        ) from error
    except UnicodeDecodeError as error:
        raise OrganisationInvalid(f"{path} is not UTF-8. Save it as UTF-8.") from error
    except YamlInvalid as error:
        raise OrganisationInvalid(str(error)) from None
    return _checked(given, path, hashlib.sha256(raw).hexdigest())


def _checked(given: object, path: Path, digest: str) -> Organisation:
    if not isinstance(given, dict) or "digest" in given:
        raise OrganisationInvalid(
            f"{path.name} must be a mapping with name, side, sites, teams and journeys."
        )
    try:
        # Through JSON, where a list may become a tuple and a text a team, and nothing else is bent.
        read = Organisation.model_validate_json(json.dumps({**given, "digest": digest}))
    except ValidationError as error:
        raise _invalid(path, (_line(fault) for fault in error.errors(include_url=False))) from None
    except TypeError:
        raise _invalid(path, ["a value is a date or another thing of YAML; write it in quotes"]) from None
    packs = tuple(path.parent / pack for pack in read.packs)
    _refuse(path, _contradictions(read, packs))
    return read.model_copy(update={"packs": packs})


def _contradictions(read: Organisation, packs: Iterable[Path]) -> Iterable[str]:
    """Find what each part allows and the whole does not."""
    for pack in packs:
        if not pack.is_dir():
            yield f"packs: {pack} is no directory; create it or remove the line"
    for name in sorted({journey for journey in read.journeys if read.journeys.count(journey) > 1}):
        yield f"journeys: {name} is named twice; remove one"
    for team, setting in read.teams.items():
        if len(set(setting.people)) < len(setting.people):
            yield f"teams.{team}.people: somebody is named twice; remove one"


def _refuse(path: Path, faults: Iterable[str]) -> None:
    found = list(faults)
    if found:
        raise _invalid(path, found)


def _invalid(path: Path, faults: Iterable[str]) -> OrganisationInvalid:
    return OrganisationInvalid(
        f"{path.name} is wrong. Correct:\n" + "\n".join(f"  {fault}" for fault in faults)
    )


def _line(fault: ErrorDetails) -> str:
    """Say where and what is wrong, never with the value: it may be a secret put in the wrong place."""
    place = ".".join(str(part) for part in fault["loc"] if part != "[key]")
    said = {
        "missing": "is missing; add it",
        "extra_forbidden": "is not known; correct its spelling or remove it",
        "string_pattern_mismatch": "is no such name: lower case letters, digits and _, a letter first",
        "string_type": "must be text; write it in quotes",
    }.get(fault["type"])
    return f"{place}: {said or fault['msg'].removeprefix('Value error, ')}"
