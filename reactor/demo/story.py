"""What happens in the demonstration, act by act; every act goes as told or ends in a Surprise."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reactor.demo.stage import PROCESSES, Stage
from reactor.demo.surprise import Surprise
from reactor.demo.telling import Teller
from reactor.demo.watching import Watch
from reactor.simulator import pusher
from reactor.simulator.faults import Fault
from reactor.simulator.pusher import PushResult, bad_signature

PACE_SECONDS = 0.5  # so that a reader can follow
LOST_SECONDS = 15.0  # longer than the reactor waits for an answer
TIMES = 4
FORBIDDEN = 403
REASON = "1: the page pages/order/pay cannot be opened without logging in"


@dataclass(frozen=True, slots=True)
class Shop:
    """A made-up mini program."""

    appid: str
    user_name: str
    name: str


DINER = Shop("wx00000000000d1e12", "gh_00000000d1e1", "Deer Diner")
BOOKS = Shop("wx0000000000b00c35", "gh_00000000b00c", "Paper Crane Books")
TEA = Shop("wx000000000007ea55", "gh_0000000007ea", "Corner Tea")
SHOPS = (DINER, BOOKS, TEA)


@dataclass(frozen=True, slots=True)
class Approved:
    """One approval, and what must come of it: the calls of `release` that leave, one of them effective."""

    shop: Shop
    version: str
    at: float
    release_calls: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """One audit that was not passed."""

    shop: Shop
    version: str


class Story:
    """Told once, on one stage."""

    def __init__(self, stage: Stage, watch: Watch, teller: Teller) -> None:
        self._stage = stage
        self._platform = stage.platform
        self._pusher = stage.component.pusher(stage.url)
        self._watch = watch
        self._tell = teller
        self.approved: list[Approved] = []
        self.rejected: list[Rejected] = []

    def play(self) -> None:
        """All acts; the lost answer is waited for while the others play."""
        self.open()
        lost = self.lose_an_answer()
        for act in (self.go_live, self.repeat_a_push, self.be_busy, self.reject, self.forge):
            self._watch.pause(PACE_SECONDS)
            act()
        self.find_it_live(lost)

    # -- acts --------------------------------------------------------------------------------------------

    def open(self) -> None:
        """A ticket, then three merchants that authorize the component."""
        self._tell.note(f"a small WeChat listens on {self._stage.face.url}")
        self._watch.until_ready()
        self._tell.note(
            f"the reactor is up on {self._stage.url}: {PROCESSES} web processes with workers, SQLite"
        )
        self.push_ticket()
        self._watch.until("the ticket is kept", lambda: self._status("ticket_age_seconds") is not None)
        self._tell.done("component_verify_ticket received")
        for shop in SHOPS:
            self._watch.pause(PACE_SECONDS / 2)
            self._authorize(shop)

    def lose_an_answer(self) -> Approved:
        """WeChat does what it is asked, and its answer never comes."""
        self._platform.plan(
            Fault("release", "timeout_after", authorizer_appid=TEA.appid, seconds=LOST_SECONDS)
        )
        approved = self._approve(TEA, "3.2.0")
        self._watch.until("WeChat releases it", lambda: self._platform.effective_releases(TEA.appid) or None)
        self._tell.under_way(
            f"{_name(approved)} approved; release is called, and its answer gets lost on the way"
        )
        return approved

    def go_live(self) -> None:
        """A good day."""
        approved = self._approve(DINER, "2.4.0")
        self._tell_live(approved, self._released(approved))

    def repeat_a_push(self) -> None:
        """WeChat repeats itself when it is unsure; one release is enough."""
        approved = self._approve(BOOKS, "1.8.0", times=TIMES)
        self._released(approved)
        event = self._event(BOOKS, "audit_success")
        count = len(self._watch.get(f"/releases?authorizer_appid={BOOKS.appid}")["items"])
        if (event["deliveries"], count) != (TIMES, 1):
            raise Surprise(
                f"{TIMES} deliveries of one event, one release",
                f"{event['deliveries']} deliveries, {count} releases",
            )
        self._tell.done(f"{_name(approved)} live; the same push came {TIMES} times and made one release")

    def be_busy(self) -> None:
        """WeChat answers -1, which may mean anything."""
        self._wait_for_a_new_second(DINER)
        self._platform.plan(Fault("release", "errcode", authorizer_appid=DINER.appid, errcode=-1))
        approved = self._approve(DINER, "2.4.1", release_calls=2)
        self._watch.until("WeChat says that it is busy", lambda: self._calls(approved, errcode=-1) or None)
        self._tell.under_way(f"{_name(approved)}: WeChat is busy (-1); it looks before it tries again")
        self._tell_live(approved, self._released(approved))

    def reject(self) -> None:
        """Not every audit is passed."""
        self._platform.submit_audit(BOOKS.appid, "1.8.1")
        failed_at = self._platform.reject(BOOKS.appid, REASON)
        message = pusher.audit_fail(
            user_name=BOOKS.user_name, created_at=failed_at, failed_at=failed_at, reason=REASON
        )
        self._acknowledged(self._pusher.push(message, authorizer_appid=BOOKS.appid), "the rejection")
        rejected = Rejected(BOOKS, "1.8.1")
        self.rejected.append(rejected)
        event = self._event(BOOKS, "audit_fail")
        if event["reason"] != REASON:
            raise Surprise(f"the reason {REASON!r} is kept", repr(event["reason"]))
        self._tell.refused(f"{_name(rejected)} rejected by the audit: {REASON!r}")

    def forge(self) -> None:
        """Somebody who does not know the token wants a release."""
        before = len(self._watch.get("/events?limit=200")["items"])
        now = int(time.time())
        message = pusher.audit_success(user_name=TEA.user_name, created_at=now, succeeded_at=now)
        result = self._pusher.push(message, authorizer_appid=TEA.appid, spoil=bad_signature)
        if (result.status, result.body) != (FORBIDDEN, b""):
            raise Surprise("a forged push gets an empty 403", _answer(result))
        if len(self._watch.get("/events?limit=200")["items"]) != before:
            raise Surprise("a forged push leaves no trace", "an event more than before")
        self._tell.refused("a forged push refused: an empty 403, nothing stored")

    def find_it_live(self, lost: Approved) -> None:
        """The next turn looks first, sees it live, and calls nothing."""
        found = self._watch.until(
            "the answer is given up", lambda: self._calls(lost, outcome="unknown") or None
        )
        self._tell.under_way(
            f"{_name(lost)}: no answer after {found[0]['ms'] / 1000:.0f} s; the next turn looks"
        )
        release = self._released(lost)
        self._tell_live(lost, release, "found live by looking, without another call")

    def push_ticket(self) -> None:
        """What WeChat does every ten minutes."""
        message = pusher.ticket(
            component_appid=self._platform.component_appid,
            created_at=int(time.time()),
            ticket=self._platform.issue_ticket(),
        )
        self._acknowledged(self._pusher.push(message), "the ticket")

    # -- shared ------------------------------------------------------------------------------------------

    def _authorize(self, shop: Shop) -> None:
        code = self._platform.authorize(shop.appid, user_name=shop.user_name, nick_name=shop.name)
        message = pusher.authorized(
            component_appid=self._platform.component_appid,
            created_at=int(time.time()),
            authorizer_appid=shop.appid,
            authorization_code=code,
        )
        self._acknowledged(self._pusher.push(message), f"the authorization of {shop.name}")
        self._watch.until(f"{shop.name} is authorized", lambda: self._is_authorized(shop))
        self._tell.done(f"{shop.name} authorized ({shop.appid})")

    def _is_authorized(self, shop: Shop) -> bool:
        found = self._watch.get("/authorizers?state=authorized")["items"]
        return any(one["authorizer_appid"] == shop.appid and one["can_release"] for one in found)

    def _approve(self, shop: Shop, version: str, *, times: int = 1, release_calls: int = 1) -> Approved:
        self._platform.submit_audit(shop.appid, version)
        approved = Approved(shop, version, time.time(), release_calls)
        self.approved.append(approved)
        at = self._platform.approve(shop.appid)
        message = pusher.audit_success(user_name=shop.user_name, created_at=at, succeeded_at=at)
        for _ in range(times):
            self._acknowledged(
                self._pusher.push(message, authorizer_appid=shop.appid), f"the approval of {_name(approved)}"
            )
        return approved

    def _released(self, approved: Approved) -> dict[str, Any]:
        """Wait until the record says that it is live; a Surprise when it ends in any other state."""

        def look() -> dict[str, Any] | None:
            found = self._watch.release_of(approved.shop.appid, approved.version)
            if found and found["state"] not in ("pending", "releasing", "released"):
                raise Surprise(f"{_name(approved)} goes live", f"{found['state']}: {found['reason']}")
            return found if found and found["state"] == "released" else None

        return self._watch.until(f"{_name(approved)} goes live", look)

    def _tell_live(self, approved: Approved, release: dict[str, Any], how: str = "live") -> None:
        self._tell.done(
            f"{_name(approved)} {how}, {seconds_to_live(approved, release):.1f} s after the approval"
        )

    def _calls(self, approved: Approved, **wanted: object) -> list[dict[str, Any]]:
        """The calls of `release` for this approval that ended so."""
        found = self._watch.release_of(approved.shop.appid, approved.version)
        calls = found["calls"] if found else []
        return [
            call
            for call in calls
            if call["call"] == "release" and all(call[name] == value for name, value in wanted.items())
        ]

    def _event(self, shop: Shop, kind: str) -> dict[str, Any]:
        items = self._watch.get(f"/events?authorizer_appid={shop.appid}")["items"]
        found = [item for item in items if item["kind"] == kind]
        if len(found) != 1:
            raise Surprise(f"one {kind} of {shop.name} is recorded", f"{len(found)}")
        return dict(found[0])

    def _status(self, name: str) -> Any:
        return self._watch.get("/status")[name]

    def _acknowledged(self, result: PushResult, what: str) -> None:
        if not result.acknowledged:
            raise Surprise(f"{what} is answered 200 success", _answer(result))

    def _wait_for_a_new_second(self, shop: Shop) -> None:
        """WeChat counts in whole seconds: an approval in the second of a release would pass for its cause."""
        live = self._platform.live(shop.appid)
        assert live is not None
        self._watch.until("time goes on", lambda: time.time() >= live[1] + 1)


def seconds_to_live(approved: Approved, release: dict[str, Any]) -> float:
    """From the clerk's approval until the record says live."""
    return max(0.0, datetime.fromisoformat(release["released_at"]).timestamp() - approved.at)


def _name(one: Approved | Rejected) -> str:
    return f"{one.shop.name} {one.version}"


def _answer(result: PushResult) -> str:
    return f"{result.status or 'no answer'} {result.body[:80]!r}"
