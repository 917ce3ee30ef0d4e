"""A WeChat that judges each call that puts a version live, by words of its own about who stops whom.

What a policy says here in a line of Python it says to the product in its own file; both were written apart.
"""

from collections.abc import Callable
from dataclasses import dataclass

from reactor.simulator.platform import Platform
from reactor.simulator.records import APPROVED

ALICE, BOB, CAROL = SHOPS = ("wx000000000000000a", "wx000000000000000b", "wx000000000000000c")
WAITED_SECONDS = 10.0  # by whoever calls and hears nothing
DELAY = 600
HEALTHY = 60
MAKING_LIVE = ("release", "grayrelease")


@dataclass(frozen=True)
class Approval:
    """What a call is about: its release as it stands in the store when the call comes, and what befell it."""

    appid: str
    user_version: str
    since: float
    now: float
    befell: tuple[str, ...]

    @property
    def approved(self):
        """Whether a person said yes to it, and took nothing back since."""
        said = [one for one in self.befell if one in ("approved", "held_back")]
        return said[-1:] == ["approved"]


@dataclass(frozen=True)
class Text:
    """A policy file, and whom it stops."""

    text: str
    stops: Callable[[Approval], bool]


def _bob(one):
    return one.appid == BOB and not one.approved


_HELD = f"[authorizers.{BOB}]\nmode = 'hold'\n"
POLICIES = {
    "bob is held": Text(_HELD, _bob),
    "nobody is": Text("", lambda _: False),
    "alice is observed": Text(
        f"{_HELD}[authorizers.{ALICE}]\nmode = 'observe'\n", lambda one: one.appid == ALICE or _bob(one)
    ),
    "carol is off": Text(
        f"{_HELD}[authorizers.{CAROL}]\nmode = 'auto'\n"
        f"[lists.them]\nauthorizers = ['{CAROL}']\nmode = 'off'\n",
        lambda one: one.appid == CAROL or _bob(one),
    ),
    "frozen": Text(
        "[[freezes]]\nfrom = 2020-01-01T00:00:00\nto = 2090-01-01T00:00:00\nreason = 'the fair'\n",
        lambda _: True,
    ),
    "delayed": Text(
        f"[default]\ndelay_seconds = {DELAY}\n",
        lambda one: one.now < one.since + DELAY and not {"approved", "retried"} & {*one.befell},
    ),
    "gray": Text(f"[default]\nmode = 'gray'\n{_HELD}", _bob),
    "some versions are held": Text(
        "".join(f"[[versions]]\nuser_version = '*{digit}'\nmode = 'hold'\n" for digit in "02468"),
        lambda one: int(one.user_version[-1]) % 2 == 0 and not one.approved,
    ),
    "rings": Text(
        f"{_HELD}[[rings]]\nname = 'canary'\nauthorizers = ['{ALICE}']\nhealthy_seconds = {HEALTHY}\n", _bob
    ),
}


class Witness(Platform):
    """A WeChat that notes what spoke against a call at the moment it arrived."""

    def __init__(self, **given):
        super().__init__(**given)
        self.yard = None
        self.policy = "bob is held"
        self.paused, self.paused_shops = False, frozenset()
        self.objections = []

    def record(self, call):
        super().record(call)
        if call.call in MAKING_LIVE and call.authorizer_appid is not None:
            self._judge(call)
        if call.fault in ("timeout_before", "timeout_after"):
            self.clock.advance(WAITED_SECONDS)  # the caller does not really wait, but that time is gone

    def _judge(self, call):
        try:
            self.objections += [f"{call}: {what}" for what in self._objections(call.authorizer_appid)]
        except Exception as error:  # noqa: BLE001 - from in here it would look like a WeChat that hangs up
            self.objections.append(f"{call}: the witness fails: {error!r}")

    def _objections(self, appid):
        statuses = [audit.status for audit in self.authorizer(appid).audits]
        if statuses[-1] != APPROVED and APPROVED not in statuses[:-1]:
            yield "without an approved audit"
        if self.paused or appid in self.paused_shops:
            yield "while paused"
        rows = self.yard.ask(
            "SELECT id, user_version, created_at, audit_id FROM releases"
            f" WHERE authorizer_appid = '{appid}' AND state = 'releasing'"
        )
        if len(rows) != 1:
            yield f"of {len(rows)} releases under way"
            return
        ((release_id, version, since, audit_id),) = rows
        query = f"SELECT happening FROM history WHERE release_id = {release_id} ORDER BY id"
        befell = tuple(row[0] for row in self.yard.ask(query))
        one = Approval(appid, version, since, self.yard.clock(), befell)
        if POLICIES[self.policy].stops(one):
            yield f"though {self.policy}: {one}"
        if "held_back" in befell and not one.approved:
            yield f"though it is held: {one}"
        taken_back = self.yard.ask(
            "SELECT releases.audit_id FROM history JOIN releases ON releases.id = history.release_id"
            f" WHERE happening = 'rolled_back' AND releases.authorizer_appid = '{appid}'"
        )
        if (audit_id,) in taken_back:
            yield f"though it was rolled back: {one}"
