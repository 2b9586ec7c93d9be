"""A case's row as the value its handler sees."""

import orjson

from careengine.engine.case import Case
from careengine.engine.composition import Engine
from careengine.engine.rows import CaseRow
from careengine.runtime.codec import unpack


def case_of(engine: Engine, row: CaseRow, about: str = "") -> Case:
    """Return the case; what this code does not hold (journey, version, state) is refused by name.

    ``about`` is what the event at hand refers to.
    """
    coded = engine.coded_journey(row.journey, row.journey_version)
    site = engine.codes.name("site", row.site)
    return Case(
        id=row.id, journey=coded.journey.name, journey_version=row.journey_version,
        state=coded.state(row.state).name, version=row.version, subject=row.subject, site=site,
        zone=engine.organisation.sites[site].zone, calendar=engine.organisation.sites[site].calendar,
        opened_at=row.opened_at, entered_at=row.entered_at,
        data=orjson.loads(unpack(row.data)), about=about,
    )  # fmt: skip
