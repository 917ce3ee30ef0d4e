"""The calls about one mini program's versions, `/wxa/*`: fields in, answer out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reactor.simulator.platform import Platform
from reactor.simulator.records import (
    APPROVED,
    DELAYED,
    GRAY_FINISHED,
    GRAY_RUNNING,
    OPEN,
    REJECTED,
    WITHDRAWN,
    Audit,
    Authorizer,
    Gray,
    Live,
)
from reactor.simulator.refusals import RefusalError

ALL_USERS = 100


def release(platform: Platform, authorizer: Authorizer, fields: dict[str, Any]) -> dict[str, Any]:
    """Put the last approved version before all users; there is nothing to choose.

    https://developers.weixin.qq.com/doc/oplatform/openApi/miniprogram-management/code-management/api_release.html
    """
    del fields
    if not authorizer.audits:
        raise RefusalError(85019)
    newest = authorizer.audits[-1]
    overtaken = platform.publish_while_audited and newest.status in OPEN
    if newest.status != APPROVED and not overtaken:
        raise RefusalError(85020)
    approved = _last_approved(authorizer)
    if approved is None:
        raise RefusalError(85020)
    if approved.released:
        raise RefusalError(85052)
    _publish(platform, authorizer, approved)
    return {}


def get_latest_auditstatus(
    platform: Platform, authorizer: Authorizer, fields: dict[str, Any]
) -> dict[str, Any]:
    """Describe the latest submission."""
    del platform, fields
    if not authorizer.audits:
        raise RefusalError(85058)
    newest = authorizer.audits[-1]
    return _audit(newest) | {
        "auditid": newest.auditid,
        "user_version": newest.user_version,
        "user_desc": newest.user_desc,
        "submit_audit_time": newest.submitted_at,
    }


def get_auditstatus(platform: Platform, authorizer: Authorizer, fields: dict[str, Any]) -> dict[str, Any]:
    """Describe one submission by its number."""
    del platform
    for audit in authorizer.audits:
        if audit.auditid == fields.get("auditid"):
            return _audit(audit)
    raise RefusalError(85012)


def getversioninfo(platform: Platform, authorizer: Authorizer, fields: dict[str, Any]) -> dict[str, Any]:
    """Show what is live, and what developers try out; either is absent when there is none."""
    del platform, fields
    answer: dict[str, Any] = {}
    if authorizer.audits:
        newest = authorizer.audits[-1]
        answer["exp_info"] = {
            "exp_time": newest.submitted_at,
            "exp_version": newest.user_version,
            "exp_desc": newest.user_desc,
        }
    if authorizer.live:
        answer["release_info"] = {
            "release_time": authorizer.live.released_at,
            "release_version": authorizer.live.version,
            "release_desc": authorizer.live.desc,
        }
    return answer


def getgrayreleaseplan(platform: Platform, authorizer: Authorizer, fields: dict[str, Any]) -> dict[str, Any]:
    """Show the staged release; all zeros when there never was one."""
    del platform, fields
    return {
        "gray_release_plan": {
            "status": authorizer.gray.status,
            "create_timestamp": authorizer.gray.created_at,
            "gray_percentage": authorizer.gray.percentage,
        }
    }


def grayrelease(platform: Platform, authorizer: Authorizer, fields: dict[str, Any]) -> dict[str, Any]:
    """Begin or widen a staged release; at 100 it is a release."""
    percentage = fields.get("gray_percentage")
    if type(percentage) is not int or not 0 <= percentage <= ALL_USERS:
        raise RefusalError(85081)
    if authorizer.live is None:
        raise RefusalError(85079)
    approved = _last_approved(authorizer)
    if approved is None or approved.released or authorizer.audits[-1] is not approved:
        raise RefusalError(85080)
    if authorizer.gray.under_way and percentage <= authorizer.gray.percentage:
        raise RefusalError(85082)
    authorizer.gray = Gray(GRAY_RUNNING, percentage, int(platform.clock()))
    if percentage == ALL_USERS:
        _publish(platform, authorizer, approved)
    return {}


def revertcoderelease(platform: Platform, authorizer: Authorizer, fields: dict[str, Any]) -> dict[str, Any]:
    """Go back to the version before; `action=get_history_version` only lists them."""
    live = authorizer.live
    earlier = [one for one in authorizer.past if live and one.auditid < live.auditid]
    if fields.get("action") == "get_history_version":
        return {"version_list": [_history(one) for one in earlier[-5:]]}
    if authorizer.gray.under_way:
        raise RefusalError(87011)
    if live is None or live.reverted or not earlier:
        raise RefusalError(87012)
    authorizer.live = replace(earlier[-1], released_at=int(platform.clock()), reverted=True)
    return {}


def undocodeaudit(platform: Platform, authorizer: Authorizer, fields: dict[str, Any]) -> dict[str, Any]:
    """Take back the version under audit."""
    del platform, fields
    if not authorizer.audits or authorizer.audits[-1].status not in OPEN:
        raise RefusalError(85019)
    authorizer.audits[-1].status = WITHDRAWN
    return {}


# The method a call wants, and what it does. A GET may still change things: two of these do.
CODE_CALLS: dict[str, tuple[str, Callable[[Platform, Authorizer, dict[str, Any]], dict[str, Any]]]] = {
    "/wxa/release": ("POST", release),
    "/wxa/get_latest_auditstatus": ("GET", get_latest_auditstatus),
    "/wxa/get_auditstatus": ("POST", get_auditstatus),
    "/wxa/getversioninfo": ("POST", getversioninfo),
    "/wxa/getgrayreleaseplan": ("GET", getgrayreleaseplan),
    "/wxa/grayrelease": ("POST", grayrelease),
    "/wxa/revertcoderelease": ("GET", revertcoderelease),
    "/wxa/undocodeaudit": ("GET", undocodeaudit),
}


def _last_approved(authorizer: Authorizer) -> Audit | None:
    return next((audit for audit in reversed(authorizer.audits) if audit.status == APPROVED), None)


def _publish(platform: Platform, authorizer: Authorizer, audit: Audit) -> None:
    audit.released = True
    authorizer.live = Live(audit.auditid, audit.user_version, audit.user_desc, int(platform.clock()))
    authorizer.past.append(authorizer.live)
    if authorizer.gray.under_way:
        authorizer.gray = replace(authorizer.gray, status=GRAY_FINISHED, percentage=ALL_USERS)


def _audit(audit: Audit) -> dict[str, Any]:
    answer: dict[str, Any] = {"status": audit.status}
    if audit.status in (REJECTED, DELAYED):
        answer["reason"] = audit.reason
    if audit.status == REJECTED:
        answer["ScreenShot"] = "|".join(audit.screenshots)
    return answer


def _history(live: Live) -> dict[str, Any]:
    return {
        "app_version": live.auditid,
        "user_version": live.version,
        "user_desc": live.desc,
        "commit_time": live.released_at,
    }
