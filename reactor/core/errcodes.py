"""WeChat's errcodes as one table: (call, errcode) → what to do, in words an operator can use."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What an answer asks for; the words of a row say the same to people."""

    DONE = "done"
    RETRY = "retry"  # busy: another turn, counted
    LOOK = "look"  # neither yes nor no: only looking settles it, counted
    RENEW = "renew"  # the access token is dead: drop it, renew once
    HEAL = "heal"  # the refresh token is dead: read it from api_get_authorizer_list
    TICKET = "ticket"  # systemic: no good component_verify_ticket
    BLOCKED = "blocked"  # systemic: no call of this component can succeed
    QUOTA = "quota"  # until the next midnight in Asia/Shanghai
    SLOW = "slow"  # for a minute
    REAUTHORIZE = "reauthorize"  # only the merchant can help, by authorizing again
    CODE_USED = "code_used"  # an authorization code that gives nothing any more
    PERSON = "person"  # a person must look
    BUG = "bug"  # we sent something wrong: a person, and an alarm
    UNKNOWN = "unknown"  # in no table: a few tries, then a person


@dataclass(frozen=True, slots=True)
class Row:
    """One answer of one call (None: of any call); `zh` and `en` say what it means and what to do."""

    call: str | None
    errcode: int
    verdict: Verdict
    zh: str
    en: str
    source: str


_SITE = "https://developers.weixin.qq.com"
_CODE = f"{_SITE}/doc/oplatform/openApi/miniprogram-management/code-management"
CODES = f"{_SITE}/doc/oplatform/Return_codes/Return_code_descriptions_new.html"
COMPONENT_TOKEN = f"{_SITE}/doc/oplatform/openApi/ticket-token/api_getcomponentaccesstoken"
AUTHORIZER_TOKEN = f"{_SITE}/doc/oplatform/developers/dev/AuthorizerAccessToken.html"
LIST = f"{_SITE}/doc/oplatform/openApi/OpenApiDoc/authorization-management/getAuthorizerList.html"
RIGHTS = f"{_SITE}/doc/oplatform/developers/troubleshooting"
LIMITS = f"{_SITE}/doc/service/guide/dev/api/limit.html"
RELEASE = f"{_CODE}/api_release"
LATEST = f"{_CODE}/api_getlatestauditstatus"
SUBMIT = f"{_CODE}/api_submitaudit"
GRAY = f"{_CODE}/api_grayrelease"
REVERT = f"{_CODE}/api_revertcoderelease"
UNDO = f"{_CODE}/api_undoaudit"
# On no page of the documentation: an official answer in WeChat's community is the best there is.
ALREADY = f"{_SITE}/community/develop/doc/000ca4349c8cf0258e93b08c26d800"
NO_AUDIT = f"{_SITE}/community/develop/doc/0002c2a8d4c6a8b8806f8dfe656800"

ANY = (None,)
PUBLISH = ("release", "grayrelease")
TOKENLESS = ("api_component_token", "api_start_push_ticket")
COMPONENT = ("api_create_preauthcode", "api_query_auth", "api_get_authorizer_list")
# No authorizer is named in these, so an invalid appid is the component's own.
OWN = (*TOKENLESS, *COMPONENT)
# In these it is the authorizer's: one bad row must not stop the others.
NAMED = ("api_authorizer_token", "api_get_authorizer_info")

