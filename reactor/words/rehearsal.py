"""What the demonstration says."""

CHINESE = {
    "a small WeChat listens on {url}": "小微信已在 {url} 监听",
    "the reactor is up on {url}: {count} web processes with workers, SQLite": (
        "reactor 已在 {url} 启动：{count} 个 web 进程，各带 worker，SQLite"
    ),
    "component_verify_ticket received": "收到 component_verify_ticket",
    "{shop} authorized ({appid})": "{shop} 已授权（{appid}）",
    "{version} approved; release is called, and its answer gets lost on the way": (
        "{version} 审核通过；已调用 release，答复在途中丢失"
    ),
    "{version} live; the same push came {count} times and made one release": (
        "{version} 已上线；同一推送来了 {count} 次，只发布一次"
    ),
    "{version}: WeChat is busy (-1); it looks before it tries again": (
        "{version}：微信系统繁忙（-1）；先查询，再重试"
    ),
    "{version} rejected by the audit: {reason}": "{version} 审核不通过：{reason}",
    "a forged push refused: an empty 403, nothing stored": "伪造的推送被拒绝：空的 403，什么都没有存",
    "{version}: no answer after {seconds} s; the next turn looks": (
        "{version}：{seconds} 秒没有答复；下一轮先查询"
    ),
    "{version} live, {seconds} s after the approval": "{version} 已上线，审核通过后 {seconds} 秒",
    "{version} found live by looking, without another call, {seconds} s after the approval": (
        "{version} 查询发现已上线，没有再次调用，审核通过后 {seconds} 秒"
    ),
    "All as told in {seconds} s: {count} approvals live with one effective release each, "
    "{rejected} rejection recorded, 1 forgery refused.": (
        "{seconds} 秒，一切如上：{count} 个审核通过的版本各发布一次并上线，"
        "记录 {rejected} 个审核不通过，拒绝 1 次伪造。"
    ),
    "stopped before its end; nothing is left behind": "提前停止；没有留下任何东西",
    "stopped; nothing is left behind": "已停止；没有留下任何东西",
    "A surprise after {seconds} s.": "{seconds} 秒时出现意外。",
    "expected: {what}": "本应：{what}",
    "seen:     {what}": "实际：{what}",
    "log:      {what}": "日志：{what}",
    "the story comes to its end": "演示到结尾",
    "it was told to stop": "被叫停",
    "the web process runs": "web 进程在运行",
    "it ended by itself with exit code {code}": "它自己结束了，退出码 {code}",
    "the web process is ready": "web 进程就绪",
    "the web process ends with exit code 0": "web 进程以退出码 0 结束",
    "no error in the web process's log": "web 进程的日志里没有错误",
    "not within {seconds} s; now {state}": "{seconds} 秒内没有；现在是 {state}",
    "the ticket is kept": "票据已保存",
    "WeChat releases it": "微信发布它",
    "WeChat says that it is busy": "微信答复繁忙",
    "the answer is given up": "不再等答复",
    "{what} goes live": "{what} 上线",
    "{what} is authorized": "{what} 已授权",
    "{what} is answered 200 success": "{what} 的答复是 200 success",
    "the ticket": "票据",
    "the rejection": "审核不通过的推送",
    "the approval of {what}": "{what} 审核通过的推送",
    "the authorization of {what}": "{what} 授权的推送",
    "GET {path} answers 200": "GET {path} 返回 200",
    "GET {path} is answered": "GET {path} 有答复",
    "one {kind} of {shop} is recorded": "{shop} 有一条 {kind} 记录",
    "a forged push gets an empty 403": "伪造的推送得到空的 403",
    "a forged push leaves no trace": "伪造的推送不留痕迹",
    "an event more than before": "比之前多了一条推送",
    "{times} deliveries of one event, one release": "同一推送收到 {times} 次，发布一次",
    "{times} deliveries, {count} releases": "收到 {times} 次，发布 {count} 次",
    "the reason {reason} is kept": "保存原因 {reason}",
    "{what} is on record": "{what} 有记录",
    "no such release": "没有这次发布",
    "time goes on": "时间前进",
    "calls that nobody asked for": "没有人要的调用",
    "calls that WeChat refused": "被微信拒绝的调用",
    "faults that did not happen": "没有发生的故障",
    "the state of {what}": "{what} 的状态",
    "the live version of {what}": "{what} 的线上版本",
    "effective releases of {what}": "{what} 生效的发布",
    "calls of release for {what}": "{what} 的 release 调用",
    "the recorded calls of release for {what}": "{what} 记录的 release 调用",
    # -- its table and what stays behind
    "mini program": "小程序",
    "approval → live": "通过 → 上线",
    "{seconds} s": "{seconds} 秒",
    "{count}, {some} of them release": "{count}，其中 release {some}",
    "It keeps running until Ctrl-C.": "继续运行，直到 Ctrl-C。",
    "Another approval, by hand:": "再来一次审核通过：",
}
