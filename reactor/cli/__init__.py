"""The commands: `reactor …`, which is `python -m reactor …`."""

from reactor.cli.program import main

__all__ = ["main"]