# (calls, errcodes, verdict, source, zh, en); every call with every errcode makes one Row.
# fmt: off
_TABLE: tuple[tuple[tuple[str | None, ...], tuple[int, ...], Verdict, str, str, str], ...] = (
    # --- any time, any call
    (ANY, (0,), Verdict.DONE, CODES,
     "成功，无需处理。",
     "WeChat did what was asked. Nothing to do."),
    (ANY, (-1,), Verdict.RETRY, CODES,
     "微信系统繁忙，操作可能已生效。系统会先查询再重试；持续出现请带 rid 反馈微信。",
     "WeChat is busy; it may have acted. It is looked up and tried again; if it lasts, report the rid."),
    (ANY, (9402202,), Verdict.RETRY, SUBMIT,
     "微信同时处理的请求过多。系统会自动重试，暂不需处理。",
     "WeChat has too many such requests at once. It is tried again by itself; nothing to do yet."),
    (ANY, (45009,), Verdict.QUOTA, LIMITS,
     "当日调用额度已用完。北京时间零点后自动继续；急用时由人工调用 clear_quota 清零。",
     "The daily quota is used up. Work goes on after midnight in Asia/Shanghai; a person may clear_quota."),
    (ANY, (45011,), Verdict.SLOW, LIMITS,
     "每分钟调用次数超限。系统一分钟后自动再试，无需处理。",
     "Too many calls in this minute. It is tried again after a minute; nothing to do."),

    # --- access tokens
    (ANY, (40001, 40014, 42001), Verdict.RENEW, CODES,
     "access_token 无效、过期或已被新的替换。系统会换新一次再试；反复出现请查是否另有程序在刷新。",
     "The access token is dead. It is renewed once; if it recurs, look for a second program refreshing it."),
    (ANY, (42006,), Verdict.RENEW, CODES,
     "component_access_token 已过期。系统会换新一次再试，无需处理。",
     "The component_access_token has expired. It is renewed once and the call repeated; nothing to do."),
    (TOKENLESS, (40001,), Verdict.BLOCKED, COMPONENT_TOKEN,
     "第三方平台的 AppSecret 不对或已重置，全部调用暂停。请核对后改正 component_appsecret 并重启。",
     "The component's AppSecret is wrong or was reset; all calls stop. Correct it and restart."),
    (TOKENLESS, (40014, 42001, 42006), Verdict.BLOCKED, COMPONENT_TOKEN,
     "此调用不带 access_token，微信却说它失效，全部调用暂停。请核对接口地址和代理。",
     "No access token is sent here, yet WeChat calls one dead; all calls stop. Check API URL and proxy."),
    (ANY, (41001,), Verdict.BUG, CODES,
     "请求缺少 access_token，属程序错误。未做任何改动，请带 rid 上报开发。",
     "The request had no access_token: a fault of this program. Nothing changed; report it with the rid."),
    (ANY, (61014, 61015, 61024, 86000), Verdict.BUG, CODES,
     "用错了 token 的种类（第三方平台与授权方混用），属程序错误。未做任何改动，请带 rid 上报开发。",
     "The wrong kind of token was used: a fault of this program. Nothing changed; report it with the rid."),

    # --- the component itself
    (ANY, (40125, 41004), Verdict.BLOCKED, COMPONENT_TOKEN,
     "第三方平台的 AppSecret 无效或缺失，全部调用暂停。请改正 component_appsecret 并重启。",
     "The component's AppSecret is invalid or missing; all calls stop. Correct it and restart."),
    (OWN, (40013, 40166), Verdict.BLOCKED, COMPONENT_TOKEN,
     "第三方平台的 appid 无效，全部调用暂停。请核对 component_appid 后改正并重启。",
     "The component_appid is invalid; all calls stop. Compare it with the console, correct it, restart."),
    (NAMED, (40013, 40166), Verdict.PERSON, AUTHORIZER_TOKEN,
     "授权方 appid 无效。请核对该小程序是否存在且已授权；其他小程序不受影响。",
     "The authorizer_appid is invalid. Check that this mini program exists and is authorized; others go on."),
    (ANY, (40013, 40166), Verdict.BUG, CODES,
     "微信认为 appid 无效。未做任何改动，请核对该小程序的 appid，并带 rid 上报开发。",
     "WeChat calls an appid invalid. Nothing changed; check the mini program's appid and report the rid."),
    (ANY, (40094,), Verdict.BLOCKED, CODES,
     "第三方平台凭证无效，全部调用暂停。请核对 component_appid 和 AppSecret。",
     "The component's credential is invalid; all calls stop. Check the component_appid and its AppSecret."),
    (ANY, (61011,), Verdict.BLOCKED, COMPONENT_TOKEN,
     "微信不认此第三方平台，全部调用暂停。请核对填写的是第三方平台而非小程序或公众号的 appid。",
     "WeChat knows no such component; all calls stop. The appid must be the component's, not an account's."),
    (ANY, (61004, 40164, 45035), Verdict.BLOCKED, COMPONENT_TOKEN,
     "本机出口 IP 不在白名单，全部调用暂停。请在第三方平台加入该 IP（errmsg 里可能有），之后自动恢复。",
     ("This server's outgoing IP is not whitelisted; all calls stop. Add it in the component's console "
      "(errmsg may name it); work then resumes by itself.")),
    (ANY, (61028, 61029), Verdict.BLOCKED, CODES,
     "第三方平台未全网发布或须重新全网发布，全部调用暂停。请在开放平台完成发布。",
     "The component is unpublished or must be published again; all calls stop. Publish it in the console."),
    (ANY, (61030,), Verdict.PERSON, CODES,
     "微信不允许取消此授权。请在开放平台核对该授权的情况。",
     "WeChat does not allow this authorization to be cancelled. Look at it in the console."),
    (ANY, (61005, 61006, 40091), Verdict.TICKET, COMPONENT_TOKEN,
     "component_verify_ticket 过期或无效。等微信下次推送（约十分钟），久无推送请查授权事件接收 URL。",
     ("The component_verify_ticket is expired or invalid. The next push (about 10 minutes) helps; if none "
      "comes, check the authorization-event URL.")),
    (("api_component_token",), (48001,), Verdict.BLOCKED, COMPONENT_TOKEN,
     "第三方平台无权取 component_access_token，全部调用暂停。请在开放平台核对平台状态。",
     "The component may not fetch its token; all calls stop. Check its state in the console."),
    (("api_start_push_ticket", *COMPONENT), (48001,), Verdict.PERSON, RIGHTS,
     "第三方平台没有此接口的权限。请在开放平台核对平台状态和权限集。",
     "The component has no right to this API. Check its state and permission sets in the console."),

    # --- the authorization of one merchant
    (ANY, (48001,), Verdict.REAUTHORIZE, RIGHTS,
     "没有此接口的权限，多因未授予权限集 18。请商家带权限集 18 重新授权。",
     "No right to this API, mostly as permission set 18 is missing. The merchant must authorize with it."),
    (ANY, (61007,), Verdict.REAUTHORIZE, RIGHTS,
     "接口未授权给本平台：权限集 18 未授予或已给了别的平台。请商家带权限集 18 重新授权。",
     "Permission set 18 was not granted or went to another component. The merchant must authorize again."),
    (ANY, (61003,), Verdict.REAUTHORIZE, AUTHORIZER_TOKEN,
     "该小程序没有授权给本平台，或已取消授权。请商家重新授权。",
     "This mini program has not authorized the component, or no longer does. The merchant must authorize."),
    (ANY, (42007,), Verdict.REAUTHORIZE, CODES,
     "账号改了密码，旧 token 全部作废。请商家重新授权。",
     "The account's password changed and its tokens are void. The merchant must authorize again."),
    (("api_authorizer_token",), (61023, 42002, 40030), Verdict.HEAL, AUTHORIZER_TOKEN,
     "authorizer_refresh_token 无效。系统会从授权列表取回一次；仍失败则请商家重新授权。",
     "The authorizer_refresh_token is dead. It is read once from the list; else the merchant authorizes."),
    (("api_query_auth",), (61009, 61010), Verdict.CODE_USED, AUTHORIZER_TOKEN,
     "授权码无效、已用过或已过期。若该小程序已授权可忽略，否则请商家重新授权。",
     "The authorization code is invalid, used or expired. Ignore it if authorized; else authorize again."),
    (ANY, (61016, 61017), Verdict.PERSON, CODES,
     "接口所属权限集待确认或未授权。请在开放平台确认权限集，再请商家重新授权。",
     "The API's permission set is not confirmed or not granted. Settle it in the console; authorize again."),
    (("api_get_authorizer_list",), (40170,), Verdict.BUG, LIST,
     "一页取的授权方超过 500 个，属程序错误。请带 rid 上报开发。",
     "A page of more than 500 authorizers was asked for: a fault of this program. Report it with the rid."),
    (ANY, (48004, 50002, 45501, 89013), Verdict.PERSON, CODES,
     "微信限制了该账号（接口封禁、账号受限或封禁）。请商家在微信后台查看原因，解除后手动重试。",
     "WeChat has restricted this account. The merchant must find out why; retry by hand once it is lifted."),
    (ANY, (89501, 89503), Verdict.PERSON, CODES,
     "此 IP 的调用须管理员确认。请管理员在微信上确认，之后手动重试。",
     "Calls from this IP await an administrator's confirmation. Have it confirmed, then retry by hand."),
    (ANY, (89506, 89507), Verdict.PERSON, CODES,
     "管理员拒绝了此 IP：一次停用 1 小时，两次停用 24 小时。请与管理员商定后手动重试。",
     "An administrator refused this IP: once bars it for 1 hour, twice for 24. Settle it, then retry."),
    (ANY, (89502, 89504, 89505), Verdict.PERSON, CODES,
     "属管理员确认类的错误码，发布流程不应出现。请看 errmsg，并带 rid 反馈微信。",
     "One of the codes about an administrator's confirmation, not expected here. Read errmsg; report rid."),

    # --- what was sent
    (ANY, (43002, 43003), Verdict.BUG, CODES,
     "请求须用 HTTPS 的 POST。未做任何改动，请核对接口地址，并带 rid 上报开发。",
     "The call must be a POST over HTTPS. Nothing changed; check the API URL and report the rid."),
    (ANY, (44002, 47001), Verdict.BUG, RELEASE,
     "请求体为空或不是合法 JSON。未做任何改动；请查代理是否改动请求，并带 rid 上报开发。",
     "The body was empty or no valid JSON. Nothing changed; check that no proxy alters it; report the rid."),
    (("grayrelease",), (40097,), Verdict.BUG, GRAY,
     "灰度发布的参数不合法，属程序错误。未做任何改动，请带 rid 上报开发。",
     "The parameters of the gray release are invalid: a fault of this program. Report it with the rid."),
    (ANY, (85081, 85082), Verdict.BUG, GRAY,
     "灰度比例无效或没有高于之前的比例。未做任何改动，请核对比例并上报开发。",
     "The gray percentage is invalid or not above the last one. Nothing changed; check it and report it."),

    # --- release: none of these says by itself whether the version is live
    (("release",), (85019,), Verdict.LOOK, RELEASE,
     "微信说没有审核版本。系统会再查审核单和线上版本；多次仍如此则请确认是否经本平台提审。",
     ("WeChat sees no audited version. Audit and live version are looked up again; if it stays so, check "
      "that it was submitted through this component.")),
    (("release",), (85020, 85021), Verdict.LOOK, RELEASE,
     "审核状态还不能发布。系统会再查并重试几次；审核已通过仍如此，请带 rid 反馈微信。",
     ("The audit's state does not allow a release. It is looked up and tried again; if approved and still "
      "refused, report the rid to WeChat.")),
    (PUBLISH, (85052,), Verdict.LOOK, ALREADY,
     "微信说已发布，但不一定是这一版。系统会查线上版本核实；多次对不上请人工查看。",
     ("WeChat says already released, which need not be this version. The live version is looked up; if "
      "it never matches, a person must look.")),
    (PUBLISH, (85080, 85082), Verdict.LOOK, GRAY,
     "代码未过审、已全量发布，或灰度比例没有提高。系统会查审核单、灰度计划和线上版本核实。",
     "Not approved, fully released already, or no larger share. Audit, plan and live version are looked up."),
    (ANY, (85019, 85020, 85021), Verdict.PERSON, CODES,
     "当前审核状态不允许此操作。请查看最新审核单的状态。",
     "The state of the audit does not allow this. Look at the latest audit."),

    # --- audits
    (ANY, (85058, 85012), Verdict.PERSON, NO_AUDIT,
     "微信查不到有效的审核单。请确认该版本是经本平台提审的。",
     "WeChat finds no valid audit. Check that the version was submitted through this component."),
    (ANY, (86001,), Verdict.PERSON, LATEST,
     "没有经本平台提交的体验版代码。请先提交代码并提审。",
     "There is no code committed through this component. Commit it and submit it for audit."),
    (ANY, (85009,), Verdict.PERSON, SUBMIT,
     "已有版本在审核中。请等它结束或撤回后再提审。",
     "A version is already under audit. Wait for it to end or withdraw it, then submit."),
    (ANY, (85064, 85065), Verdict.PERSON, CODES,
     "找不到代码模板或模板库已满。请在开放平台整理模板库。",
     "The code template is missing or the template library is full. Tidy the library in the console."),
    (ANY, (85077,), Verdict.PERSON, SUBMIT,
     "小程序类目失效（可能已下线）。请商家更新类目后重新提审。",
     "The category is invalid, perhaps withdrawn. The merchant must change it; then submit again."),
    (ANY, (86002,), Verdict.PERSON, SUBMIT,
     "小程序还没有设置名称、头像或简介。请商家补全后再试。",
     "Name, avatar or introduction of the mini program is not set. The merchant must fill it in; retry."),
    (ANY, (86007, 86008, 86009, 86010), Verdict.PERSON, SUBMIT,
     "微信限制了提审：该小程序禁止提交，或服务商受罚、受限。请在开放平台查看原因。",
     "WeChat restricts submissions of this mini program or of the provider. See why in the console."),
    (ANY, (87006,), Verdict.PERSON, SUBMIT,
     "小游戏不能经此接口提审。请改用微信后台提审。",
     "A mini game cannot be submitted through this API. Submit it in WeChat's own console."),
    (ANY, (9400001,), Verdict.PERSON, SUBMIT,
     "该小程序已开通直播权限，不支持以此方式发布。请商家在微信后台处理。",
     "The mini program has the live-broadcast permission and cannot be published this way. Use the console."),

    # --- gray releases and the way back
    (ANY, (85079,), Verdict.PERSON, GRAY,
     "小程序没有线上版本，不能灰度。请改用全量发布。",
     "There is no live version yet, so no gray release is possible. Use a full release."),
    (ANY, (87011,), Verdict.PERSON, REVERT,
     "线上版本正在灰度中，不能回退。请先结束或取消灰度。",
     "The live version is in a gray release and cannot be rolled back. End or cancel the gray release."),
    (ANY, (87012,), Verdict.PERSON, REVERT,
     "此版本不允许回退。请改为提交新版本。",
     "This version may not be rolled back. Submit a new version instead."),
    (ANY, (87013,), Verdict.PERSON, UNDO,
     "撤回审核的次数已用完（每天 5 次、每月 10 次）。请等次日或次月。",
     "No withdrawals of audits are left (5 a day, 10 a month). Wait for the next day or month."),

    # --- other interfaces; a release does not answer so
    (ANY, (89258,), Verdict.PERSON, CODES,
     "存在灰度中的版本，不能快速更新插件。请先结束灰度。",
     "A gray version exists, so the plugin cannot be updated quickly. End the gray release."),
    (ANY, tuple(range(53010, 53020)), Verdict.PERSON, CODES,
     "小程序名称的问题（格式、重名、保护期等），发布流程不应出现。请看 errmsg，由商家处理。",
     "About the mini program's name, not expected here. Read errmsg; the merchant must settle it."),
    (ANY, tuple(range(53200, 53205)), Verdict.PERSON, CODES,
     "头像或功能介绍的修改受限，发布流程不应出现。请看 errmsg，由商家处理。",
     "About changing avatar or introduction, not expected here. Read errmsg; the merchant must settle it."),
    (ANY, tuple(range(53300, 53312)), Verdict.PERSON, CODES,
     "小程序类目的问题，发布流程不应出现。请看 errmsg，由商家处理。",
     "About the mini program's categories, not expected here. Read errmsg; the merchant must settle it."),
    (ANY, (20002, 20003), Verdict.PERSON, CODES,
     "这是其他产品的错误码，发布流程不应出现。请看 errmsg，并带 rid 反馈微信。",
     "A code of another WeChat product, not expected here. Read errmsg and report the rid to WeChat."),
)
# fmt: on

ROWS: tuple[Row, ...] = tuple(
    Row(call, errcode, verdict, zh, en, source)
    for calls, errcodes, verdict, source, zh, en in _TABLE
    for call in calls
    for errcode in errcodes
)
_BY_KEY = {(row.call, row.errcode): row for row in ROWS}


def lookup(call: str, errcode: int) -> Row:
    """Find the row of this call, else of any call, else make one that says the code is in no table."""
    return _BY_KEY.get((call, errcode)) or _BY_KEY.get((None, errcode)) or _unlisted(call, errcode)


def _unlisted(call: str, errcode: int) -> Row:
    zh = f"{call} 返回了表中没有的错误码 {errcode}。系统再试几次后转人工；请看 errmsg，并带 rid 反馈微信。"
    en = (
        f"{call} answered {errcode}, which is in no table. A few more tries, then a person must look: "
        f"read errmsg and report the rid to WeChat."
    )
    return Row(call, errcode, Verdict.UNKNOWN, zh, en, CODES)
