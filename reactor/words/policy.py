"""The policy: what is wrong with its file, why something waits or goes, and what the commands say of it."""

# What may be wrong with a key or a table; the sentence begins with where it stands.
_ODD = {
    "not known; {table} has {known}": "没有这一项；{table} 里可以有 {known}",
    "must be one of {known}": "必须是 {known} 之一",
    "is missing; must be one of {known}": "没有写；必须是 {known} 之一",
    "must be a whole number from {least} to {most}": "必须是 {least} 到 {most} 的整数",
    "must be a number from {least} to {most}": "必须是 {least} 到 {most} 的数",
    "must be a text": "必须是文字，不能为空",
    "must be a list of texts, with at least one": "必须是文字的列表，至少一项",
    "must be a list of tables, with at least one": "必须是小节的列表，至少一项",
    "an appid is wx and 16 lower-case hex digits": "AppID 是 wx 加 16 位小写十六进制",
    "is missing; name who is in the list": "没有写；请写出名单里有谁",
    "is missing; a freeze has a beginning and an end": "没有写；封网有开始和结束",
    "is missing": "没有写",
    "there is no [{group}]; it may be an empty table": "没有 [{group}] 这一节；可以是空的",
    "there is no [{group}]": "没有 [{group}] 这一节",
    "is neither an appid nor a list, tag or pattern of this file, as in lists.vip": (
        "不是 AppID，也不是本文件里的名单、标签或模式（如 lists.vip）"
    ),
    "names nobody; it needs nick_name, user_name, authorizer_appid, or one of them": (
        "没有指明任何小程序；要有 nick_name、user_name、authorizer_appid 中的一项或几项"
    ),
    "means every version; it needs user_version or user_desc": (
        "会对每个版本生效；要有 user_version 或 user_desc"
    ),
    "needs either first, or authorizers, lists, tags or patterns": (
        "要么写 first，要么写 authorizers、lists、tags 或 patterns"
    ),
    "another ring has this name": "另一个批次已用这个名字",
    "must be the name of a time zone, as in Asia/Shanghai": "必须是时区名，如 Asia/Shanghai",
    "says nothing without windows beside it": "旁边没有 windows，不起作用",
    "must be as in Mon-Fri 09:00-18:00, or Sat,Sun 22:00-02:00": (
        "要写成 Mon-Fri 09:00-18:00 或 Sat,Sun 22:00-02:00 的样子"
    ),
    "begins and ends at the same time; the whole day is 00:00-24:00": ("起止时刻相同；整天请写 00:00-24:00"),
    "must be a date and a time without quotes, as in 2026-10-01T00:00:00": (
        "必须是不带引号的日期加时间，如 2026-10-01T00:00:00"
    ),
    "is too far away": "离现在太远",
    "must be later than from": "必须晚于 from",
    "must be more than that of the step before it": "必须比前一步大",
}
# Where a sentence has two parts, they are known only together with what stands before them.
_WHOLE = {f"{{what}}: {odd}": f"{{what}}：{zh}" for odd, zh in _ODD.items() if "; " in odd}
_PARTS = {odd: zh for odd, zh in _ODD.items() if "; " not in odd}
CHINESE = {
    **_PARTS,
    **_WHOLE,
    "{path}: the file cannot be read ({why}); name one in REACTOR_POLICY that this user may read": (
        "{path}：文件读不了（{why}）；请在 REACTOR_POLICY 里写一个本用户可读的文件"
    ),
    "{path}: the policy file is not valid TOML: {why}": "{path}：策略文件不是合法的 TOML：{why}",
    "line {number}": "第 {number} 行",
    "line {number}: {problem}": "第 {number} 行：{problem}",
    "[{name}] is not known; a policy has {known}": "没有 [{name}] 这一节；策略文件有 {known}",
    "{kind} must be tables, one [{table}] each": "{kind} 必须分节来写，每个一节 [{table}]",
    "{kind} must be written as [[{table}]], once for each": "{kind} 必须写成 [[{table}]]，每个一节",
    "{table} must be a table": "{table} 必须是一节",
    # -- the commands
    "Hold back": "策略控制",
    "Ask the policy file what it would do, and whether it can be followed.": (
        "查询策略文件会怎样处理，以及它是否正确。"
    ),
    "Say every problem of the policy file with its line; FILE is the one of REACTOR_POLICY if not given.": (
        "逐行说出策略文件的问题；不写 FILE 时检查 REACTOR_POLICY 所指的文件。"
    ),
    "Say every problem of the policy file with its line; FILE is the one of REACTOR_POLICY if not given."
    "\n\nExit codes: 0 it can be followed, 1 it cannot, 2 wrong usage.": (
        "逐行说出策略文件的问题；不写 FILE 时检查 REACTOR_POLICY 所指的文件。"
        "\n\n退出码：0 正确，1 有误，2 用法有误。"
    ),
    "Say what would happen if a version of AUTHORIZER were approved now, and why.": (
        "说明 AUTHORIZER 的版本若现在审核通过会怎样，以及为什么。"
    ),
    "Say what would happen if a version of AUTHORIZER were approved now, and why."
    "\n\nNothing need be running. Where there is a database, its name and pauses are looked up in it.": (
        "说明 AUTHORIZER 的版本若现在审核通过会怎样，以及为什么。"
        "\n\n无需有进程在运行。有数据库时会查小程序的名称和暂停状态。"
    ),
    "Its user_version.": "版本的 user_version。",
    "Its user_desc, what the submitter wrote.": "版本的 user_desc，即提交者写的说明。",
    "When it is approved.": "审核通过的时间。",
    "Another policy file, to try it out.": "另一个策略文件，用来试算。",
    "must be as in 2026-12-24T10:00+08:00": "要写成 2026-12-24T10:00+08:00 的样子",
    "{file} can be followed: {authorizers} authorizers, {groups} lists, tags and patterns, "
    "{versions} version rules, {freezes} freezes, {rings} rings": (
        "{file} 正确：{authorizers} 个小程序，{groups} 个名单、标签和模式，{versions} 条版本规则，"
        "{freezes} 个封网期，{rings} 个批次"
    ),
    "stage of its wave: {ring}": "分批发布中的批次：{ring}",
    "the rest": "其余",
    "no database was asked: names and pauses are not known": "没有查数据库：不知道名称和暂停状态",
    "It would wait for a person to approve it.": "会等待人工确认。",
    "It would be looked at, and what would be done be said; nothing is released.": (
        "会查询并记录本应怎么做；不会发布。"
    ),
    "It would be left alone.": "不做任何处理。",
    "It would wait until somebody resumes.": "会等到有人恢复。",
    "It would wait until {until}.": "会等到 {until}。",
    "It would go to more and more of its users at once: {steps}, all.": "会立即开始灰度发布：{steps}，全量。",
    "It would be released at once.": "会立即发布。",
    "everything is paused by an operator; `reactor resume` lets it go on": (
        "全部发布已由操作员暂停；`reactor resume` 恢复"
    ),
    "all calls to WeChat are stopped: {reason}": "已停止调用微信接口：{reason}",
    "the workers still follow the last good policy: {problem}": "worker 仍按上一份正确的策略执行：{problem}",
    "the merchant must authorize the platform again": "请商家重新授权",
    "permission set 18 is not granted; the merchant must authorize again with it": (
        "没有授予权限集 18；请商家勾选后重新授权"
    ),
    # -- a file that cannot be followed
    "`reactor policy check` tells the rest": "其余的请看 `reactor policy check`",
    "The policy file cannot be followed": "策略文件有误，未被采用",
    "The last good one stays in force. `reactor policy check` says what is wrong, line by line.": (
        "仍按上一份正确的策略执行。`reactor policy check` 逐行说明哪里有误。"
    ),
    "policy": "策略文件",
    "the policy file is followed": "正按策略文件执行",
    "the last good policy stays in force: {problem}": "仍按上一份正确的策略执行：{problem}",
    "mend the file, and try it with `reactor policy check`; it is taken up without a restart": (
        "请改好文件，并用 `reactor policy check` 检查；改好后自动生效，无需重启"
    ),
    "📄 The policy file cannot be followed, the last good one stays in force": (
        "📄 策略文件有误，仍按上一份正确的执行"
    ),
    "✅ The policy file is followed again": "✅ 策略文件已恢复正常",
    "📄 The policy file could not be followed {count} times": "📄 策略文件 {count} 次有误",
    "✅ The policy file was mended {count} times": "✅ 策略文件 {count} 次恢复正常",
    # -- what decides, and why
    "released by itself": "自动发布",
    "released by itself ({reason})": "自动发布（{reason}）",
    "released by itself, step by step to more of its users": "自动分阶段（灰度）发布",
    "released by itself, step by step to more of its users ({reason})": "自动分阶段（灰度）发布（{reason}）",
    "a push names no version; until WeChat is asked for it: {reason}": (
        "推送不带版本号；向微信查询之前：{reason}"
    ),
    "whoever submitted it asked for that": "提交者要求先确认",  # the reason in config/policy.toml
    "the policy holds it until a person approves ({reason})": "按策略等待人工确认（{reason}）",
    "the policy only observes: nothing is done": "策略为仅记录：不做任何操作",
    "the policy only observes: nothing is done ({reason})": "策略为仅记录：不做任何操作（{reason}）",
    "the policy leaves it alone: nothing is done": "策略为不处理：不做任何操作",
    "the policy leaves it alone: nothing is done ({reason})": "策略为不处理：不做任何操作（{reason}）",
    "approved by a person ({who})": "已由人工确认（{who}）",
    "frozen until {until}: {reason}": "封网至 {until}：{reason}",
    "outside of the release windows ({windows})": "不在发布时段内（{windows}）",
    "mode {mode} is overruled by {rule}": "“{mode}”被 {rule} 取代",
}
