"""Gray releases and the way back, as the engine tells of them: their Chinese twins."""

CHINESE = {
    # -- gray releases
    "gray release at {percentage} %, the next step ({next} %) at {at}": (
        "灰度发布已到 {percentage} %，下一步（{next} %）在 {at}"
    ),
    "gray release at {percentage} %, all users at {at}": "灰度发布已到 {percentage} %，{at} 全量发布",
    "the gray release ({percentage} %) was paused at WeChat; let it run again there, then approve": (
        "灰度发布（{percentage} %）在微信侧被暂停；请先在微信恢复灰度，再确认"
    ),
    "the gray release is at {percentage} %, but {asked} % was asked for from here; "
    "somebody else changed it: approve to go on from there, or cancel": (
        "灰度比例是 {percentage} %，而这里要求的是 {asked} %，有人改过；确认则从现有比例继续，也可取消"
    ),
    "the gray release ({percentage} %) is not under way any more and was not ended from here; look at "
    "WeChat, then approve to go on, or cancel": (
        "灰度发布（{percentage} %）已不在进行，且不是在这里结束的；请先在微信查看，再确认继续或取消"
    ),
    "{what}; the gray release stays at {percentage} %": "{what}；灰度停在 {percentage} %",
    "WeChat accepted the gray release but does not show it yet": "微信已接受灰度发布，但灰度计划里还没有显示",
    # -- rollbacks
    "WeChat brings back the version before {version}. This one is not released again from here. Go on?": (
        "微信将把 {version} 回退到上一版，这里不会再发布 {version}。继续吗？"
    ),
    "nothing was changed": "没有任何改动",
    "waiting for the rollback": "等待回退",
    "no worker has done it yet; one does as soon as it runs, and `reactor releases show {number}` tells what "
    "came of it": "还没有 worker 执行；worker 运行后会执行，结果请看 `reactor releases show {number}`",
    "a rollback was asked for by {actor}": "{actor} 要求回退",
    "rolled back by {actor}; version {version} is live again": (
        "由 {actor} 回退；线上已恢复为版本 {version}"
    ),
    "the rollback failed: {reason}": "回退失败：{reason}",
    "WeChat does not say which version is live; nothing was rolled back": (
        "微信没有说明线上是哪个版本；没有回退任何东西"
    ),
    "WeChat shows version {version} live, and not this one; nothing was rolled back": (
        "微信显示线上是版本 {version}，不是这一版；没有回退任何东西"
    ),
    "a gray release is under way ({percentage} %); nothing was rolled back: "
    "end the gray release, then ask again": (
        "灰度发布进行中（{percentage} %）；没有回退任何东西：请先结束灰度，再要求回退"
    ),
    "WeChat accepted the rollback": "微信已接受回退",
    "it was called before": "此前已调用过",
    "{told}; WeChat still shows version {version} live; nothing is called a second time "
    "unless a person asks again": ("{told}；微信仍显示版本 {version} 在线；除非有人再次要求，否则不会再调用"),
    "a release of this mini program is under way; the rollback waits for it": (
        "该小程序正在发布；回退等它结束"
    ),
    "a rollback of this mini program is under way; this goes on after it": (
        "该小程序正在回退；回退结束后继续"
    ),
    "this version was rolled back; it is not released again from here": "这一版已被回退；这里不会再发布它",
    "a later version went live since; nothing was changed": "此后有更新的版本上线；没有任何改动",
}
