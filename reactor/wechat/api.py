"""WeChat's APIs, one method each; where Tencent's page says more, protocol and names are its own."""

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from reactor.core.errcodes import Verdict, lookup
from reactor.core.errors import Answered, OutcomeUnknown
from reactor.core.lifecycle import Audit, GrayPlan, LiveVersion
from reactor.wechat import answers
from reactor.wechat.client import Ask, CallRecord, Transport
from reactor.wechat.connection import open_session, proxies

_T = TypeVar("_T")
_NOT_FOUND = 404

# Answers that say nothing about a gray plan: the call itself could not be made.
_ABOUT_THE_CALL = frozenset(
    {
        Verdict.RENEW,
        Verdict.RETRY,
        Verdict.QUOTA,
        Verdict.SLOW,
        Verdict.BLOCKED,
        Verdict.TICKET,
        Verdict.REAUTHORIZE,
    }
)


class WeChatClient:
    """WeChat's API for one component, for any number of threads.

    Every method raises NotSent, OutcomeUnknown or Answered and nothing else of its own. `timeout` is
    seconds to connect and seconds for the whole answer. No error, record, log or repr holds a secret.
    """

    def __init__(  # noqa: PLR0913 -- all by name
        self,
        *,
        api_url: str,
        component_appid: str,
        component_appsecret: str,
        proxy_url: str | None = None,
        clock: Callable[[], float] = time.time,
        timeout: tuple[float, float] = (3.05, 10.0),
        pool_size: int = 16,
    ) -> None:
        self._component_appid = component_appid
        self._component_appsecret = component_appsecret
        self.transport = Transport(
            session=open_session(pool_size),
            api_url=api_url.rstrip("/"),
            proxies=proxies(proxy_url),
            timeout=timeout,
            clock=clock,
            sink=_forget,
        )

    def observing(self, sink: Callable[[CallRecord], None]) -> "WeChatClient":
        """Return the same client over the same session, whose every finished call is told to `sink`."""
        watched = copy.copy(self)
        watched.transport = replace(self.transport, sink=sink)
        return watched

    def close(self) -> None:
        """Close the session, for all clients that observe it."""
        self.transport.session.close()

    # The component's own calls

    def start_push_ticket(self) -> None:
        """Ask WeChat to push the ticket again; it comes with the next round, within ten minutes."""
        # This one API calls the secret component_secret.
        self._component(
            "api_start_push_ticket", answers.done, {"component_secret": self._component_appsecret}
        )

    def component_token(self, ticket: str) -> answers.Token:
        """Exchange the newest ticket for a component_access_token; older ones die soon after."""
        payload = {"component_appsecret": self._component_appsecret, "component_verify_ticket": ticket}
        return self._component("api_component_token", answers.token("component_access_token"), payload)

    def create_preauthcode(self, component_token: str) -> answers.Token:
        """Get the pre_auth_code that an authorization page is opened with."""
        return self._component(
            "api_create_preauthcode", answers.token("pre_auth_code"), component_token=component_token
        )

    def query_auth(self, component_token: str, code: str) -> answers.Authorization:
        """Exchange an authorization code; it works once, so the answer must be kept."""
        return self._component(
            "api_query_auth",
            answers.authorization,
            {"authorization_code": code},
            component_token=component_token,
        )

    def authorizer_token(
        self, component_token: str, authorizer_appid: str, refresh_token: str
    ) -> answers.AuthorizerTokens:
        """Get an access token of an authorizer; keep the refresh token that comes with it."""
        return self._component(
            "api_authorizer_token",
            answers.authorizer_tokens,
            {"authorizer_appid": authorizer_appid, "authorizer_refresh_token": refresh_token},
            component_token=component_token,
        )

    def authorizer_list(self, component_token: str, offset: int, count: int) -> answers.AuthorizerPage:
        """List authorizers with their refresh tokens, at most 500 a page."""
        return self._component(
            "api_get_authorizer_list",
            answers.authorizer_page,
            {"offset": offset, "count": count},
            component_token=component_token,
        )

    def authorizer_info(self, component_token: str, authorizer_appid: str) -> answers.AuthorizerInfo:
        """Ask who an authorizer is and what it granted."""
        return self._component(
            "api_get_authorizer_info",
            answers.authorizer_info(authorizer_appid),
            {"authorizer_appid": authorizer_appid},
            component_token=component_token,
        )

    # Calls for an authorizer, with its access token

    def release(self, access_token: str, authorizer_appid: str) -> None:
        """Publish the last approved version to everybody; WeChat takes no version, so look first."""
        self._wxa("release", answers.done, access_token, authorizer_appid, {})

    def latest_audit(self, access_token: str, authorizer_appid: str) -> Audit:
        """Ask how the latest submission stands; status 0 means approved."""
        return self._wxa("get_latest_auditstatus", answers.audit, access_token, authorizer_appid)

    def version_info(self, access_token: str, authorizer_appid: str) -> LiveVersion | None:
        """Ask what is live; None when nothing ever was."""
        return self._wxa("getversioninfo", answers.live_version, access_token, authorizer_appid, {})

    def gray_plan(self, access_token: str, authorizer_appid: str) -> GrayPlan | None:
        """Ask for the gray release plan; None when there is none, or WeChat will not say for this one."""
        try:
            return self._wxa("getgrayreleaseplan", answers.gray_plan, access_token, authorizer_appid)
        except Answered as answer:
            if lookup(answer.call, answer.errcode).verdict in _ABOUT_THE_CALL:
                raise
        except OutcomeUnknown as lost:
            if lost.http_status != _NOT_FOUND:
                raise
        return None

    def gray_release(self, access_token: str, authorizer_appid: str, percentage: int) -> None:
        """Put the last approved version before this share of the users; it must grow from call to call."""
        fields = {
            "gray_percentage": percentage,
            "support_debuger_first": False,  # WeChat spells it so
            "support_experiencer_first": False,
        }
        self._wxa("grayrelease", answers.done, access_token, authorizer_appid, fields)

    def revert_release(self, access_token: str, authorizer_appid: str) -> None:
        """Bring the version before the live one back. A GET that acts: never repeat it without a look."""
        self._wxa("revertcoderelease", answers.done, access_token, authorizer_appid)

    def send_text(self, access_token: str, authorizer_appid: str, *, openid: str, content: str) -> None:
        """Send a customer-service message, for the account, to somebody who wrote to it lately."""
        ask = Ask(
            call="send",
            path="/cgi-bin/message/custom/send",
            query={"access_token": access_token},
            payload={"touser": openid, "msgtype": "text", "text": {"content": content}},
            secrets=(access_token, content),
            authorizer_appid=authorizer_appid,
        )
        self.transport.ask(ask, answers.done)

    def _component(
        self,
        call: str,
        read: Callable[[dict[str, Any]], _T],
        payload: Mapping[str, Any] | None = None,
        *,
        component_token: str | None = None,
    ) -> _T:
        given = payload or {}
        public = {"authorizer_appid", "offset", "count"}
        secrets = tuple(value for name, value in given.items() if name not in public)
        ask = Ask(
            call=call,
            path=f"/cgi-bin/component/{call}",
            query={} if component_token is None else {"component_access_token": component_token},
            payload={"component_appid": self._component_appid, **given},
            secrets=(*secrets, component_token or ""),
            authorizer_appid=given.get("authorizer_appid"),
        )
        return self.transport.ask(ask, read)

    def _wxa(
        self,
        call: str,
        read: Callable[[dict[str, Any]], _T],
        access_token: str,
        authorizer_appid: str,
        payload: Mapping[str, Any] | None = None,
    ) -> _T:
        ask = Ask(
            call=call,
            path=f"/wxa/{call}",
            query={"access_token": access_token},
            payload=payload,
            secrets=(access_token,),
            authorizer_appid=authorizer_appid,
        )
        return self.transport.ask(ask, read)


def _forget(record: CallRecord) -> None:
    """Take a record that nobody observes."""
