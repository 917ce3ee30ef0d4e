"""The examiner of 全网发布: asks a component what WeChat's own test asks before it may serve everybody.

https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/operation/thirdparty/releases_instructions.html
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random, SystemRandom

from reactor.core.errors import ReactorError
from reactor.simulator import pusher
from reactor.simulator.pusher import Pusher, PushResult
from reactor.simulator.remote import Remote

# Five groups, of which one is drawn: (official account, its user_name, mini program, its user_name).
GROUPS = (
    ("wx570bc396a51b8ff8", "gh_3c884a361561", "wxd101a85aa106f53e", "gh_8dad206e9538"),
    ("wx9252c5e0bb1836fc", "gh_c0f28a78b318", "wxc39235c15087f6f3", "gh_905ae9d01059"),
    ("wx8e1097c5bc82cde9", "gh_3f222ed8d140", "wx7720d01d4b2a4500", "gh_393666f1fdf4"),
    ("wx14550af28c71a144", "gh_26128078e9ab", "wx05d483572dcd5d8b", "gh_39abb5d4e1b7"),
    ("wxa35b9c23cfe664eb", "gh_2b3713f184a6", "wx5910277cae6fd970", "gh_7818dcb60240"),
)
OFFICIAL_ACCOUNT_SETS, MINI_PROGRAM_SETS = [1], [18, 19]
CUSTOMER = "oExaminer000000000000000000"
ECHO = "TESTCOMPONENT_MSG_TYPE_TEXT"
PATIENCE_SECONDS = 15.0
POLL_SECONDS = 0.2
OK = 200


@dataclass(frozen=True, slots=True)
class Mark:
    """One step of the test: what was asked, whether it was answered as it must be, and what came."""

    step: str
    passed: bool
    told: str


class Examiner:
    """Examines the reactor behind `pusher`, whose API is the simulator behind `remote`."""

    def __init__(  # noqa: PLR0913 - both ends, time and chance
        self,
        pusher: Pusher,
        remote: Remote,
        *,
        clock: Callable[[], float] = time.time,
        random: Random | None = None,
        wait: Callable[[float], None] = time.sleep,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._pusher = pusher
        self._remote = remote
        self._clock = clock
        self._random = random or SystemRandom()
        self._wait = wait
        self._patience = patience

    def examine(self) -> Iterator[Mark]:
        """Every step of one group of accounts, in WeChat's order; RemoteError when the simulator is away."""
        account, account_name, program, program_name = self._random.choice(GROUPS)
        yield self._ticket()
        yield self._echo(account, account_name)
        yield self._code("official account", account, account_name, OFFICIAL_ACCOUNT_SETS, mini_program=False)
        yield self._code("mini program", program, program_name, MINI_PROGRAM_SETS, mini_program=True)

    def _ticket(self) -> Mark:
        message = pusher.ticket(
            component_appid=self._pusher.component_appid,
            created_at=int(self._clock()),
            ticket=self._remote.gesture("ticket")["component_verify_ticket"],
        )
        result = self._pusher.push(message)
        return Mark("component_verify_ticket", result.acknowledged, _told(result))

    def _echo(self, appid: str, user_name: str) -> Mark:
        result = self._say(appid, user_name, ECHO)
        step = f"{ECHO} to an official account"
        try:
            reply = self._pusher.open(result.body)
        except (ReactorError, ValueError):
            return Mark(step, False, f"no encrypted reply: {_told(result)}")
        wanted = {
            "ToUserName": CUSTOMER,
            "FromUserName": user_name,
            "MsgType": "text",
            "Content": f"{ECHO}_callback",
        }
        wrong = [name for name, value in wanted.items() if pusher.element(reply, name) != value]
        told = f"wrong in the reply: {', '.join(wrong)}" if wrong else _told(result, f"{ECHO}_callback")
        return Mark(step, not wrong, told)

    def _code(
        self, kind: str, appid: str, user_name: str, func_ids: list[int], *, mini_program: bool
    ) -> Mark:
        step = f"QUERY_AUTH_CODE to a test {kind}"
        code = self._remote.gesture(
            "authorize",
            authorizer_appid=appid,
            user_name=user_name,
            nick_name=f"test {kind}",
            func_ids=func_ids,
            mini_program=mini_program,
        )["authorization_code"]
        result = self._say(appid, user_name, f"QUERY_AUTH_CODE:{code}")
        if result.status != OK or result.body not in (b"", b"success"):
            return Mark(step, False, f"neither empty nor success: {_told(result)}")
        wanted = hashlib.sha256(f"{code}_from_api".encode()).hexdigest()
        waited = 0.0
        while waited < self._patience:
            if any(_is_it(one, appid, wanted) for one in self._remote.state()["messages"]):
                return Mark(step, True, f"the customer-service message came after {waited:.1f} s")
            self._wait(POLL_SECONDS)
            waited += POLL_SECONDS
        return Mark(step, False, f"no such customer-service message within {self._patience:.0f} s")

    def _say(self, appid: str, user_name: str, content: str) -> PushResult:
        message = pusher.text(
            user_name=user_name,
            created_at=int(self._clock()),
            content=content,
            msg_id=self._random.randrange(1, 2**53),
            from_user_name=CUSTOMER,
        )
        return self._pusher.push(message, authorizer_appid=appid)


def _is_it(message: dict[str, str], appid: str, wanted: str) -> bool:
    found = (message["authorizer_appid"], message["touser"], message["sha256"])
    return found == (appid, CUSTOMER, wanted)


def _told(result: PushResult, instead: str | None = None) -> str:
    if result.status is None:
        return f"no answer, {result.tries} tries"
    body = instead or result.body[:80].decode("utf-8", "replace") or "(empty)"
    return f"{result.status} {body}  {result.seconds * 1000:.0f} ms"
