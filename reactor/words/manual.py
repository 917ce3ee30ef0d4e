"""The help of commands."""

CHINESE = {
    "Bring approved versions of WeChat mini programs live, untouched by hand.": (
        "审核通过的小程序版本自动发布上线，无需人工。"
    ),
    "Exit codes: 0 fine, 1 the thing asked for failed or needs a person, 2 wrong usage or configuration.": (
        "退出码：0 正常，1 没有办成或需要人工，2 用法或配置有误。"
    ),
    "Try it": "试一试",
    "Run it": "运行",
    "See how it is": "查看",
    "Step in": "人工干预",
    "Keys and captures": "密钥与抓包",
    "Let merchants join": "授权接入",
    "Tell people": "消息通知",
    "Show what people were told, or try the channels of REACTOR_NOTIFY.": (
        "查看通知过什么，或试发 REACTOR_NOTIFY 的渠道。"
    ),
    "List messages, newest first: what was sent, what is tried again, what was given up and why.": (
        "列出消息，新的在前：发了什么，哪些在重试，哪些已放弃，为什么。"
    ),
    "Send one test message to each channel, and say what came of it.": (
        "向每个渠道发一条测试消息，并说明结果。"
    ),
    "Send one test message to each channel, and say what came of it.\n\n"
    "Exit code 1 when one did not arrive, 2 when there is no channel.": (
        "向每个渠道发一条测试消息，并说明结果。\n\n有一条没有送达时退出码为 1，没有渠道时为 2。"
    ),
    "Play the main job against a small WeChat: nothing to set up, nothing left behind.": (
        "对着一个小微信演示主要流程：无需准备，不留痕迹。"
    ),
    "Keep it running afterwards, and print the URLs.": "演示后继续运行，并打印网址。",
    "Run a small WeChat on this machine, for the component of this environment.": (
        "在本机为当前环境的第三方平台运行一个小微信。"
    ),
    "0: any free one.": "0：任选空闲端口。",
    "A reactor, which gets a ticket now and every 10 minutes.": (
        "向此 reactor 推送票据，现在一次，之后每 10 分钟一次。"
    ),
    "Push an event as WeChat does, signed and encrypted with this environment's values.": (
        "像微信那样推送一个事件，用当前环境的值签名和加密。"
    ),
    "The mini program it is about.": "涉及的小程序。",
    "The reactor.": "reactor 的地址。",
    "[default: this machine, PORT]": "[默认：本机，PORT]",
    "The same event so often.": "同一事件推送几次。",
    "ToUserName, gh_….": "ToUserName，gh_…。",
    "[default: the simulator's or the database's]": "[默认：取自模拟器或数据库]",
    "WeChat's words; of `text`, the message.": "微信给的原因；`text` 则为消息内容。",
    "The authorization code.": "授权码。",
    "[default: the simulator's, or made up]": "[默认：取自模拟器，或编造]",
    "The component_verify_ticket.": "component_verify_ticket。",
    "SuccTime, FailTime, DelayTime.": "SuccTime、FailTime、DelayTime。",
    "[default: now]": "[默认：现在]",
    "With --simulator: the version, when none is under audit there.": (
        "配合 --simulator：那里没有审核中的版本时用的版本号。"
    ),
    "As a forger would; refused is then as it should be.": "像伪造者那样签名；被拒绝才对。",
    "To another authorizer's route.": "送到另一个授权方的地址。",
    "Signed an hour ago.": "签名时间为一小时前。",
    "A running simulator, which is made to agree first.": "正在运行的模拟器，先让它与事件一致。",
    "Bring the schema to this version; safe to repeat, and from many processes at once.": (
        "把库结构升级到本版本；可重复运行，也可多个进程同时运行。"
    ),
    "Work on what is due until told to stop; brings the schema up first.": (
        "处理到期的工作直到被叫停；先升级库结构。"
    ),
    "Do what is due now, and end.": ("处理完现在到期的就结束。"),
    "Show the whole at a glance.": "一眼看全局。",
    "Examine this installation, and say how to mend what is not well.": (
        "检查本次部署，并说明不妥之处怎样处理。"
    ),
    "Examine this installation, and say how to mend what is not well.\n\n"
    "Exit codes: 0 well, or only warnings; 1 something must be mended; 2 the configuration is wrong.": (
        "检查本次部署，并说明不妥之处怎样处理。\n\n退出码：0 正常或只有提醒；1 有问题须处理；2 配置有误。"
    ),
    "Call nobody: neither WeChat nor the public URL.": "不向外调用：既不访问微信，也不访问公网地址。",
    "Show releases, and decide about one.": "查看发布，并决定其中一个。",
    "List releases, newest first.": "列出发布，新的在前。",
    "Only those of this authorizer_appid.": "只看此小程序的。",
    "Where the page before ended.": "上一页结束的位置。",
    "Tell the story of one release: its states and the calls to WeChat, by time.": (
        "按时间讲述一次发布：状态变化与对微信的调用。"
    ),
    "Bring back the version before a live one; a worker does it, this waits for what came of it.": (
        "把线上版本回退到上一版；由 worker 执行，本命令等待结果。"
    ),
    "How long to wait for the worker, in seconds.": "等待 worker 多久，秒。",
    "Do not ask first.": "不再询问，直接执行。",
    "Let a held release go.": "放行等待确认的发布。",
    "Give a release another try, due now.": "立即重试一次发布。",
    "End a release that waits; it is never called.": "取消等待中的发布，不再执行。",
    "Show the mini programs that authorized the component.": "查看授权给本平台的小程序。",
    "List authorizers, newest first.": "列出授权方，新的在前。",
    "Show one authorizer.": ("查看一个授权方。"),
    "Show what WeChat pushed.": "查看微信推送了什么。",
    "List events, newest first.": "列出推送，新的在前。",
    "Show one event.": "查看一次推送。",
    "Stop all releases, or those of one mini program; pushes are accepted and recorded meanwhile.": (
        "暂停全部发布，或只暂停一个小程序；此间推送照常接收和记录。"
    ),
    "Only this one, at once.": "只暂停这个小程序，立即生效。",
    "Let paused releases go on, those that are still valid: each is looked at anew.": (
        "恢复已暂停的发布；每个都重新查询，仍然有效的才发布。"
    ),
    "Only this one, which was paused alone.": "只恢复这个单独暂停的小程序。",
    "Hold back a release that waits, until a person approves.": "拦下还在等待的发布，等人工确认。",
    "Explain a captured push offline: what of it is fine, what fails, and why.": (
        "离线解释抓到的一次推送：哪里正常，哪里不对，为什么。"
    ),
    "Explain a captured push offline: what of it is fine, what fails, and why.\n\n"
    "Exit codes: 0 the push would be accepted, 1 it would be refused, 2 wrong usage or configuration.": (
        "离线解释抓到的一次推送：哪里正常，哪里不对，为什么。\n\n"
        "退出码：0 推送会被接受，1 会被拒绝，2 用法或配置有误。"
    ),
    "The body as it arrived.": "收到的原始请求体。",
    "[default: stdin]": "[默认：标准输入]",
    "The query string of its URL.": "网址里的查询串。",
    "Its whole URL, or the path with the query, instead of --query.": (
        "完整网址，或路径加查询串，代替 --query。"
    ),
    "Print tickets and codes as they are.": "原样显示票据和授权码。",
    "Look after REACTOR_SECRET_KEY.": "管理 REACTOR_SECRET_KEY。",
    "Seal every stored secret with the newest REACTOR_SECRET_KEY; safe to repeat, and while others work.": (
        "用最新的 REACTOR_SECRET_KEY 重新加密库中全部密文；可重复运行，不影响其他进程工作。"
    ),
    "Seal every stored secret with the newest REACTOR_SECRET_KEY; safe to repeat, and while others work.\n\n"
    "First give every process the new key with the old one behind it, separated by a comma, and restart it.\n"
    "Where there was none before, the old one is the content of the file <database>.key.": (
        "用最新的 REACTOR_SECRET_KEY 重新加密库中全部密文；可重复运行，不影响其他进程工作。\n\n"
        "请先给每个进程设好新密钥，旧密钥放在其后，用逗号隔开，然后重启。\n"
        "以前没有设过的，旧密钥就是文件 <database>.key 的内容。"
    ),
    "Print JSON, for programs.": "输出 JSON，供程序读取。",
    "The language of what is printed.": "输出所用的语言。",
    "[default: REACTOR_LANG]": "[默认：REACTOR_LANG]",
}
