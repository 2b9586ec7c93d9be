"""What scheduling knows of patients: which record is in use, where they live, which group is counted."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from careengine.capabilities.scheduling.model import UNKNOWN_GROUP
from careengine.capabilities.scheduling.rules.distance import Spot
from careengine.capabilities.scheduling.steps import fhir
from careengine.trust.charts import Stored

_GEOLOCATION = "http://hl7.org/fhir/StructureDefinition/geolocation"
_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_OMB = "ombCategory"


@dataclass(frozen=True, slots=True)
class Home:
    """A patient as scheduling sees them."""

    patient: str = ""
    spot: Spot | None = None
    group: str = UNKNOWN_GROUP


def home_of(stored: Sequence[Stored]) -> Home:
    """Return the home of the person whose Patient resources these are: of the one that is in use."""
    read = [
        (one, fhir.decode(one.raw, fhir.Patient, one.ref)) for one in sorted(stored, key=lambda one: one.ref)
    ]
    usable = [(one, said) for one, said in read if said.active and not _replaced(said)] or read
    if not usable:
        return Home()
    one, said = usable[0]
    return Home(str(one.ref.newest()), _spot(said), group_of(said))


def _replaced(said: fhir.Patient) -> bool:
    return any(link.type == "replaced-by" for link in said.link)


def _spot(said: fhir.Patient) -> Spot | None:
    for address in said.address:
        for extension in address.extension:
            if extension.url == _GEOLOCATION:
                parts = {part.url: part.value_decimal for part in extension.extension}
                latitude, longitude = parts.get("latitude"), parts.get("longitude")
                if latitude is not None and longitude is not None:
                    return Spot(latitude, longitude)
    return None


def group_of(said: fhir.Patient) -> str:
    """Return ``race=code;ethnicity=code;language=code``, as far as the record says it."""
    return ";".join(f"{name}={value}" for name, value in _groups(said)) or UNKNOWN_GROUP


def _groups(said: fhir.Patient) -> Iterator[tuple[str, str]]:
    for name in ("race", "ethnicity"):
        codes = sorted(_codes(said.extension, f"{_US_CORE}{name}"))
        if codes:
            yield name, "+".join(codes)
    spoken = sorted(said.communication, key=lambda one: not one.preferred)
    languages = [code.code for one in spoken for code in one.language.coding if code.code]
    if languages:
        yield "language", languages[0]


def _codes(extensions: Iterable[fhir.Extension], url: str) -> Iterator[str]:
    for one in extensions:
        if one.url == url:
            yield from (p.value_coding.code for p in one.extension if p.url == _OMB and p.value_coding.code)
