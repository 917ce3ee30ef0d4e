"""The words of the invitation page, of `authorize-link`, `authorizers sync` and the acceptance test."""

CHINESE = {
    # -- the page
    "Connect your mini program": "授权你的小程序",
    "Authorize once, and every version that passes WeChat's review goes live by itself.": (
        "只需授权一次，之后每个通过微信审核的版本都会自动上线。"
    ),
    "On a computer": "在电脑上",
    "Open WeChat's page and scan its QR code with your phone.": "打开微信页面，用手机微信扫码。",
    "On a phone": "在手机上",
    "Open this page inside WeChat, then tap here.": "请在微信里打开本页，再点这里。",
    "An administrator of the mini program must confirm.": "须由小程序管理员确认。",
    "Leave all permissions switched on. Without “Mini program development and data analysis” (set 18) "
    "nothing can be released.": "请保留全部权限。缺少“小程序开发与数据分析”（权限集 18）就无法发布。",
    "Afterwards WeChat brings you back here, and you see the result.": "完成后微信会带你回到本页，显示结果。",
    "One moment, please": "请稍候",
    "WeChat is making your link.": "正在向微信获取授权链接。",
    "WeChat gives no link just now. This page tries again by itself; there is nothing you need to do.": (
        "微信暂时没有给出链接。本页会自动重试，你无需操作。"
    ),
    "Almost done": "马上就好",
    "Your authorization has arrived and is being confirmed with WeChat.": "已收到授权，正在与微信确认。",
    "Your authorization has arrived, but WeChat does not confirm it just now. This page tries again by "
    "itself; there is nothing you need to do.": (
        "已收到授权，但微信暂时没有确认。本页会自动重试，你无需操作。"
    ),
    "Connected": "授权成功",
    "From now on every version that passes WeChat's review goes live by itself. You may close this page.": (
        "今后通过微信审核的版本都会自动上线。可以关闭本页了。"
    ),
    "This is an official account": "这是公众号",
    "It is authorized, but it has no versions that could be released. Start again and choose the mini "
    "program.": "授权已收到，但公众号没有可发布的版本。请重新开始并选择小程序。",
    "One permission is missing": "缺少一项权限",
    "Without “Mini program development and data analysis” (set 18) nothing can be released. Start again and "
    "leave it switched on.": "缺少“小程序开发与数据分析”（权限集 18）就无法发布。请重新开始并保留这项权限。",
    "Name": "名称",
    "missing": "未授予",
    "not told by WeChat yet": "微信尚未告知",
    "This did not work": "没有成功",
    "Start again": "重新开始",
    "This invitation is over": "邀请已失效",
    "Ask whoever sent it to you for a new one.": "请向发给你的人索取新的邀请。",
    "Good until": "有效期至",
    "This address leads to no invitation. Check that it is complete, or ask for a new one.": (
        "这个地址没有对应的邀请。请检查地址是否完整，或索取新的邀请。"
    ),
    "WeChat sent no authorization code along. Go back to the invitation and start again.": (
        "微信没有带回授权码。请回到邀请页重新开始。"
    ),
    "The database cannot be reached at the moment. Nothing is lost: go back and try again in a minute; if "
    "you have authorized already, it arrives by itself.": (
        "数据库暂时连不上。没有丢失任何内容：请一分钟后返回重试；若已完成授权，它会自动送达。"
    ),
    "Something went wrong here. Nothing is lost: try again in a minute.": (
        "这里出了点问题。没有丢失任何内容，请一分钟后重试。"
    ),
    # -- what is stored of a failure
    "WeChat says that this authorization was used or is too old, and no push told whose it was; authorize "
    "again": "微信说这次授权已被使用或已过期，也没有推送说明是谁的；请重新授权",
    "this authorization grants nothing, so there is no token; authorize again and leave the permissions "
    "switched on": "这次授权没有授予任何权限，因此没有令牌；请重新授权并保留各项权限",
    "the merchant took the authorization back meanwhile": "商家已在此期间取消授权",
    "WeChat lists this authorization without a refresh token: its code was never exchanged in time; the "
    "merchant must authorize again": (
        "微信列出了这个授权，但没有 refresh_token：授权码没有及时换取；请商家重新授权"
    ),
    "WeChat does not list this authorization any more; if it answers all the same, it is taken up again by "
    "itself, otherwise the merchant must authorize again": (
        "微信已不再列出这个授权；若它仍能应答会自动恢复，否则请商家重新授权"
    ),
    # -- authorize-link
    "REACTOR_PUBLIC_URL is not set; WeChat opens an authorization only from the domain registered as "
    "授权发起页域名 and sends the merchant back there: set it to https://<that domain>.": (
        "未设置 REACTOR_PUBLIC_URL；微信只允许从登记的授权发起页域名发起授权，"
        "并会带商家回到那里：请设为 https://<该域名>。"
    ),
    "page": "授权页",
    "on a computer": "电脑用",
    "in WeChat on a phone": "手机微信用",
    "good until": "有效期至",
    "there is no link yet: {reason}; the page shows it once there is one": (
        "还没有链接：{reason}；有了之后授权页会显示"
    ),
    "no worker has made it": "还没有 worker 处理",
    "Send the page to the merchant. The links live for minutes, and WeChat opens them only when they are "
    "clicked on a page of the domain registered as 授权发起页域名.": (
        "请把授权页发给商家。链接只有几分钟有效，而且只有在授权发起页域名的页面上点击，微信才会打开。"
    ),
    # -- authorizers sync
    "authorizers": "授权方",
    "WeChat lists {total}; {new} are new here, {asked} were asked about": (
        "微信列出 {total} 个；新收入 {new} 个，查询了 {asked} 个"
    ),
    "{count} official accounts, which have no versions and are left alone": (
        "{count} 个公众号，没有版本，不作处理"
    ),
    "{count} without permission set 18: nothing of theirs can be released": (
        "{count} 个未授予权限集 18，无法发布"
    ),
    "{count} listed without a refresh token: they must authorize again": (
        "{count} 个没有 refresh_token，须重新授权"
    ),
    "{count} of whom WeChat told nothing: the log says why, and the next run asks again": (
        "{count} 个查询未果：原因见日志，下次运行会再查"
    ),
    "{count} known here but not listed any more: they must authorize again": (
        "{count} 个微信已不再列出，须重新授权"
    ),
    "stopped after {done} of {total}: {why}; nothing is lost, run it again and it goes on from there": (
        "已处理 {done}/{total} 后停止：{why}；没有丢失任何内容，再运行一次即可继续"
    ),
    "another takeover is under way": "另一个接管正在进行",
    "you stopped it": "由你中止",
    # -- the acceptance test
    "component_verify_ticket": "component_verify_ticket",
    "{text} to an official account": "向公众号发送 {text}",
    "QUERY_AUTH_CODE to a test {kind}": "向测试{kind}发送 QUERY_AUTH_CODE",
    "official account": "公众号",
    "mini program": "小程序",
    "the customer-service message came after {seconds} s": "{seconds} 秒后收到客服消息",
    "no such customer-service message within {seconds} s": "{seconds} 秒内没有收到对应的客服消息",
    "neither empty nor success: {answer}": "既非空串也非 success：{answer}",
    "no encrypted reply: {answer}": "没有加密回复：{answer}",
    "wrong in the reply: {names}": "回复中有误：{names}",
    "passed": "通过",
    "not passed": "未通过",
    # -- help
    "Invite a merchant: a page with the authorization links, which also shows what came of it.": (
        "邀请商家：生成带授权链接的页面，结果也显示在那里。"
    ),
    "How long the page is good, in days.": "页面有效的天数。",
    "Which accounts the merchant may choose from.": "商家可选的账号类型。",
    "Take over every merchant that WeChat lists; safe to stop and to repeat.": (
        "接管微信列出的全部商家；可以中止，也可以重复运行。"
    ),
    "Push an event as WeChat does, signed and encrypted with this environment's values.\n\n"
    "`exam` is the whole acceptance test of 全网发布; it needs --simulator.": (
        "像微信一样推送一个事件，用本环境的值签名和加密。\n\n`exam` 是整套全网发布检测，需要 --simulator。"
    ),
}
