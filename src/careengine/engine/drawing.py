"""A journey draws itself: states, owners, clocks, what is awaited, and what leads where."""

from careengine.engine.journey import Journey, State

ITSELF = "by itself"


def as_mermaid(journey: Journey) -> str:
    """Return the journey as a Mermaid state diagram, which README pages and editors render."""
    lines = ["stateDiagram-v2", f"    [*] --> {journey.start}"]
    for state in journey.states.values():
        lines.append(f"    {state.name} : {state.name}\\nowner {state.owner.value}\\nawaits {state.awaits}")
        for target, triggers in _arrows(journey, state).items():
            lines.append(f"    {state.name} --> {target} : {', '.join(triggers)}")
    lines.extend(f"    {end.name} --> [*] : {end.outcome}" for end in journey.ends.values())
    return "\n".join(lines) + "\n"


def as_text(journey: Journey) -> str:
    """Return the journey as a page of text, one paragraph a state."""
    lines = [f"{journey.name} version {journey.version}: from {journey.subject} to: {journey.outcome}"]
    for state in journey.states.values():
        start = " (start)" if state.name == journey.start else ""
        lines += ["", f"{state.name}{start}"]
        lines.append(f"    owner {state.owner.value} · clock {state.clock} · awaits {state.awaits}")
        if state.needs:
            lines.append("    knows " + ", ".join(need.name for need in state.needs))
        if asks := sorted(journey.asks_in(state.name)):
            lines.append("    may ask " + ", ".join(asks))
        lines.extend(
            f"    {', '.join(triggers)} -> {', '.join(targets) or 'stays'}"
            for targets, triggers in _grouped(journey, state).items()
        )
    lines.append("")
    lines.extend(
        f"end {e.name}: {e.outcome}{'' if e.reached_goal else ' (goal not reached)'}"
        for e in journey.ends.values()
    )
    return "\n".join(lines) + "\n"


def _triggers(journey: Journey, state: State) -> dict[str, tuple[str, ...]]:
    """Return where each thing that can happen in a state may lead; its own answer hides any state's."""
    leads = {ITSELF: state.goes} if state.goes else {}
    for on in journey.ons.values():
        if on.state == state.name or (not on.state and (state.name, on.kind) not in journey.ons):
            leads[f"on {on.kind}"] = on.goes
    return leads


def _arrows(journey: Journey, state: State) -> dict[str, list[str]]:
    """Return by target what leads there."""
    arrows: dict[str, list[str]] = {}
    for trigger, targets in _triggers(journey, state).items():
        for target in targets:
            arrows.setdefault(target, []).append(trigger)
    return arrows


def _grouped(journey: Journey, state: State) -> dict[tuple[str, ...], list[str]]:
    """Return by targets what leads to just these."""
    grouped: dict[tuple[str, ...], list[str]] = {}
    for trigger, targets in _triggers(journey, state).items():
        grouped.setdefault(targets, []).append(trigger)
    return grouped
