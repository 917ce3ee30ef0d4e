"""The frame of the pages, the overview, health, the door, and what is said when something goes wrong."""

_FRAME = {
    "Skip to the content": "跳到正文",
    "Pages": "页面",
    "Overview": "总览",
    "Releases": "发布",
    "Authorizers": "小程序",
    "Events": "推送",
    "Health": "自检",
    "Log in": "登录",
    "Log out": "退出",
    "Paused": "已暂停",
    "Nothing is released until somebody resumes. Pushes are recorded as ever.": (
        "恢复之前不会发布任何版本，推送照常记录。"
    ),
    "Resume": "恢复",
    "Calls to WeChat are stopped": "已停止调用微信接口",
    "since": "开始于",
    "next try": "下次尝试",
    "Times are those of Asia/Shanghai.": "时间均为北京时间。",
    "Copy": "复制",
    "Copied": "已复制",
    "Pages of the list": "列表翻页",
    "Newest": "最新",
    "Older": "更早",
    "ok": "正常",
    "warn": "注意",
    "bad": "异常",
}

_DOOR = {
    "Password": "密码",
    "This page came over plain http, where a password can be read on its way. Open it with https, or on the "
    "machine itself.": "此页面通过未加密的 http 打开，密码可能在途中被读取。请改用 https，或在本机打开。",
    "That is not the password. It stands in REACTOR_OPS_PASSWORD.": (
        "密码不对。密码即环境变量 REACTOR_OPS_PASSWORD 的值。"
    ),
    "There were too many wrong passwords. Nobody is let in for {wait}, not even with the right one.": (
        "密码错误次数过多，{wait}内无法登录，密码正确也不行。"
    ),
}

_OVERVIEW = {
    "All is well": "一切正常",
    "{live} went live in the last 24 hours, nothing needs a person.": (
        "过去 24 小时上线 {live} 个，没有需要处理的事。"
    ),
    "{live} went live in the last 24 hours.": "过去 24 小时上线 {live} 个。",
    "Waiting for WeChat's first ticket": "正在等待微信推送第一个票据",
    "It comes within ten minutes once the callback URLs stand in WeChat's console.": (
        "在微信开放平台填好回调地址后，十分钟内就会收到。"
    ),
    "Releases that need a person: {count}": "{count} 个发布需要处理",
    "Releases that wait for a decision: {count}": "{count} 个发布等待人工确认",
    "Paused by an operator": "已由人工暂停",
    "Nothing is released until somebody resumes.": "恢复之前不会发布任何版本。",
    "What is due is late": "到期的发布迟迟没有执行",
    "Releases go on by themselves once it is mended.": "问题解决后发布会自动继续。",
    "No worker is running": "没有工作进程在运行",
    "Pushes are recorded, nothing is released. Start a worker: python -m reactor worker": (
        "推送照常记录，但不会发布。请启动工作进程：python -m reactor worker"
    ),
    "WeChat's ticket is old": "微信票据已很久没有更新",
    "One comes every ten minutes. Check the callback URLs in WeChat's console.": (
        "正常情况下每十分钟推送一次。请检查开放平台里填写的回调地址。"
    ),
    "Mini programs to be authorized anew: {count}": "{count} 个小程序需要重新授权",
    "{name} {version} waits for your decision": "{name} {version} 等待人工确认",
    "{name} {version} could not be released": "{name} {version} 未能发布",
    "Ticket": "票据",
    "none yet": "暂无",
    "WeChat sends one every ten minutes.": "微信每十分钟推送一次。",
    "good for another {span}": "还可使用 {span}",
    "too old to be used": "已过期，无法使用",
    "Calls to WeChat": "微信接口",
    "{share} % answered": "{share}% 有应答",
    "of the last {count}": "最近 {count} 次",
    "half within {ms} ms, 95 % within {slow} ms": "半数 {ms} 毫秒内，95% {slow} 毫秒内",
    "They begin with the first ticket.": "收到第一个票据后开始调用。",
    "Queue": "队列",
    "{count} waiting": "{count} 个等待",
    "{count} under way": "{count} 个进行中",
    "workers: {count}": "工作进程 {count} 个",
    "no worker": "没有工作进程",
    "first due": "最早到期",
    "Last push": "最近推送",
    "The callback URLs stand on the Health page.": "回调地址在“自检”页。",
    "Needs a person": "需要处理",
    "Try again": "重试",
    "Look and decide": "查看并确认",
    "Show them": "查看",
    "How to mend it": "如何处理",
    "All {count} that failed": "全部 {count} 个失败的发布",
    "All {count} that wait for a decision": "全部 {count} 个待确认的发布",
    "Latest releases": "最近发布",
    "State": "状态",
    "Mini program": "小程序",
    "Version": "版本",
    "Approved": "审核通过",
    "Approval to live": "通过到上线",
    "due": "预计",
    "No release yet": "还没有发布",
    "It appears here by itself when WeChat pushes the first approval.": (
        "收到审核通过的推送后，会自动出现在这里。"
    ),
    "No mini program has authorized this platform yet": "还没有小程序授权给本平台",
    "Once one has, its approved versions go live by themselves.": "授权之后，审核通过的版本会自动上线。",
    "Pictures": "图表",
    "Stop refreshing": "停止自动刷新",
    "Go on refreshing": "继续自动刷新",
}

