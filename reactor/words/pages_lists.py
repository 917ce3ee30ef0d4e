"""The words of the lists and of what they lead to: releases, authorizers, events."""

CHINESE = {
    # lists
    "All": "全部",
    "All of them": "查看全部",
    "Today": "今天",
    "7 days": "近 7 天",
    "30 days": "近 30 天",
    "From day": "起始日期",
    "To day": "截止日期",
    "Filter": "筛选",
    "Search": "搜索",
    "Filter by state": "按状态筛选",
    "Filter by kind": "按类型筛选",
    "Appid of the mini program": "小程序 appid",
    "Appid, user_name, or how the name begins": "appid、原始 ID 或名称开头",
    "Nothing matches these filters": "没有符合条件的记录",
    "Clear the filters": "清除筛选",
    "Download as CSV": "下载 CSV",
    "The filter {name} is not known here.": "没有 {name} 这个筛选条件。",
    "The filter {name} can be given once only.": "筛选条件 {name} 只能给一次。",
    "The filter {name} takes one of these: {values}.": "筛选条件 {name} 只能是：{values}。",
    "An appid is wx and 16 lower-case hex digits.": "appid 应为 wx 加 16 位小写十六进制字符。",
    "What is searched for is too long, or no text.": "搜索内容过长，或不是文字。",
    "The place in the list is not one that this list gave.": "翻页位置无效。",
    "A day is written like 2026-01-31.": "日期请写成 2026-01-31 的形式。",
    "Kind": "类型",
    "Reason": "原因",
    "Event": "事件",
    "Release": "发布",
    # one release
    "There is no such release.": "没有这个发布任务。",
    "version not known yet": "版本尚未知",
    "Audit id": "审核单号",
    "Audit took": "审核用时",
    "Turns": "轮次",
    "Policy": "发布策略",
    "Released by itself": "自动发布",
    "Released by itself, {span} later": "{span}后自动发布",
    "A person decides": "人工确认后发布",
    "Only observed": "仅记录，不发布",
    "Left alone": "不处理",
    "Released by itself, step by step": "自动灰度发布",
    "WeChat's page": "微信官方说明",
    "Try again now": "立即重试",
    "Approve the release…": "确认发布…",
    "Cancel it…": "取消发布…",
    "Release version {version} of {name}?": "发布「{name}」的版本 {version}？",
    "Cancel the release of version {version} of {name}?": "取消发布「{name}」的版本 {version}？",
    "It goes live for all users as soon as WeChat confirms the approval.": (
        "系统会先向微信核对审核状态，核对无误后立即对所有用户上线。"
    ),
    (
        "The approved version stays with WeChat, but it is not released from here any more, "
        "and the sweep does not open it again."
    ): "审核通过的版本仍保留在微信，但本系统不会再发布它，定期查询也不会重新建立任务。",
    "Yes, release it": "确认发布",
    "Yes, cancel it": "确认取消",
    "No, go back": "返回，不做改动",
    "Back to the release": "返回发布详情",
    "What happened": "经过",
    "Earlier steps": "更早的步骤",
    "Latest steps": "最近的步骤",
    "Decrypted push": "解密后的推送",
    "Request and answer": "请求与应答",
    "The whole event": "查看完整事件",
    "Sent": "发出",
    "Received": "收到",
    # authorizers
    "No mini program of this appid is known here.": "这里没有这个 appid 的小程序。",
    "Permission set 18": "权限集 18",
    "Permission set 18 missing": "缺少权限集 18",
    "Permission set 18 is missing.": "缺少权限集 18。",
    (
        "WeChat refuses release, audit and version calls without it. "
        "The merchant must authorize again and tick 小程序开发与数据分析."
    ): "没有它，微信会拒绝发布、审核和版本查询。请商家重新授权，并勾选「小程序开发与数据分析」。",
    "All permission sets": "全部权限集",
    "granted": "已授予",
    "not known yet": "尚未知",
    "Live version": "线上版本",
    "Latest audit": "最近一次审核",
    "Last release": "最近一次发布",
    "Last asked about it": "上次查询",
    "There are more: write more of the name.": "还有更多结果，请把名称写得更完整。",
    "This mini program has not authorized the platform, as far as is known here.": (
        "就本系统所知，这个小程序没有授权给本平台。"
    ),
    "Appid": "appid",
    "Tokens": "授权凭证",
    "in order": "正常",
    "soon": "即将完成",
    "broken": "失效",
    "Renewed from": "开始更新的时间",
    "Authorization last changed": "授权最近变更",
    "WeChat does not take its refresh token any more: the merchant must authorize again.": (
        "微信已不再接受它的 refresh_token：请商家重新授权。"
    ),
    "The merchant authorized; the code is about to be exchanged for tokens.": (
        "商家已授权，正在用授权码换取凭证。"
    ),
    "There is no refresh token: the merchant must authorize.": "没有 refresh_token：请商家授权。",
    "The refresh token is there; an access token is fetched when it is needed.": (
        "refresh_token 已保存，需要时会获取 access_token。"
    ),
    "The access token ran out; the next call fetches another one by itself.": (
        "access_token 已过期，下次调用时会自动更新。"
    ),
    "The access token is good for another {span} and is renewed by itself.": (
        "access_token 还有 {span} 有效，到期前自动更新。"
    ),
    # events
    "There is no such event.": "没有这个事件。",
    "No push yet": "还没有推送",
    "WeChat has pushed nothing yet": "还没有收到微信的推送",
    "Are the callback URLs entered in its console?": "回调地址在开放平台填好了吗？",
    "Show the callback URLs": "查看回调地址",
    "Verdict": "处理结果",
    "Times": "次数",
    "late": "迟到",
    "Late": "迟到",
    "Came": "收到次数",
    "once": "一次",
    "{times} times; once counts": "{times} 次，只算一次",
    "Made by WeChat": "微信生成时间",
    "it opened none": "没有建立发布任务",
    "It was signed more than five minutes before it came: WeChat tried again, or a clock is wrong.": (
        "收到时距签名已超过五分钟：是微信重试，或时钟不准。"
    ),
    "Codes and tickets are masked.": "授权码和票据已遮盖。",
    "Its text was not kept.": "没有保存原文。",
    "Rehearse it": "重放演练",
    "Rehearse one:": "演练一次：",
    (
        "This pushes one like it to the reactor of this environment; "
        "add --simulator to have a simulator agree first."
    ): "这条命令会向当前环境的系统推送一个同类事件；加上 --simulator 可让模拟器先行配合。",
    "Refused pushes": "被拒绝的推送",
    "They could not be verified, so nothing of them is kept but their number.": (
        "它们没有通过验证，所以只记数量，不留内容。"
    ),
    "None was counted.": "没有记录到。",
    "Pushes that ask for nothing here": "无需处理的推送",
    "Acknowledged and counted, not kept one by one.": "已应答并计数，不逐条保存。",
    "The address has not the form of WeChat's: somebody else, or a proxy that changes it.": (
        "请求地址不是微信的格式：来自他人，或被代理改动。"
    ),
    "The body is not the sealed XML of WeChat: plain mode is set, or somebody else asked.": (
        "请求体不是微信的加密 XML：可能设成了明文模式，或来自他人。"
    ),
    "The sealed text is damaged.": "密文已损坏。",
    "The signature is wrong: the message token (消息校验Token) differs, or it is forged.": (
        "签名不对：消息校验Token 不一致，或是伪造的推送。"
    ),
    "It cannot be decrypted: the message key (消息加解密Key) differs.": "无法解密：消息加解密Key 不一致。",
    "It was decrypted to something that is no message: the message key differs.": (
        "解密后不是消息：消息加解密Key 不一致。"
    ),
    "It is meant for another component.": "是发给另一个第三方平台的。",
    "Invite a merchant": "邀请商家授权",
    "An invitation": "授权邀请",
    "Make an invitation": "生成邀请",
    "What the merchant may choose": "商家可选择的账号类型",
    "a mini program": "小程序",
    "an official account": "公众号",
    "either of them": "两者皆可",
    "This makes an address to send to the merchant. It opens a page with WeChat's authorization, on a "
    "computer or in WeChat on a phone, and shows what came of it. It is good for {days} days and for one "
    "merchant.": (
        "生成一个发给商家的网址，打开后可在电脑上扫码或在手机微信内完成授权，并显示结果。"
        "有效期 {days} 天，仅限一位商家使用。"
    ),
    "Send this address to the merchant. It is shown only now, for it is kept nowhere.": (
        "请把这个网址发给商家。它只在此刻显示一次，系统不保存。"
    ),
    "Good until": "有效期至",
    "Open it": "打开",
    "Back to the authorizers": "返回小程序列表",
    "There is no such kind of account.": "没有这种账号类型。",
    "Once one has, its approved versions go live by themselves. Merchants who authorized before are taken "
    "over by `reactor authorizers sync`.": (
        "授权后，审核通过的版本会自动上线。之前已授权的商家可用 `reactor authorizers sync` 一次接入。"
    ),
}
