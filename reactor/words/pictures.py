"""The words of the pictures."""

CHINESE = {
    "{count} s": "{count} 秒",
    "{count} min": "{count} 分",
    "{count} h": "{count} 小时",
    "{count} d": "{count} 天",
    "hours": "小时",
    "Mon": "周一",
    "Tue": "周二",
    "Wed": "周三",
    "Thu": "周四",
    "Fri": "周五",
    "Sat": "周六",
    "Sun": "周日",
    "now": "现在",
    "From approval to live": "审核通过到上线",
    "Nothing yet: no version went live by itself": "暂无数据：还没有版本自动上线",
    "oldest ← release by release → latest": "较早 ← 逐次发布 → 最近",
    "Of the latest {count} releases half were live within {half}, 95 % within {most}.": (
        "最近 {count} 次发布，一半在 {half}内上线，95% 在 {most}内上线。"
    ),
    "Waiting for the audit, by the hour of submission": "审核用时（按提审时间）",
    "Nothing yet: no audit ended that led to a release": "暂无数据：还没有审核通过并上线的版本",
    "Half of {count} audits ended within {median}.": "{count} 次审核，一半在 {median}内通过。",
    "Quickest: submitted on {weekday} after {hour}, typically {wait}.": (
        "最快：{weekday} {hour} 后提审，一般 {wait}。"
    ),
    "Releases of the last 30 days": "最近 30 天的发布",
    "Nothing yet: nothing was released in 30 days": "暂无数据：30 天内没有发布",
    "In 30 days {released} went live and {failed} came before a person.": (
        "30 天内上线 {released} 次，失败待处理 {failed} 次。"
    ),
    "went live": "已上线",
    "failed, before a person": "失败，需要处理",
    "Ticket pushes of the last 24 hours": "最近 24 小时的票据推送",
    "Nothing yet: no ticket came, see the callback URL": "暂无数据：还没收到票据，请检查回调地址",
    "{count} pushes in 24 hours, without a gap.": "24 小时内收到 {count} 次推送，没有中断。",
    "{count} pushes in 24 hours; gaps: {gaps}, the longest {longest}.": (
        "24 小时内收到 {count} 次推送，中断 {gaps} 次，最长 {longest}。"
    ),
    "red: more than 25 minutes without a push": "红色：超过 25 分钟没有推送",
}
