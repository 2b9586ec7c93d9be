"""A stopped lane keeps its work: what software would have done is shown to a person instead. Pure."""

from careengine.engine.case import Case
from careengine.engine.deciding import Answer, Call, engine_call
from careengine.engine.engine_needs import ENGINE_HANDLERS, WITHHELD, Withheld
from careengine.engine.events import is_human_act
from careengine.engine.guards import Stops
from careengine.kernel.decision import Route


def withhold(answer: Answer, case: Case, stops: Stops) -> Call | None:
    """Return the call that hands an answer to a person, or ``None`` when it may stand.

    It may stand when the lane runs, when a person decided it, and when it decides
    nothing (a delivery noted, a time passed).
    """
    call = answer.call
    if call.by_person or call.function in ENGINE_HANDLERS or is_human_act(call.event):
        return None
    alone = next((d for d in answer.next.because if d.route is Route.PROCEED), None)
    if alone is None:
        return None
    stop = stops.of(lane=case.journey, site=case.site)
    if stop is None:
        return None
    found = Withheld(scope=stop.scope, name=stop.name, proposal=alone, function=call.function)
    return engine_call(
        "engine/withheld", event=call.event, seen_event=call.seen_event, given={WITHHELD.name: found}
    )
