"""A journey draws itself: states, owners, clocks, what is awaited, and what leads where."""

from careengine.engine.journey import Journey


def as_mermaid(journey: Journey) -> str:
    """Return the journey as a Mermaid state diagram, which README pages and editors render."""
    lines = ["stateDiagram-v2", f"    [*] --> {journey.start}"]
    for state in journey.states.values():
        lines.append(f"    {state.name} : {state.name}\\nowner {state.owner.value}\\nawaits {state.awaits}")
        lines.extend(f"    {state.name} --> {target}" for target in state.goes)
    for on in journey.ons.values():
        sources = [on.state] if on.state else list(journey.states)
        lines.extend(f"    {s} --> {t} : {on.kind}" for s in sources for t in on.goes)
    lines.extend(f"    {end.name} --> [*] : {end.outcome}" for end in journey.ends.values())
    return "\n".join(lines) + "\n"


def as_text(journey: Journey) -> str:
    """Return the journey as a page of text, one paragraph a state."""
    lines = [f"{journey.name} version {journey.version}: from {journey.subject} to {journey.outcome}", ""]
    for state in journey.states.values():
        start = " (start)" if state.name == journey.start else ""
        lines.append(f"{state.name}{start}")
        lines.append(f"    owner {state.owner.value} · clock {state.clock} · awaits {state.awaits}")
        if state.needs:
            lines.append("    knows " + ", ".join(need.name for need in state.needs))
        if asks := sorted(journey.asks_in(state.name)):
            lines.append("    may ask " + ", ".join(asks))
        lines.extend(f"    -> {target}" for target in state.goes)
        for on in journey.ons.values():
            if on.state in {"", state.name}:
                lines.extend(f"    -> {target}  when {on.kind}" for target in on.goes)
    lines.append("")
    lines.extend(
        f"end {e.name}: {e.outcome}{'' if e.reached_goal else ' (goal not reached)'}"
        for e in journey.ends.values()
    )
    return "\n".join(lines) + "\n"