_HEALTH = {
    "Checks": "检查项",
    "{ok} passed, {warn} warnings, {bad} failed": "{ok} 项正常，{warn} 项注意，{bad} 项异常",
    "Callback URLs": "回调地址",
    "Copy them into WeChat's console, as they are, with $APPID$.": "请原样复制到微信开放平台，保留 $APPID$。",
    "They are guessed from this request; set REACTOR_PUBLIC_URL to be sure.": (
        "这里的地址由本次访问推断，设置 REACTOR_PUBLIC_URL 可保证准确。"
    ),
    "Authorization events (授权事件接收URL)": "授权事件接收URL",
    "Messages and events (消息与事件接收URL)": "消息与事件接收URL",
    "AppID of the component": "第三方平台 AppID",
    "Stop everything": "全部暂停",
    "While paused nothing is released; what waits stays where it is, and goes on once you resume.": (
        "暂停期间不会发布任何版本；等待中的发布保持原样，恢复后自动继续。"
    ),
    "Pause all releases": "暂停全部发布",
    "Configuration": "配置",
    "Variable": "变量",
    "Value": "值",
    "From": "来源",
    "Meaning": "含义",
    "not set": "未设置",
    "environment": "环境变量",
    "file": "文件",
    "default": "默认值",
    "unset": "未设置",
    "Versions": "版本",
    "Database": "数据库",
}

_APOLOGIES = {
    "Is anything lost?": "有没有丢失？",
    "What to do": "怎么办",
    "Request": "请求号",
    "To the overview": "回到总览",
    "This address makes no sense here.": "这个地址无法理解。",
    "Nothing was changed.": "没有任何改动。",
    "Go back and choose from what the page offers.": "请返回，使用页面上提供的选项。",
    "This was refused.": "请求被拒绝。",
    "Go back, reload the page and try once more.": "请返回，刷新页面后再试一次。",
    "The form came from another page, or this page was open for too long.": (
        "表单来自其他页面，或者页面打开时间太长。"
    ),
    "There is nothing here.": "这里什么也没有。",
    "Nothing is lost.": "没有丢失。",
    "It may have been removed after its time was over.": "可能已过保存期限而被清理。",
    "That cannot be done here.": "这里不能这样操作。",
    "Go back and use the buttons of the page.": "请返回，使用页面上的按钮。",
    "That is not possible any more.": "现在已不能这样操作。",
    "Go back and look at the state it is in now.": "请返回查看它现在的状态。",
    "That was too much at once.": "一次提交的内容太多。",
    "Go back and send less.": "请返回，减少内容后再提交。",
    "Too many attempts.": "尝试次数过多。",
    "Wait a while and try again.": "请稍后再试。",
    "Something went wrong inside.": "内部出错了。",
    "Nothing that WeChat pushed is lost, and releases go on.": "微信的推送没有丢失，发布照常进行。",
    "Try again; if it stays, look for this request in the log.": "请重试；如果仍然出错，请按请求号查看日志。",
    "The database cannot be reached now.": "数据库暂时连不上。",
    "Nothing is lost: WeChat repeats what could not be kept.": "没有丢失：没能保存的推送，微信会重发。",
    "Wait a moment and reload. If it stays, check the database.": "请稍后刷新；如果一直如此，请检查数据库。",
}

_VARIABLES = {  # those that are required stand beside the words of the refusal that quotes them
    "who is told: wecom://, feishu://, dingtalk://, slack://, smtp(s)://, webhook+https://, apprise+…": (
        "通知渠道：wecom://、feishu://、dingtalk://、slack://、smtp(s)://、webhook+https://、apprise+…"
    ),
    "base of the API": "微信接口地址",
    "egress proxy (fixed IP) for WeChat calls only": "调用微信接口专用的出口代理（固定 IP）",
    "sqlite:///path, postgres://… or postgresql://…": "sqlite:///路径、postgres://… 或 postgresql://…",
    "encrypts tokens and tickets at rest; several, comma-separated, newest first": (
        "加密保存 token 和票据；可用逗号分隔多个，新的在前"
    ),
    "opens the ops pages": "运维页面的密码",
    "bearer token of /api/v1 and /metrics": "/api/v1 和 /metrics 的 bearer token",
    "thread (in the web process) or external (worker dynos)": (
        "thread（在 web 进程内）或 external（单独的工作进程）"
    ),
    "path of the policy file": "策略文件的路径",
    "how often an audit under way is asked about": "每隔多少秒查询进行中的审核",
    "how often every other authorizer is asked": "每隔多少秒查询其余小程序",
    "multiplies every backoff (rehearsals use 0.01)": "所有重试间隔的倍数（演练用 0.01）",
    "number of web processes, as every PaaS sets it": "web 进程数，由 PaaS 设置",
    "port of the web process, as every PaaS sets it": "web 进程的端口，由 PaaS 设置",
    "https://… under which this is reached": "访问本服务的 https://… 地址",
    "language of commands and messages, en or zh; pages ask the browser": (
        "命令和通知的语言，en 或 zh；页面按浏览器语言"
    ),
    "proxies before the web process whose X-Forwarded-* count": (
        "web 进程前可信代理的层数（采信其 X-Forwarded-*）"
    ),
}

CHINESE = {**_FRAME, **_DOOR, **_OVERVIEW, **_HEALTH, **_APOLOGIES, **_VARIABLES}
