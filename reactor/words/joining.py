"""What the commands print by which merchants join and people are told, and their help."""

CHINESE = {
    "Let merchants join": "授权接入",
    "Tell people": "消息通知",
    # -- help
    "Invite a merchant: a page with the authorization links, which also shows what came of it.": (
        "邀请商家：一个带授权链接的页面，授权结果也显示在上面。"
    ),
    "So long the page is good.": "页面有效的天数。",
    "Take over every merchant that WeChat lists; safe to stop and to repeat.": (
        "接管微信授权列表里的全部商家；可中断，可重复运行。"
    ),
    "Push an event as WeChat does, signed and encrypted with this environment's values.\n\n"
    "`exam` is the whole acceptance test of 全网发布; it needs --simulator.": (
        "像微信那样推送一个事件，用当前环境的值签名和加密。\n\n"
        "`exam` 是全网发布的整套检测，需要 --simulator。"
    ),
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
    # -- authorize-link
    "on a computer": "在电脑上",
    "in WeChat on a phone": "在手机微信里",
    "good until": "有效期至",
    "page": "页面",
    "the worker has not made one": "worker 还没有生成",
    "no link yet: {reason}; the page makes it once it can": "还没有链接：{reason}；页面能生成时会自动生成",
    "Send the page. The links live for minutes, and WeChat opens them only when they are clicked on "
    "a page of "
    "the domain registered as 授权发起页域名.": (
        "请发送这个页面。链接只有几分钟有效，而且必须在登记为授权发起页域名的页面上点击，微信才会打开。"
    ),
    # -- authorizers sync
    "authorizers": "授权方",
    "WeChat lists {total}; {new} are new here, {asked} were asked about": (
        "微信列出 {total} 个；新增 {new} 个，查询了 {asked} 个"
    ),
    "{count} official accounts, which have no versions and are left alone": (
        "{count} 个是公众号，没有版本，不作处理"
    ),
    "{count} without permission set 18: nothing of theirs can be released": (
        "{count} 个没有权限集 18：无法为它们发布"
    ),
    "{count} listed without a refresh token: they must authorize again": (
        "{count} 个没有 refresh_token：须重新授权"
    ),
    "{count} about whom WeChat told nothing; the next run asks again, the log says why": (
        "{count} 个微信没有给出信息；下次运行再问，原因见日志"
    ),
    "{count} known here but not listed any more: they need a new authorization": (
        "{count} 个本地认识而微信已不列出：须重新授权"
    ),
    "you stopped it": "已由你停止",
    # -- the acceptance test
    "exam needs --simulator: its codes and messages are the simulator's": (
        "exam 需要 --simulator：授权码和消息都来自模拟器"
    ),
    "--simulator: {problem}; the test stopped there": "--simulator：{problem}；检测到此停止",
    "passed": "通过",
    "not passed": "未通过",
}
