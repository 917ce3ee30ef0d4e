"""A message that did not arrive, and what that means for the next try."""

from typing import Self

from reactor.core.errors import ReactorError


class Undelivered(ReactorError):
    """Why, in words without URLs and secrets; unless `for_good`, the same may succeed in `wait` seconds.

    `gone`: the channel wants no message any more.
    """

    def __init__(self, why: str, *, for_good: bool = False, wait: float = 0.0, gone: bool = False) -> None:
        super().__init__(why)
        self.for_good = for_good or gone
        self.wait = wait
        self.gone = gone

    @classmethod
    def refused(cls, why: str) -> Self:
        """The same message would be refused again."""
        return cls(why, for_good=True)
