"""What the pages say of the policy: what would happen and why, pauses, gray releases, rollbacks, waves."""

CHINESE = {
    # -- what would happen
    "If a version were approved": "如果有版本过审",
    "Description": "说明",
    "At, empty for now": "时间（空为现在）",
    "What would happen?": "会怎样？",
    "this decides": "由此决定",
    "Pause": "暂停",
    "Rule": "规则",
    "A moment is written like 2026-01-31T10:00.": "时间要写成 2026-01-31T10:00 的样子。",
    # -- pauses
    "Nothing of this mini program is released until somebody resumes it. Pushes are recorded as ever.": (
        "恢复之前，这个小程序不会发布任何版本；推送照常记录。"
    ),
    "Pause this mini program": "暂停这个小程序",
    # -- one release
    "Hold it back": "先扣下",
    "Roll back…": "回退…",
    "Roll back version {version} of {name}?": "回退 {name} 的版本 {version}？",
    "WeChat puts the version before it live again, for all users at once. This version is not released "
    "from here again.": ("微信会立即为所有用户恢复上一个版本。本系统不会再发布当前这个版本。"),
    "That is neither the name of the mini program nor the version. Nothing was changed.": (
        "既不是小程序的名称，也不是版本号。没有任何改动。"
    ),
    "To be sure, type the mini program's name or the version: {name} or {version}": (
        "请输入小程序名称或版本号以确认：{name} 或 {version}"
    ),
    "Yes, roll it back": "确定回退",
    "Ring": "批次",
    "the rest": "其余",
    "Gray release": "灰度发布",
    "Share of its users, step by step": "各阶段的用户比例",
    "reached": "已到达",
    # -- waves
    "Waves": "批次发布",
    "Live": "已上线",
    "Failed": "失败",
    "Waiting or under way": "等待或进行中",
    "Waiting": "等待中",
    "Ended": "已结束",
    "wave open": "进行中",
    "wave stopped": "已停止",
    "wave done": "已完成",
    "wave cancelled": "已取消",
    "its turn": "轮到它",
    "gone through": "已通过",
    "not yet": "未轮到",
    "Stop it": "停止",
    "Let it go on": "继续",
    "Open the next ring now": "立即放行下一批",
    "End it…": "终止…",
    "Yes, end it": "确定终止",
    "End the wave of version {version}?": "终止版本 {version} 的批次发布？",
    "All its releases that still wait are cancelled. What is live stays live.": (
        "其中还在等待的发布都会取消；已上线的不受影响。"
    ),
    "To be sure, type the version: {version}": "请输入版本号以确认：{version}",
    "That is not the version. Nothing was changed.": "版本号不对。没有任何改动。",
    "There is no wave of this version.": "这个版本没有批次发布。",
    "The version is missing.": "没有给出版本号。",
    "No version is on its way through the rings": "没有版本在分批发布",
    "Once one is approved, it goes to the first ring, and to the next when that is healthy.": (
        "有版本过审后，先发布第一批；这一批健康了，再发布下一批。"
    ),
    "Rings of the policy": "策略中的批次",
    "the first {count}": "最先的 {count} 个",
    "healthy for {span}": "健康 {span}",
    "at most {count} may fail": "最多允许 {count} 个失败",
}
