"""``/journeys``: each story drawn with how many cases stand where; every number opens its list."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from careengine.engine.case_views import CaseView, list_cases, subject_of
from careengine.engine.journey import Journey
from careengine.entrypoints.web.house import House, house
from careengine.entrypoints.web.people import NOBODY, Somebody, somebodies
from careengine.entrypoints.web.reading import reader_for
from careengine.entrypoints.web.who import person_of
from careengine.kernel.errors import NotFound
from careengine.runtime.database import Connection

_PAGE = 50
_COUNTS = """
    select j.name, s.name, count(*), count(*) filter (where k.closed_at is null and k.due_at < %s)
    from engine_case k
    join code j on j.kind = 'journey' and j.id = k.journey join code s on s.kind = 'state' and s.id = k.state
    group by 1, 2
"""


@dataclass(frozen=True, slots=True)
class Box:
    """A state as it is drawn: where, what it is called, how many cases stand there."""

    name: str
    x: int
    y: int
    count: int
    late: int
    ends: bool
    goal: bool


@dataclass(slots=True)
class Drawing:
    """A journey as boxes and arrows on a sheet of ``width`` by ``height``."""

    boxes: list[Box] = field(default_factory=list)
    arrows: list[tuple[str, str]] = field(default_factory=list)
    """From and to, by name: what every state leads to."""
    width: int = 0
    height: int = 0


BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y = 190, 54, 60, 26


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """``GET /journeys``."""
    counts = _counted()
    told = [
        (
            journey,
            sum(counts.get((journey.name, state), (0, 0))[0] for state in journey.states),
            sum(counts.get((journey.name, end), (0, 0))[0] for end in journey.ends),
        )
        for journey in _journeys()
    ]
    return render(request, "journeys.html", {"journeys": told})


@require_GET
def one(request: HttpRequest, name: str) -> HttpResponse:
    """``GET /journeys/NAME``: drawn, with live counts."""
    journey = next((one for one in _journeys() if one.name == name), None)
    if journey is None:
        raise Http404
    told = {"journey": journey, "drawing": drawn(journey, _counted()), "w": BOX_WIDTH, "h": BOX_HEIGHT}
    return render(request, "journey.html", told)


@require_GET
def cases(request: HttpRequest) -> HttpResponse:
    """``GET /cases?journey=&state=&after=``: the list behind a number, a page at a time, by id."""
    here, person = house(), person_of(request)
    journey, state, after = (request.GET.get(name, "") for name in ("journey", "state", "after"))
    start = int(after) if after.isdecimal() and len(after) < 20 else 0

    def read(conn: Connection) -> tuple[Sequence[CaseView], dict[int, Somebody], int]:
        found = list_cases(conn, here.engine, journey=journey, state=state, after=start, limit=_PAGE)
        subjects = {one.id: subject_of(conn, one.id) for one in found}
        with here.desk.reading_as(conn, reader_for(here.access, person)) as charts:
            who = somebodies(charts, set(subjects.values()), now=here.engine.clock.now())
        total = _counted_here(conn, here).get((journey, state), (0, 0))[0]
        return found, {case: who.get(subject, NOBODY) for case, subject in subjects.items()}, total

    try:
        found, who, total = here.desk.do(read)
    except NotFound:
        raise Http404 from None
    told = {"cases": found, "who": who, "journey": journey, "state": state, "total": total, "page": _PAGE}
    return render(request, "cases.html", told)


def drawn(journey: Journey, counts: dict[tuple[str, str], tuple[int, int]]) -> Drawing:
    """Lay a journey out in columns, by how many steps a state is from the start at least. Pure."""
    depth = _depths(journey)
    columns: dict[int, list[str]] = {}
    for name in (*journey.states, *journey.ends):
        columns.setdefault(depth.get(name, 0), []).append(name)
    sheet = Drawing()
    for column, names in sorted(columns.items()):
        for row, name in enumerate(names):
            x, y = 10 + column * (BOX_WIDTH + GAP_X), 10 + row * (BOX_HEIGHT + GAP_Y)
            count, late = counts.get((journey.name, name), (0, 0))
            end = journey.ends.get(name)
            sheet.boxes.append(Box(name, x, y, count, late, end is not None, bool(end and end.reached_goal)))
    sheet.arrows = [(name, goal) for name in journey.states for goal in _goals(journey, name) if goal != name]
    sheet.width = max(box.x for box in sheet.boxes) + BOX_WIDTH + 10
    sheet.height = max(box.y for box in sheet.boxes) + BOX_HEIGHT + 10
    return sheet


def _depths(journey: Journey) -> dict[str, int]:
    depth, edge = {journey.start: 0}, [journey.start]
    while edge:
        name = edge.pop(0)
        for goal in _goals(journey, name) if name in journey.states else ():
            if goal not in depth:
                depth[goal] = depth[name] + 1
                edge.append(goal)
    return depth


def _goals(journey: Journey, state: str) -> tuple[str, ...]:
    own = journey.states[state].goes
    heard = (goal for on in journey.ons.values() if on.state == state for goal in on.goes)
    return tuple(dict.fromkeys((*own, *heard)))


def _journeys() -> list[Journey]:
    engine = house().engine
    return [engine.newest(name).journey for name in engine.organisation.journeys]


def _counted() -> dict[tuple[str, str], tuple[int, int]]:
    here = house()
    return here.desk.do(lambda conn: _counted_here(conn, here))


def _counted_here(conn: Connection, here: House) -> dict[tuple[str, str], tuple[int, int]]:
    rows = conn.execute(_COUNTS, (here.engine.clock.now(),)).fetchall()
    return {(journey, state): (count, late) for journey, state, count, late in rows}
