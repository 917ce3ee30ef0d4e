"""The reasons that the engine stores, and why a call did not end well: their Chinese twins."""

from reactor.core.errcodes import ROWS

CHINESE = {row.en: row.zh for row in ROWS} | {
    # Whatever speaks of something and then says what of it.
    "{what}: {problem}": "{what}：{problem}",
    "{what}, {problem}": "{what}，{problem}",
    "{one}; {more}": "{one}；{more}",
    # -- answers of WeChat
    "{call} answered {errcode}: {meaning}": "{call} 返回 {errcode}：{meaning}",
    "{call} answered {errcode}: {call} answered {errcode}, which is in no table. A few more tries, then a "
    "person must look: read errmsg and report the rid to WeChat.": (
        "{call} 返回了表中没有的错误码 {errcode}。系统再试几次后转人工；请看 errmsg，并带 rid 反馈微信。"
    ),
    "{reason}; gave up after {turns} turns, a person must look": "{reason}；试了 {turns} 次未成，需人工处理",
    "{why}; nothing was sent and nothing is lost, it is tried again": (
        "{why}；请求未发出，什么都没有丢，系统会再试"
    ),
    "{call}: no usable answer ({why}); it may have happened, look before acting again": (
        "{call}：没有得到可用的答复（{why}）；操作可能已生效，先查询再继续"
    ),
    "the request cannot be built: check WECHAT_API_URL": "无法构造请求：请核对 WECHAT_API_URL",
    "the request cannot be built: check WECHAT_API_URL and WECHAT_PROXY_URL": (
        "无法构造请求：请核对 WECHAT_API_URL 和 WECHAT_PROXY_URL"
    ),
    "no connection to WeChat ({why})": "连不上微信（{why}）",
    "no connection to WeChat through WECHAT_PROXY_URL ({why})": "经 WECHAT_PROXY_URL 连不上微信（{why}）",
    "the host name could not be resolved": "域名解析失败",
    "the certificate is not good: {why}": "证书有问题：{why}",
    "TLS handshake failed: {why}": "TLS 握手失败：{why}",
    "no connection in time": "连接超时",
    "the proxy answered {status}": "代理返回 {status}",
    "Connection refused": "连接被拒绝",
    "Connection reset by peer": "连接被对方重置",
    "Network is unreachable": "网络不可达",
    "No route to host": "没有到主机的路由",
    "Connection timed out": "连接超时",
    "ReadTimeout": "等待答复超时",
    "ReadTimeoutError": "等待答复超时",
    "TimeoutError": "等待答复超时",
    "ConnectionError": "连接中断",
    "ConnectionResetError": "连接被对方重置",
    "ProtocolError": "连接中断",
    "IncompleteRead": "答复不完整",
    "RemoteDisconnected": "对方断开了连接",
    "the answer is larger than 1 MiB": "答复超过 1 MiB",
    "the answer has an encoding that was not asked for": "答复用了未请求的压缩方式",
    "the answer cannot be decompressed": "答复无法解压",
    "the answer is cut off": "答复不完整",
    "the answer is no JSON object": "答复不是 JSON 对象",
    "errcode is no number": "errcode 不是数字",
    "no errcode": "没有 errcode",
    "no expires_in": "没有 expires_in",
    "no {field}": "没有 {field}",
    "no total_count, or no list": "没有 total_count 或 list",
    "authorizer_appid is not the one asked for": "authorizer_appid 与所查的不符",
    "authorizer_appid is not wx and 16 hex digits": "authorizer_appid 不是 wx 加 16 位十六进制",
    "status is no number": "status 不是数字",
    "gray_release_plan has no status or no gray_percentage": "gray_release_plan 缺 status 或 gray_percentage",
    "{field} is no object": "{field} 不是对象",
    "WeChat exchanged the code for another authorizer": "微信用授权码换出了另一个授权方",
    # -- tokens
    "WeChat has pushed no component_verify_ticket in the last 12 hours; nothing is lost, "
    "releases wait; check the 授权事件接收URL and that it answers `success`": (
        "微信 12 小时内没有推送 component_verify_ticket；什么都没有丢，发布在等；"
        "请检查授权事件接收 URL，以及它是否返回 `success`"
    ),
    "WeChat was asked for this token several times lately, without lasting success; it is asked again in a "
    "while, and until then this waits": "最近几次向微信取此 token 都没有持久的结果；稍后再取，在此之前先等",
    "another process has been fetching this token for a while; this is tried again": (
        "另一个进程正在取此 token，已有一会儿；稍后再试"
    ),
    "another process took over fetching this token; this is tried again": (
        "另一个进程接手取此 token；稍后再试"
    ),
    "{appid} is not known yet; this goes on once it is": "还不认识 {appid}；认识后自动继续",
    "{appid} took its authorization back meanwhile": "{appid} 此间取消了授权",
    "WeChat lists no refresh token that works for this mini program; "
    "the merchant must authorize the platform again": (
        "微信的授权列表里没有此小程序可用的 refresh_token；请商家重新授权"
    ),
    "its authorization code is not exchanged yet; this goes on once it is": (
        "它的授权码还没有换成令牌；换好后自动继续"
    ),
    "WeChat does not show {appid} as authorized ({errcode}: {meaning}); "
    "this goes on once it authorizes the platform": (
        "微信显示 {appid} 没有授权（{errcode}：{meaning}）；它授权后自动继续"
    ),
    "the authorization code gave no token; the merchant must authorize again": (
        "授权码没有换到令牌；请商家重新授权"
    ),
    "a stored secret was sealed with another REACTOR_SECRET_KEY; nothing is lost: "
    "put the old key back behind the new one, separated by a comma": (
        "库中的密文是用另一个 REACTOR_SECRET_KEY 加密的；什么都没有丢：请把旧密钥放回新密钥之后，用逗号隔开"
    ),
    # -- pushes
    "no authorizer with the user_name {name} is known; nothing was released": (
        "没有原始 ID 为 {name} 的授权方；没有发布任何东西"
    ),
    "it speaks of {meant}, but {appid} is {name}; nothing was released": (
        "推送说的是 {meant}，而 {appid} 是 {name}；没有发布任何东西"
    ),
    "it speaks of {meant}, who is {owner} and not {appid}; nothing was released": (
        "推送说的是 {meant}，它是 {owner} 而非 {appid}；没有发布任何东西"
    ),
    "the push speaks of {meant}, but {appid} is {name}; nothing was released": (
        "推送说的是 {meant}，而 {appid} 是 {name}；没有发布任何东西"
    ),
    "the text is empty": "内容为空",
    "the text is over 64 KiB": "内容超过 64 KiB",
    "the text is not UTF-8": "内容不是 UTF-8",
    "the text is not well-formed XML: {why}": "内容不是合法的 XML：{why}",
    "an element has attributes": "有元素带属性",
    "there are more than {count} elements": "元素超过 {count} 个",
    "elements are nested deeper than {count}": "元素嵌套超过 {count} 层",
    "an element appears twice beside itself": "同一元素出现了两次",
    "text stands between elements": "元素之间夹有文字",
    "the root has no elements in it": "根元素里没有内容",
    "the text declares another encoding than UTF-8": "声明的编码不是 UTF-8",
    "the text has a DOCTYPE": "内容带 DOCTYPE",
    "the text has a processing instruction": "内容带处理指令",
    "the text has a comment": "内容带注释",
    "{name} is missing": "缺少 {name}",
    "{name} is not wx and 16 hex digits": "{name} 不是 wx 加 16 位十六进制",
    "{name} is no moment of 1 to 10 digits": "{name} 不是 1 至 10 位数字的时间",
    # -- the life of a release
    "nobody decided within {count} hours; it was not released": "{count} 小时内无人确认，没有发布",
    "the policy holds it until a person approves": "按策略等待人工确认",
    "the authorizer is not known yet; this goes on once it is": "还不认识此授权方；认识后自动继续",
    "the policy waits {seconds} s after the approval": "按策略在审核通过后等 {seconds} 秒",
    "release {number}, of a newer approval, takes its place": "由更新一次审核通过的发布 {number} 取代",
    "the merchant took the authorization back": "商家取消了授权",
    "paused by an operator; resume lets it go on": "已由操作员暂停；恢复后继续",
    "an operator approved it": "操作员已确认",
    "an operator held it back; it waits for a person": "操作员已拦下，等待人工确认",
    "{what} would have been released now; the policy only observes": (
        "{what}此时本会发布；策略只观察，未做任何操作"
    ),
    "it": "它",
    "an operator asked for another try": "操作员要求重试",
    "an operator cancelled it": "操作员已取消",
    "its worker fell silent": "处理它的 worker 没有了动静",
    "its worker fell silent; the next turn looks what came of it": (
        "处理它的 worker 没有了动静；下一轮先查询结果"
    ),
    "an internal error ({name}); see the log": "内部错误（{name}），详见日志",
    "WeChat accepted the release but does not show it yet": "微信已接受发布，但线上还没有显示",
    "found live after {errcode}; {shown}": "返回 {errcode} 后查到已上线；{shown}",
    "released; {shown}": "已发布；{shown}",
    "WeChat shows {what} live": "微信显示{what}已上线",
    "WeChat shows it live": "微信显示它已上线",
    "version {version}": "版本 {version} ",
    "a release since the approval": "审核通过之后的发布",
    "approved": "审核通过",
    "rejected": "审核不通过",
    "under audit": "审核中",
    "withdrawn": "已撤回",
    "delayed": "审核延后",
    "in the unknown status {status}": "未知状态 {status}",
    "the latest audit is {words}": "最新审核单：{words}",
    "a newer version ({version}) is {words} and WeChat will not release beside it; "
    "this goes on when that audit ends": (
        "有更新的版本（{version}）{words}，微信此时不发布；那次审核结束后继续"
    ),
    "a newer version ({version}) is under audit and WeChat will not release "
    "beside it ({errcode}); this goes on when that audit ends": (
        "有更新的版本（{version}）审核中，微信此时不发布（{errcode}）；那次审核结束后继续"
    ),
    "the push said approved, but WeChat says the latest audit is {words}; "
    "nothing was released; look at the mini program's audit, then retry or cancel": (
        "推送说审核通过，但微信显示最新审核单为：{words}；没有发布任何东西；请查看该小程序的审核，再重试或取消"
    ),
    "a gray release is under way ({percentage} %); somebody chose to go slowly, so the full "
    "release waits for a person: end the gray release, then approve": (
        "灰度发布进行中（{percentage} %）；既然有人选择慢慢来，全量发布就等人工：先结束灰度，再确认"
    ),
    "it was submitted more than 30 days ago and never released; "
    "a person must say whether it still should": "提审已超过 30 天而一直没有发布；是否还要发布请人工决定",
    "version {version} went live after this one was submitted, perhaps because this one was "
    "rolled back; a person must say whether it should be released": (
        "提审之后上线的是版本 {version}，这一版可能已被回退；是否发布请人工决定"
    ),
    "WeChat, or the way there, is out of order for {strikes} turns in a row "
    "({reason}); nothing is lost, everything waits for a call that succeeds": (
        "微信或通往微信的线路连续 {strikes} 轮不正常（{reason}）；什么都没有丢，等到有一次调用成功就继续"
    ),
    # -- refusals
    "a release that is {state} cannot be {happening}; nothing was changed": (
        "发布处于“{state}”，不能“{happening}”；没有任何改动"
    ),
    "a worker changed the release at the same moment; look again": "同一时刻 worker 改动了此发布；请再看一次",
    "the database is busy with what came before; nothing was changed": (
        "数据库还在忙前面的事；没有任何改动，请再试"
    ),
    "another process was faster; nothing was changed": "另一个进程抢先了一步；没有任何改动",
    "the database did not do it ({why}); nothing was changed": "数据库没有完成（{why}）；没有任何改动",
    "the database gave way to another process ({why}); nothing was changed": (
        "数据库让给了另一个进程（{why}）；没有任何改动，请再试"
    ),
    "the database cannot be opened: {why}": "打不开数据库：{why}",
    "the database file stayed locked by another process; nothing was changed": (
        "数据库文件一直被另一个进程锁着；没有任何改动"
    ),
    "the schema is not one that this version knows ({why}); nothing was changed: "
    "install the version that made it, or a newer one": (
        "本版本不认识此库结构（{why}）；没有任何改动：请安装建它的版本或更新的版本"
    ),
}
