"""`python -m reactor` is `reactor`."""

from reactor.cli import main

main()
