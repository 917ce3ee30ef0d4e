"""What the doctor says: the names of its checks, how they ended, how to mend it."""

CHINESE = {
    "{ok} fine · {warn} to look at · {bad} to mend · {unknown} not seen": (
        "{ok} 项正常 · {warn} 项提醒 · {bad} 项须处理 · {unknown} 项看不到"
    ),
    # -- names
    "configuration": "配置",
    "database": "数据库",
    "schema": "库结构",
    "secret key": "存储密钥",
    "golden vector": "官方样例",
    "component token": "平台令牌",
    "egress ip": "出口 IP",
    "queue": "队列",
    "permission set 18": "权限集 18",
    "reauthorization": "重新授权",
    "callbacks": "回调地址",
    "callback check": "微信网络检测",
    "clock": "时钟",
    "messages": "消息通知",
    "libraries": "程序库",
    # -- how they ended
    "complete": "完整",
    "{kind} {version} answers in {ms} ms": "{kind} {version}，{ms} 毫秒内答复",
    "{kind} {version} answers slowly, in {ms} ms": "{kind} {version} 答复慢，用了 {ms} 毫秒",
    "the schema is not this version's": "库结构不是本版本的",
    "cannot be seen without the database": "没有数据库，看不到",
    "could not be checked ({problem})": "没能检查（{problem}）",
    "no key opens {locked} of {seen} stored secrets": "抽查 {seen} 个密文，{locked} 个没有密钥能解开",
    "{old} of {seen} stored secrets are sealed with an older key": "抽查 {seen} 个密文，{old} 个用的是旧密钥",
    "opens what is stored": "能解开库中的密文",
    "WeChat's own sample of an encrypted push is opened": "微信文档里的加密推送样例能解开",
    "WeChat's own sample of an encrypted push is not opened": "微信文档里的加密推送样例解不开",
    "none has arrived yet; WeChat pushes one every 10 minutes": "还没有收到过；微信每 10 分钟推送一次",
    "expired: the last came {minutes} minutes ago": "已过期：上次收到是 {minutes} 分钟前",
    "late: the last came {minutes} minutes ago, and one is due every 10": (
        "迟了：上次收到是 {minutes} 分钟前，本应每 10 分钟一次"
    ),
    "came {minutes} minutes ago; every 10 minutes, good for 12 hours": (
        "{minutes} 分钟前收到（每 10 分钟一次，12 小时有效）"
    ),
    "none is kept now; the next call to WeChat fetches one": "现在没有；下次调用微信时获取",
    "good for another {minutes} minutes": "还有 {minutes} 分钟有效",
    "paused by an operator; pushes are recorded meanwhile": "已由操作员暂停；此间推送照常记录",
    "stopped: {reason}": "已停止：{reason}",
    "{count} at work": "{count} 个在工作",
    "none was seen in the last 30 seconds; nothing is released": "30 秒内没有动静；不会有发布",
    "{waiting} waiting, {held} held, {failed} failed": (
        "{waiting} 个等待发布，{held} 个等待确认，{failed} 个需要处理"
    ),
    "{waiting} waiting, the oldest overdue by {minutes} minutes": (
        "{waiting} 个等待发布，最久的已晚 {minutes} 分钟"
    ),
    "nobody is known to lack it": "没有发现缺少的",
    "not granted by {count}: {examples}": "{count} 个小程序没有授予：{examples}",
    "nobody has to authorize again": "没有小程序需要重新授权",
    "{count} must authorize again: {examples}": "{count} 个须重新授权：{examples}",
    "{count} channels": "{count} 个渠道",
    "nobody is told when a version is rejected or fails": "版本被驳回或发布失败时没有人会收到通知",
    "WeChat takes it": "微信认可",
    "cannot be seen before a call to WeChat gets through": "要等有一次调用到达微信才看得到",
    "WeChat lets calls from this address in": "微信允许本机出口 IP 的调用",
    "the address of this machine is not whitelisted ({errcode})": "本机出口 IP 不在微信白名单（{errcode}）",
    "{address} is not whitelisted ({errcode})": "{address} 不在微信白名单（{errcode}）",
    "{seconds} s ahead of WeChat": "比微信快 {seconds} 秒",
    "{seconds} s behind WeChat": "比微信慢 {seconds} 秒",
    "WeChat's time is not to be had ({problem})": "取不到微信的时间（{problem}）",
    "no Date": "没有 Date",
    "REACTOR_PUBLIC_URL is not set": "没有设 REACTOR_PUBLIC_URL",
    "{url} does not answer ({problem})": "{url} 没有答复（{problem}）",
    "{url}/healthz answers {healthz}, where 200 is due": "{url}/healthz 返回 {healthz}，应为 200",
    "an unsigned push to {url} is answered {status}, where 403 is due": (
        "向 {url} 送未签名的推送，返回 {status}，应为 403"
    ),
    "{url} answers, and refuses an unsigned push": "{url} 有答复，并拒绝未签名的推送",
    "no ping of WeChat's servers is answered by {lost} of {addresses} addresses": (
        "微信服务器 ping 了 {addresses} 个地址，{lost} 个没有应答"
    ),
    "WeChat's servers reach {addresses} addresses": "微信服务器能到达 {addresses} 个地址",
    "WeChat does not tell ({problem})": "微信没有给出结果（{problem}）",
    "a small XML text can make it take very much memory (CVE-2025-59375)": (
        "很小的 XML 就能让它占用大量内存（CVE-2025-59375）"
    ),
    "an idle connection that is kept alive holds up its end for 20 seconds": (
        "空闲的长连接会让它晚 20 秒才结束"
    ),
    "it may send credentials of a .netrc file elsewhere (CVE-2024-47081)": (
        "可能把 .netrc 里的凭证发给别处（CVE-2024-47081）"
    ),
    "a template can break out of its sandbox (CVE-2025-27516)": "模板可能逃出沙箱（CVE-2025-27516）",
    "it wrote XML from names unseen (CVE-2025-9375)": "写 XML 时不检查元素名（CVE-2025-9375）",
    # -- how to mend it
    "WeChat waits five seconds for an answer; put the database nearer, or give it more power": (
        "微信只等五秒；请把数据库放近一些，或加强配置"
    ),
    "check DATABASE_URL and that the database runs; meanwhile WeChat repeats its pushes for 20 seconds": (
        "请检查 DATABASE_URL，并确认数据库在运行；此间微信会在 20 秒内重试推送"
    ),
    "run `reactor migrate`": "请运行 `reactor migrate`",
    "run `reactor keys rotate`": "请运行 `reactor keys rotate`",
    "see the log; everything else was looked at": "详见日志；其余各项都已检查",
    "put the old REACTOR_SECRET_KEY back behind the new one, separated by a comma": (
        "请把旧的 REACTOR_SECRET_KEY 放回新密钥之后，用逗号隔开"
    ),
    "install this version and its libraries anew; no push can be read as it is": (
        "请重新安装本版本及其程序库；现在读不了任何推送"
    ),
    "compare 授权事件接收URL, Token and Key in the console (第三方平台 › 开发配置) with this installation; "
    "`reactor decrypt` explains a push that is refused": (
        "请核对开放平台（第三方平台 › 开发配置）里的授权事件接收 URL、Token 和 Key；"
        "`reactor decrypt` 可解释被拒绝的推送"
    ),
    "`reactor resume` lets them go on": "`reactor resume` 恢复",
    "mend the cause; they go on by themselves within a minute of it": "请处理原因；之后一分钟内自动恢复",
    "start the web process; the worker runs in it": "请启动 web 进程；worker 在它里面运行",
    "start one: `python -m reactor worker`": "请启动一个：`python -m reactor worker`",
    "`reactor releases ls --state failed` says why": "`reactor releases ls --state failed` 可看原因",
    "see that a worker runs, and raise the pace in the policy file if it is too slow": (
        "请确认 worker 在运行；若是节奏太慢，请在策略文件里调快"
    ),
    "send these merchants the link of `reactor authorize-link`; they must tick permission set 18": (
        "请把 `reactor authorize-link` 的链接发给这些商家，授权时须勾选权限集 18"
    ),
    "send these merchants the link of `reactor authorize-link`": (
        "请把 `reactor authorize-link` 的链接发给这些商家"
    ),
    "set REACTOR_NOTIFY; `reactor notify test` tries it": "请设 REACTOR_NOTIFY；`reactor notify test` 可试发",
    "install newer ones: `pip install -r requirements.txt`; expat comes with a newer Python 3": (
        "请升级：`pip install -r requirements.txt`；expat 随新的 Python 3 补丁版本而来"
    ),
    "open the way to api.weixin.qq.com:443 for this machine": "请为本机放行到 api.weixin.qq.com:443 的访问",
    "check WECHAT_PROXY_URL and that the proxy lets api.weixin.qq.com:443 pass": (
        "请检查 WECHAT_PROXY_URL，并确认代理放行 api.weixin.qq.com:443"
    ),
    "add the address that this machine's calls come from to 白名单IP地址列表 in the console; where addresses "
    "change, set WECHAT_PROXY_URL to a proxy with a fixed one": (
        "请在开放平台的白名单IP地址列表加入本机的出口 IP；IP 不固定的，请把 WECHAT_PROXY_URL 设为固定 "
        "IP 的代理"
    ),
    "add {address} to 白名单IP地址列表 in the console (第三方平台 › 开发配置); where addresses change, set "
    "WECHAT_PROXY_URL to a proxy with a fixed one": (
        "请在开放平台（第三方平台 › 开发配置）的白名单IP地址列表加入 {address}；"
        "IP 不固定的，请把 WECHAT_PROXY_URL 设为固定 IP 的代理"
    ),
    "set this machine's clock by NTP; with PostgreSQL the database server's counts": (
        "请用 NTP 校准本机时钟；用 PostgreSQL 时以数据库服务器的时钟为准"
    ),
    "set REACTOR_PUBLIC_URL to the https:// address that WeChat calls": (
        "请把 REACTOR_PUBLIC_URL 设为微信访问的 https:// 地址"
    ),
    "see that the web process runs, and that its port, its certificate and the DNS entry are right": (
        "请确认 web 进程在运行，端口、证书和域名解析都正确"
    ),
    "something else answers there, or changes what passes; see that proxies pass /wechat/ on as it is": (
        "答复的是别的程序，或途中被改动；请确认代理把 /wechat/ 原样转发"
    ),
    "no harm where a host drops pings on purpose; else see the firewall before the callback URL": (
        "若主机有意不应答 ping 则无妨；否则请查回调地址前的防火墙"
    ),
}
