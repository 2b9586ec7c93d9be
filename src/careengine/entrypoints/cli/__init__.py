"""The command line: what an operator, a coordinator without a screen, or a script can do."""

from careengine.entrypoints.cli.app import main

__all__ = ["main"]
