"""Who reads at the command line, and for what: words of a chart are shown to nobody in particular."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from careengine.runtime.organisation import Organisation
    from careengine.trust.actor import Reader

Actor = Annotated[str, typer.Option(help="Who reads the words quoted from the chart; it is kept on record.")]
For = Annotated[str, typer.Option(help="For what: treatment, payment, operations or oversight.")]


def reader_of(organisation: "Organisation", actor: str, purpose: str) -> "Reader | None":
    """Return the reader, or ``None`` when nobody is named.

    A chart is opened in an emergency only where a reason is asked for, not here.
    """
    from careengine.entrypoints.staff import person_called
    from careengine.trust.actor import Purpose

    allowed = {one.value: one for one in Purpose if one is not Purpose.EMERGENCY}
    if purpose not in allowed:
        raise typer.BadParameter(f"Use one of {', '.join(allowed)}.", param_hint="--purpose")
    return person_called(organisation, actor).reader(allowed[purpose]) if actor else None
