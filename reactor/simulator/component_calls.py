"""The calls about the component and its tokens, `/cgi-bin/component/*`: JSON body in, answer out."""

from collections.abc import Callable
from typing import Any

from reactor.simulator.credentials import CODE_SECONDS, TOKEN_SECONDS
from reactor.simulator.platform import Platform
from reactor.simulator.records import Authorizer
from reactor.simulator.refusals import RefusalError

MOST_IN_ONE_LIST = 500


def api_component_token(platform: Platform, body: dict[str, Any]) -> dict[str, Any]:
    """Change a ticket into a component token."""
    _check_secret(platform, body.get("component_appsecret"))
    platform.credentials.check_ticket(body.get("component_verify_ticket"))
    return {"component_access_token": platform.credentials.issue_token(None), "expires_in": TOKEN_SECONDS}


def api_start_push_ticket(platform: Platform, body: dict[str, Any]) -> dict[str, Any]:
    """Say that tickets will be pushed; none is pushed at once."""
    _check_secret(platform, body.get("component_secret"))
    return {"errcode": 0, "errmsg": "ok"}


def api_create_preauthcode(platform: Platform, body: dict[str, Any]) -> dict[str, Any]:
    """Begin an authorization."""
    del body
    return {"pre_auth_code": platform.credentials.mint("preauthcode@@@"), "expires_in": CODE_SECONDS}


def api_query_auth(platform: Platform, body: dict[str, Any]) -> dict[str, Any]:
    """Change an authorization code into the authorizer's tokens; without any permission set, none."""
    appid = platform.credentials.redeem_code(body.get("authorization_code"))
    authorizer = platform.authorizer(appid)
    info: dict[str, Any] = {"authorizer_appid": appid, "func_info": _func_info(authorizer)}
    if authorizer.func_ids:
        info |= {
            "authorizer_access_token": platform.credentials.issue_token(appid),
            "expires_in": TOKEN_SECONDS,
            "authorizer_refresh_token": platform.credentials.issue_refresh(appid),
        }
    return {"authorization_info": info}


def api_authorizer_token(platform: Platform, body: dict[str, Any]) -> dict[str, Any]:
    """Change a refresh token into an access token."""
    appid = _authorized(platform, body.get("authorizer_appid")).appid
    platform.credentials.check_refresh(appid, body.get("authorizer_refresh_token"))
    if platform.rotate_on_refresh:
        platform.credentials.issue_refresh(appid)
    return {
        "authorizer_access_token": platform.credentials.issue_token(appid),
        "expires_in": TOKEN_SECONDS,
        "authorizer_refresh_token": platform.credentials.newest_refresh(appid),
    }


def api_get_authorizer_list(platform: Platform, body: dict[str, Any]) -> dict[str, Any]:
    """List who is authorized, with the refresh tokens."""
    offset, count = body.get("offset"), body.get("count")
    if type(offset) is not int or type(count) is not int or offset < 0:
        raise RefusalError(47001)
    if not 0 < count <= MOST_IN_ONE_LIST:
        raise RefusalError(40170)
    authorized = [one for one in platform.authorizers() if one.authorized]
    return {
        "total_count": len(authorized),
        "list": [
            {
                "authorizer_appid": one.appid,
                "refresh_token": platform.credentials.newest_refresh(one.appid),
                "auth_time": one.auth_time,
            }
            for one in authorized[offset : offset + count]
        ],
    }


def api_get_authorizer_info(platform: Platform, body: dict[str, Any]) -> dict[str, Any]:
    """Describe one account; MiniProgramInfo is there only for mini programs."""
    authorizer = _authorized(platform, body.get("authorizer_appid"))
    info: dict[str, Any] = {
        "nick_name": authorizer.nick_name,
        "service_type_info": {"id": 0},
        "verify_type_info": {"id": 0},
        "user_name": authorizer.user_name,
        "principal_name": authorizer.nick_name,
        "alias": "",
        "qrcode_url": "",
        "account_status": 1,
    }
    if authorizer.mini_program:
        info["MiniProgramInfo"] = {"network": {}, "categories": [], "visit_status": 0}
    return {
        "authorizer_info": info,
        "authorization_info": {
            "authorizer_appid": authorizer.appid,
            "authorizer_refresh_token": platform.credentials.newest_refresh(authorizer.appid),
            "func_info": _func_info(authorizer),
        },
    }


# Whether a call needs the component's token, and what it does.
COMPONENT_CALLS: dict[str, tuple[bool, Callable[[Platform, dict[str, Any]], dict[str, Any]]]] = {
    "/cgi-bin/component/api_component_token": (False, api_component_token),
    "/cgi-bin/component/api_start_push_ticket": (False, api_start_push_ticket),
    "/cgi-bin/component/api_create_preauthcode": (True, api_create_preauthcode),
    "/cgi-bin/component/api_query_auth": (True, api_query_auth),
    "/cgi-bin/component/api_authorizer_token": (True, api_authorizer_token),
    "/cgi-bin/component/api_get_authorizer_list": (True, api_get_authorizer_list),
    "/cgi-bin/component/api_get_authorizer_info": (True, api_get_authorizer_info),
}


def _check_secret(platform: Platform, secret: object) -> None:
    if not secret:
        raise RefusalError(41004)
    if secret != platform.component_appsecret:
        raise RefusalError(40125)


def _authorized(platform: Platform, appid: object) -> Authorizer:
    authorizer = platform.find(appid)
    if authorizer is None or not authorizer.authorized:
        raise RefusalError(61003)
    return authorizer


def _func_info(authorizer: Authorizer) -> list[dict[str, Any]]:
    return [{"funcscope_category": {"id": number}} for number in authorizer.func_ids]
