"""How the small WeChat says no: its own literal errcodes and words."""

WORDS = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40003: "invalid openid",
    40008: "invalid message type",
    40013: "invalid appid",
    40066: "invalid url",
    40097: "invalid args",
    40125: "invalid appsecret",
    40170: "args count exceed count limit",
    41001: "access_token missing",
    41004: "appsecret missing",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    44002: "empty post data",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    47001: "data format error",
    48001: "api unauthorized",
    61003: "component is not authorized by this account",
    61004: "access clientip is not registered requestIP: 127.0.0.1",
    61005: "component ticket is expired",
    61006: "component ticket is invalid",
    61007: "api is unauthorized to component",
    61009: "code is invalid",
    61010: "code is expired",
    61014: "must use component token for component api",
    61015: "must use biz account token for not component api",
    61023: "refresh_token is invalid",
    85012: "invalid audit id",
    85019: "no version is under auditing",
    85020: "status not allowed",
    85052: "app is already released",
    85058: "no valid audit_id exist",
    85079: "no online version",
    85080: "commit not approved",
    85081: "invalid gray percentage",
    85082: "gray percentage must be higher than before",
    87011: "online version is in gray release",
    87012: "forbid revert this version release",
}


class RefusalError(Exception):
    """A call that is answered with an errcode instead of a result."""

    def __init__(self, errcode: int) -> None:
        super().__init__(f"{errcode} {words(errcode)}")
        self.errcode = errcode


def words(errcode: int) -> str:
    """Say what WeChat writes beside a code, without the rid."""
    return WORDS.get(errcode, "unexpected error")
