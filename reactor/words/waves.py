"""What is said of waves: why a release waits for its ring, why a wave stopped, and the commands about it."""

CHINESE = {
    # -- why one waits
    "waits for ring {ring}: at {at} {live} of {all} of it were live": (
        "等待批次 {ring}：截至 {at}，其 {all} 个中已上线 {live} 个"
    ),
    "{told}, healthy at {until} if nothing fails": "{told}，若无失败，{until} 起算健康",
    "the rings of the policy changed; it is looked at anew": "策略中的批次有改动；重新查询",
    "its version is not known, so that it belongs to no wave; a person must say whether it should be "
    "released": "不知道它的版本号，无法归入分批发布；是否发布请人工决定",
    "the wave of version {version} is stopped: {reason}": "版本 {version} 的批次发布已停止：{reason}",
    "an operator ended the wave of version {version}": "操作员已终止版本 {version} 的批次发布",
    # -- why it stopped
    "{bad} of {ring} failed, and at most {most} may": "{ring}有 {bad} 个失败，最多允许 {most} 个",
    "nothing of {ring} is live, and {bad} of it failed": "{ring}没有一个上线，{bad} 个失败",
    "ring {ring}": "批次 {ring} ",
    "the rest": "其余",
    "stopped by {actor}": "由 {actor} 停止",
    "ended by {actor}": "由 {actor} 终止",
    "the wave was ended by an operator and stays so; nothing was changed": (
        "此批次发布已由操作员终止，不能再改；没有任何改动"
    ),
    "all rings of the wave are open already; nothing was changed": "所有批次都已放行；没有任何改动",
    # -- messages and the overview
    "✋ A version goes no further through its rings, a person must look": (
        "✋ 有版本停止分批发布，需人工处理"
    ),
    "✋ {count} versions go no further through their rings, a person must look": (
        "✋ {count} 个版本停止分批发布，需人工处理"
    ),
    "Version {version} goes no further through its rings": "版本 {version} 停止分批发布",
    "What of it waits stays where it is until somebody lets it go on or ends it.": (
        "有人放行或终止之前，其中等待的发布都不动。"
    ),
    # -- commands
    "Show how far each version is in the rings of the policy; let it go on, stop it, end it.": (
        "查看各版本分批发布的进度；放行、停止或终止。"
    ),
    "List the waves opened last, newest first, with the counts of each ring.": (
        "列出最近的批次发布，新的在前，并给出每一批的数量。"
    ),
    "Let a stopped wave go on, forgiving what failed; of one that goes, open the next ring now.": (
        "放行已停止的批次发布，不再计较已有的失败；进行中的则立即放行下一批。"
    ),
    "Stop a wave at once: nothing more of it is called.": "立即停止一个批次发布：不再发布其中任何一个。",
    "End a wave: what of it waits is cancelled; what is live stays live.": (
        "终止一个批次发布：取消其中等待的；已上线的不受影响。"
    ),
    "no waves": "没有批次发布",
    "there is no wave of version {version}": "版本 {version} 没有批次发布",
    "version {version}: {state}": "版本 {version}：{state}",
    "wave open": "进行中",
    "wave stopped": "已停止",
    "wave done": "已完成",
    "wave cancelled": "已取消",
    "its turn": "轮到它",
    "gone through": "已通过",
    "not yet": "未轮到",
    "Ring": "批次",
    "Live": "已上线",
    "Waiting": "等待中",
    "Failed": "失败",
    "Ended": "已结束",
    "last live": "最近上线",
}
