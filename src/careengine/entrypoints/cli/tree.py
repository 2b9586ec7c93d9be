"""How each branch of the command tree is made: plain help, which opens at once and reads well aloud."""

import typer


def branch(purpose: str) -> typer.Typer:
    """Return an empty branch that says in one sentence what it is for.

    Help is plain text: drawn boxes cost half of its time, and are read out line by line
    to somebody who listens to the screen.
    """
    return typer.Typer(
        help=purpose,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
