"""WeChat's answers: JSON objects → frozen values, or OddAnswerError where a promise is not kept."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from reactor.core.lifecycle import Audit, GrayPlan, LiveVersion
from reactor.wechat.client import OddAnswerError

_Fields = dict[str, Any]
_MOMENTS_END = 10**10  # as of a push's moments: ten digits


@dataclass(frozen=True, slots=True)
class Token:
    """A component_access_token or pre_auth_code; `expires_in` in seconds from the answer on."""

    value: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a code was exchanged for; without API permissions granted there is no token."""

    authorizer_appid: str
    refresh_token: str | None = field(repr=False)
    func_ids: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class AuthorizerTokens:
    """A fresh access token; `refresh_token`, when given, replaces the stored one and None never does."""

    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class ListedAuthorizer:
    """One line of the list; no refresh token where its authorization code was never exchanged."""

    authorizer_appid: str
    refresh_token: str | None = field(repr=False)
    auth_time: int | None


@dataclass(frozen=True, slots=True)
class AuthorizerPage:
    """A page of the list; lines without an authorizer_appid are left out, so count pages by `offset`."""

    total_count: int
    items: tuple[ListedAuthorizer, ...]


@dataclass(frozen=True, slots=True)
class AuthorizerInfo:
    """Who an authorizer is; `user_name` is the gh_… that its pushes carry as ToUserName."""

    authorizer_appid: str
    user_name: str
    nick_name: str
    refresh_token: str | None = field(repr=False)
    func_ids: tuple[int, ...] | None
    is_mini_program: bool


def done(fields: _Fields) -> None:
    """Require errcode 0 in so many words: an empty object of some proxy is no success."""
    if "errcode" not in fields:
        raise OddAnswerError("no errcode")


def token(name: str) -> Callable[[_Fields], Token]:
    """Make the reader of the token that goes by this name."""
    return lambda fields: Token(_secret(fields, name), _seconds(fields))


def authorization(fields: _Fields) -> Authorization:
    """Read api_query_auth."""
    info = _object(fields, "authorization_info")
    return Authorization(
        authorizer_appid=_appid(info),
        refresh_token=_text(info, "authorizer_refresh_token") or None,
        func_ids=_func_ids(info),
    )


def authorizer_tokens(fields: _Fields) -> AuthorizerTokens:
    """Read api_authorizer_token."""
    return AuthorizerTokens(
        access_token=_secret(fields, "authorizer_access_token"),
        expires_in=_seconds(fields),
        refresh_token=_text(fields, "authorizer_refresh_token") or None,
    )


def authorizer_page(fields: _Fields) -> AuthorizerPage:
    """Read api_get_authorizer_list."""
    total, lines = _number(fields, "total_count"), fields.get("list")
    if total is None or not isinstance(lines, list):
        raise OddAnswerError("no total_count, or no list")
    return AuthorizerPage(
        total_count=total,
        items=tuple(
            ListedAuthorizer(
                authorizer_appid=line["authorizer_appid"],
                refresh_token=_text(line, "refresh_token") or None,
                auth_time=_moment(line, "auth_time"),
            )
            for line in lines
            if isinstance(line, dict) and _is_appid(line.get("authorizer_appid"))
        ),
    )


def authorizer_info(asked_for: str) -> Callable[[_Fields], AuthorizerInfo]:
    """Make the reader of api_get_authorizer_info; an answer about another authorizer is odd."""

    def read(fields: _Fields) -> AuthorizerInfo:
        who, granted = _object(fields, "authorizer_info"), _object(fields, "authorization_info")
        if _text(granted, "authorizer_appid") not in {"", asked_for}:
            raise OddAnswerError("authorizer_appid is not the one asked for")
        return AuthorizerInfo(
            authorizer_appid=asked_for,
            user_name=_secret(who, "user_name"),
            nick_name=_text(who, "nick_name"),
            refresh_token=_text(granted, "authorizer_refresh_token") or None,
            func_ids=_func_ids(granted),
            is_mini_program=who.get("MiniProgramInfo") is not None,
        )

    return read


def audit(fields: _Fields) -> Audit:
    """Read get_latest_auditstatus; a missing status must never pass for 0, which means approved."""
    status = fields.get("status")
    if isinstance(status, bool) or not isinstance(status, int) or abs(status) >= 2**31:
        raise OddAnswerError("status is no number")
    return Audit(
        audit_id=_number(fields, "auditid"),
        status=status,
        user_version=_text(fields, "user_version"),
        user_desc=_text(fields, "user_desc"),
        reason=_text(fields, "reason") or None,
        submitted_at=_moment(fields, "submit_audit_time"),
    )


def live_version(fields: _Fields) -> LiveVersion | None:
    """Read getversioninfo; None before the first release (`release_info` absent or empty)."""
    if not fields.get("release_info"):
        done(fields)
        return None
    info = _object(fields, "release_info")
    live = LiveVersion(_text(info, "release_version"), _moment(info, "release_time") or None)
    return live if live.version or live.released_at else None


def gray_plan(fields: _Fields) -> GrayPlan | None:
    """Read getgrayreleaseplan; None when there never was a plan."""
    if not fields.get("gray_release_plan"):
        done(fields)
        return None
    plan = _object(fields, "gray_release_plan")
    status, percentage = _number(plan, "status"), _number(plan, "gray_percentage")
    if status is None or percentage is None:
        raise OddAnswerError("gray_release_plan has no status or no gray_percentage")
    return GrayPlan(status, percentage, _moment(plan, "create_timestamp") or None)


def _object(fields: _Fields, key: str) -> _Fields:
    found = fields.get(key)
    if not isinstance(found, dict):
        raise OddAnswerError(f"{key} is no object")
    return found


def _text(fields: _Fields, key: str) -> str:
    """Return the text, or "" where there is none; without what UTF-8 or a database would refuse."""
    found = fields.get(key)
    if not isinstance(found, str):
        return ""
    return found.replace("\0", "").encode("utf-8", "replace").decode()


def _secret(fields: _Fields, key: str) -> str:
    found = _text(fields, key)
    if not found:
        raise OddAnswerError(f"no {key}")
    return found


def _number(fields: _Fields, key: str) -> int | None:
    """Return the number, also from digits in a string; None for whatever else, or too large to store."""
    found = fields.get(key)
    if isinstance(found, str) and re.fullmatch(r"[0-9]{1,18}", found):
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found < 2**63:
        return None
    return found


def _moment(fields: _Fields, key: str) -> int | None:
    """Return Unix seconds; None for what is none, such as milliseconds: no day has that number."""
    found = _number(fields, key)
    return found if found is not None and found < _MOMENTS_END else None


def _seconds(fields: _Fields) -> int:
    seconds = _number(fields, "expires_in")
    if not seconds:
        raise OddAnswerError("no expires_in")
    return seconds


def _is_appid(found: object) -> bool:
    return isinstance(found, str) and re.fullmatch(r"wx[0-9a-f]{16}", found) is not None


def _appid(info: _Fields) -> str:
    found = _text(info, "authorizer_appid")
    if not _is_appid(found):
        raise OddAnswerError("authorizer_appid is not wx and 16 hex digits")
    return found


def _func_ids(info: _Fields) -> tuple[int, ...] | None:
    """Return the ids of the permission sets granted; None where WeChat left `func_info` out."""
    granted = info.get("func_info")
    if not isinstance(granted, list):
        return None
    scopes = [item.get("funcscope_category") for item in granted if isinstance(item, dict)]
    ids = [_number(scope, "id") for scope in scopes if isinstance(scope, dict)]
    return tuple(found for found in ids if found is not None)
