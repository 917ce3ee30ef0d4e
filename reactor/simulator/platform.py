"""The state of the small WeChat, and the gestures of the people and clerks who move it."""

import re
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from random import Random, SystemRandom

from reactor.simulator.credentials import GRACE_SECONDS, Credentials
from reactor.simulator.faults import Fault, FaultPlan
from reactor.simulator.records import (
    APPROVED,
    DELAYED,
    GRAY_DELETED,
    GRAY_PAUSED,
    GRAY_RUNNING,
    OPEN,
    REJECTED,
    WITHDRAWN,
    Audit,
    Authorizer,
    Call,
    Gray,
    Message,
)

APPID = re.compile(r"wx[0-9a-f]{16}")


class Platform:
    """A small WeChat for one component. Thread-safe; reads time only from `clock`.

    An impossible gesture (approving what nobody submitted) is a ValueError. To be set from outside:
    `allowed`: the caller's IP is on the whitelist, else 61004.
    `pingable`: the host of the callback URL answers pings.
    `rotate_on_refresh`: api_authorizer_token replaces the refresh token.
    `publish_while_audited`: release publishes the last approved version while a newer one is under audit,
    instead of 85020.
    """

    def __init__(
        self,
        *,
        component_appid: str,
        component_appsecret: str,
        clock: Callable[[], float] = time.time,
        random: Random | None = None,
        rotate_on_refresh: bool = False,
    ) -> None:
        self.component_appid = component_appid
        self.component_appsecret = component_appsecret
        self.clock = clock
        self.random = random or SystemRandom()
        self.allowed = True
        self.pingable = True
        self.rotate_on_refresh = rotate_on_refresh
        self.publish_while_audited = False
        self.lock = threading.RLock()
        self.credentials = Credentials(clock, self.random)
        self._authorizers: dict[str, Authorizer] = {}
        self._auditids = 400_000_000
        self.messages: list[Message] = []  # sent by accounts to their customers; read them under `lock`
        self._calls: list[Call] = []
        self._faults = FaultPlan()

    # What merchants and developers do

    def issue_ticket(self) -> str:
        """Make the component_verify_ticket that a push will carry."""
        with self.lock:
            return self.credentials.issue_ticket()

    def authorize(  # noqa: PLR0913 - what a merchant decides, and what WeChat knows about the account
        self,
        appid: str,
        *,
        user_name: str,
        nick_name: str,
        func_ids: Collection[int] = (17, 18, 25),
        mini_program: bool = True,
        exchanged: bool = False,
    ) -> str:
        """Authorize the component, or change what is granted; give the authorization code.

        Until api_query_auth exchanged a code, WeChat lists no refresh token; `exchanged` says that somebody
        did that before, unseen by the reactor.
        """
        if not APPID.fullmatch(appid):
            raise ValueError(f"an appid is wx and 16 lower-case hex digits, not {appid!r}")
        with self.lock:
            known = self._authorizers.get(appid)
            fresh = Authorizer(
                appid, user_name, nick_name, tuple(func_ids), mini_program, auth_time=int(self.clock())
            )
            if known is not None:
                if not known.authorized:
                    self.credentials.kill_tokens(authorizer_appid=appid)
                fresh = replace(fresh, audits=known.audits, past=known.past, live=known.live, gray=known.gray)
            self._authorizers[appid] = fresh
            if exchanged:
                self.credentials.issue_refresh(appid)
            return self.credentials.issue_code(appid)

    def unauthorize(self, appid: str) -> None:
        """Take the authorization back: its refresh tokens and codes are void, its tokens answer 61003."""
        with self.lock:
            self.authorizer(appid).authorized = False
            self.credentials.forget(appid)

    def submit_audit(self, appid: str, user_version: str, user_desc: str = "") -> int:
        """Hand a version in; give its auditid. Only one at a time can be under audit."""
        with self.lock:
            authorizer = self.authorizer(appid)
            if authorizer.audits and authorizer.audits[-1].status in OPEN:
                raise ValueError(f"{appid} has a version under audit already")
            self._auditids += 1
            authorizer.audits.append(Audit(self._auditids, user_version, user_desc, int(self.clock())))
            return self._auditids

    def withdraw(self, appid: str) -> None:
        """Take back the version under audit; WeChat pushes nothing about that."""
        self._close(appid, WITHDRAWN)

    def start_gray(self, appid: str, percentage: int) -> None:
        """Begin a staged release of the approved version, as somebody's own decision."""
        with self.lock:
            self.authorizer(appid).gray = Gray(GRAY_RUNNING, percentage, int(self.clock()))

    def pause_gray(self, appid: str) -> None:
        """Stop the staged release where it is."""
        with self.lock:
            authorizer = self.authorizer(appid)
            authorizer.gray = replace(authorizer.gray, status=GRAY_PAUSED)

    def end_gray(self, appid: str) -> None:
        """Call the staged release off."""
        with self.lock:
            authorizer = self.authorizer(appid)
            authorizer.gray = replace(authorizer.gray, status=GRAY_DELETED)

    # What WeChat's own clerks and machines do

    def approve(self, appid: str) -> int:
        """Pass the version under audit; give the SuccTime."""
        return self._close(appid, APPROVED)

    def reject(self, appid: str, reason: str, screenshots: Collection[str] = ()) -> int:
        """Fail the version under audit; give the FailTime."""
        return self._close(appid, REJECTED, reason, tuple(screenshots))

    def delay(self, appid: str, reason: str) -> int:
        """Put the audit off, which is not final; give the DelayTime."""
        return self._close(appid, DELAYED, reason)

    def expire_access_tokens(self, appid: str | None = None) -> None:
        """Kill the access tokens of one authorizer, or of all."""
        with self.lock:
            self.credentials.kill_tokens(authorizer_appid=appid)

    def expire_component_token(self) -> None:
        """Kill the component's access tokens."""
        with self.lock:
            self.credentials.kill_tokens(component=True)

    def rotate_refresh_token(self, appid: str, *, grace: float = GRACE_SECONDS) -> str:
        """Replace the refresh token; api_get_authorizer_list shows the new one, the old has the grace."""
        with self.lock:
            return self.credentials.issue_refresh(self.authorizer(appid).appid, grace=grace)

    def plan(self, fault: Fault) -> Fault:
        """Plan a misfortune behind those planned before; gives it back, for its gate."""
        with self.lock:
            self._faults.add(fault)
            return fault

    def clear_faults(self) -> None:
        """Forget the misfortunes that have not happened yet."""
        with self.lock:
            self._faults.clear()

    # What a test may ask

    @property
    def calls(self) -> list[Call]:
        """Every call that arrived, oldest first."""
        with self.lock:
            return list(self._calls)

    def effective_releases(self, appid: str) -> list[Call]:
        """Give the release calls that changed what is live."""
        return [
            call
            for call in self.calls
            if call.authorizer_appid == appid and call.call == "release" and call.effective
        ]

    def live(self, appid: str) -> tuple[str, int] | None:
        """Give the version in front of all users and when it was released."""
        with self.lock:
            live = self.authorizer(appid).live
            return (live.version, live.released_at) if live else None

    def faults_left(self) -> list[Fault]:
        """Give the planned misfortunes that have not happened yet."""
        with self.lock:
            return self._faults.left()

    def authorizers(self) -> list[Authorizer]:
        """Give every mini program ever authorized; read them under `lock`."""
        with self.lock:
            return list(self._authorizers.values())

    # For the calls and the face

    def authorizer(self, appid: str) -> Authorizer:
        """Find a mini program; a ValueError for one that never authorized."""
        found = self.find(appid)
        if found is None:
            raise ValueError(f"{appid} never authorized this component")
        return found

    def find(self, appid: object) -> Authorizer | None:
        """Find a mini program, if it ever authorized."""
        return self._authorizers.get(appid) if isinstance(appid, str) else None

    def take_fault(self, call: str, authorizer_appid: str | None) -> Fault | None:
        """Use up the first planned misfortune that fits this call."""
        with self.lock:
            return self._faults.take(call, authorizer_appid)

    def record(self, call: Call) -> None:
        """Remember a call that arrived."""
        with self.lock:
            self._calls.append(call)

    def rid(self) -> str:
        """Make the request id that WeChat's support asks for."""
        return f"{int(self.clock()):08x}-{self.random.getrandbits(32):08x}-{self.random.getrandbits(32):08x}"

    def _close(self, appid: str, status: int, reason: str = "", screenshots: tuple[str, ...] = ()) -> int:
        with self.lock:
            audits = self.authorizer(appid).audits
            if not audits or audits[-1].status not in OPEN:
                raise ValueError(f"{appid} has no version under audit")
            audits[-1].status, audits[-1].reason, audits[-1].screenshots = status, reason, screenshots
            return int(self.clock())
