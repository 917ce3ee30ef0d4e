"""What messages say."""

CHINESE = {
    "✅ {what} is live": "✅ {what} 已上线",
    "❌ {what} was rejected": "❌ {what} 审核不通过",
    "⏳ {what}: the audit takes longer than usual": "⏳ {what} 审核延后",
    "⏸ {what} is approved and waits for a person": "⏸ {what} 审核通过，等待人工确认",
    "⏸ {what} still waits for a person": "⏸ {what} 仍在等待人工确认",
    "for {time}": "已等 {time}",
    "to decide: `reactor releases approve {id}`, or `cancel {id}`": (
        "发布请执行 `reactor releases approve {id}`，取消请用 `cancel {id}`"
    ),
    "⏸ {count} versions still wait for a person: `reactor releases ls --state held`": (
        "⏸ {count} 个版本仍在等待人工确认：`reactor releases ls --state held`"
    ),
    "⌛ {what} was not released, nobody decided in time": "⌛ {what} 未发布：到期无人确认",
    "⌛ {count} versions were not released, nobody decided in time": "⌛ {count} 个版本未发布：到期无人确认",
    "⚠️ {what} was not released, a person must look": "⚠️ {what} 发布失败，需要人工处理",
    "🚫 All calls to WeChat are stopped": "🚫 已停止调用微信接口",
    "✅ Calls to WeChat flow again": "✅ 微信接口调用已恢复",
    "🔑 {what} needs its merchant to authorize again": "🔑 {what} 需要商家重新授权",
    "🔑 No ticket from WeChat for {age}": "🔑 微信票据已 {age}未更新",
    "🔑 No ticket from WeChat has come yet": "🔑 还没有收到过微信票据",
    "✅ The ticket from WeChat is back": "✅ 微信票据已恢复推送",
    "↩️ {what} was rolled back": "↩️ {what} 已回退",
    "⚠️ {what} could not be rolled back, a person must look": "⚠️ {what} 回退失败，需要人工处理",
    "↩️ {count} versions were rolled back": "↩️ {count} 个版本已回退",
    "⚠️ {count} versions could not be rolled back, a person must look": (
        "⚠️ {count} 个版本回退失败，需要人工处理"
    ),
    "✅ {count} versions are live": "✅ {count} 个版本已上线",
    "❌ {count} audits ended in a rejection": "❌ {count} 个版本审核不通过",
    "⏳ {count} audits take longer than usual": "⏳ {count} 个版本审核延后",
    "⏸ {count} approved versions wait for a person": "⏸ {count} 个版本审核通过，等待人工确认",
    "⚠️ {count} versions were not released, a person must look": "⚠️ {count} 个版本发布失败，需要人工处理",
    "🔑 {count} mini programs need their merchants to authorize again": "🔑 {count} 个小程序需要商家重新授权",
    "🚫 Calls to WeChat were stopped {count} times": "🚫 微信接口调用停止了 {count} 次",
    "✅ Calls to WeChat resumed {count} times": "✅ 微信接口调用恢复了 {count} 次",
    "🔑 The ticket from WeChat stayed away {count} times": "🔑 微信票据中断了 {count} 次",
    "✅ The ticket from WeChat came back {count} times": "✅ 微信票据恢复了 {count} 次",
    "audit {time}": "审核 {time}",
    "live {time} after the approval": "通过后 {time}上线",
    "reason: {reason}": "原因：{reason}",
    "nothing is lost, it goes on by itself once that is mended": "不会丢失，修好后自动继续",
    "one is due every 10 minutes; check the 授权事件接收URL": "应每 10 分钟一次，请检查授权事件接收URL",
    "in {left} nothing can be released any more": "再过 {left}将无法发布",
    "nothing can be released now": "现在无法发布",
    "and {count} more": "另有 {count} 个",
    "🔔 A test of reactor: messages arrive here": "🔔 reactor 测试消息：这里能收到通知",
    "REACTOR_NOTIFY is not set: nobody is told; write one or more channels into it": (
        "REACTOR_NOTIFY 未设置：不会通知任何人；请填写一个或多个通知渠道"
    ),
    "created": "时间",
    "channel": "渠道",
    "tries": "次数",
    "how it stands": "状态",
    "text": "内容",
    "sent": "已发送",
    "waits": "等待发送",
    "tried again: {reason}": "将重试：{reason}",
    "given up: {reason}": "已放弃：{reason}",
    "✓ {channel}: delivered": "✓ {channel}：已送达",
    "✗ {channel}: {reason}": "✗ {channel}：{reason}",
    "no usable answer: {why}": "没有有效应答：{why}",
    "no connection: {why}": "无法连接：{why}",
    "its host name could not be resolved": "域名无法解析",
    "nothing came in time": "超时",
    "no TLS there": "对方不支持 TLS",
    "the certificate is not good ({why})": "证书无效（{why}）",
    "the answer was HTTP {status}": "应答为 HTTP {status}",
    "the answer was HTTP {status}: the channel is gone": "应答为 HTTP {status}：渠道已失效",
    "the answer is not the bot's": "应答不是机器人给出的",
    "the bot answered {said}": "机器人返回 {said}",
    "its host leads to an address that is not public; webhooks go to public addresses only": (
        "域名指向非公网地址；webhook 只能发往公网地址"
    ),
    "the mail server refused {what} with {code}": "邮件服务器拒绝了 {what}（{code}）",
    "the mail server did not do it: {why}": "邮件服务器未能完成：{why}",
    "the mail server's name, user or password has letters that SMTP cannot carry; use plain ones": (
        "邮件服务器的名称、用户名或密码含有 SMTP 无法传送的字符，请只用普通字符"
    ),
    "no mail server there: {why}": "连接不到邮件服务器：{why}",
    "the mail server offers no TLS; use one that does, or smtps://": (
        "邮件服务器不支持 TLS；请换用支持的服务器，或使用 smtps://"
    ),
    "Apprise is not installed; install wechat-release-reactor[apprise]": (
        "未安装 Apprise；请安装 wechat-release-reactor[apprise]"
    ),
    "Apprise does not know this kind of URL, or not in this form": "Apprise 不认识这种 URL 或其写法",
    "Apprise did not deliver it": "Apprise 未能送达",
    "its channel is not among those of REACTOR_NOTIFY any more": "该渠道已不在 REACTOR_NOTIFY 中",
    "its far end said that it is gone; remove it from REACTOR_NOTIFY, or mend it and restart": (
        "对方表示渠道已失效；请从 REACTOR_NOTIFY 中移除，或修复后重启"
    ),
    "every try ended without a word; see the log": "每次尝试都没有结果；请查看日志",
}
