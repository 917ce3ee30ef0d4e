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
    "Permission set 18": "权限集 18",
    "granted": "已授予",
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
}
