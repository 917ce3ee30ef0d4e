"""How a demonstration ends before its time."""


class Surprise(Exception):
    """Something went otherwise than told."""

    def __init__(self, expected: str, seen: str) -> None:
        super().__init__(f"expected: {expected}\nseen:     {seen}")
        self.expected = expected
        self.seen = seen


class Stopped(Exception):
    """Somebody told it to stop."""
