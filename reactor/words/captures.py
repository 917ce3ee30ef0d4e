"""What `reactor decrypt` says of a captured push."""

CHINESE = {
    "The decrypted message:": "解密后的内容：",
    # -- names of the steps
    "query": "查询串",
    "body": "请求体",
    "Encrypt": "Encrypt",
    "signature": "签名",
    "AES key": "AES 密钥",
    "length": "长度",
    "recipient": "接收者",
    "event": "事件",
    "path": "路径",
    "answer": "答复",
    # -- query and body
    "all four parameters have their form": "四个参数的形式都对",
    "&amp; stands where & should": "该是 & 的地方写成了 &amp;",
    "it was copied out of HTML; copy the URL itself": "是从 HTML 里复制的；请复制网址本身",
    "it is none that WeChat writes": "不是微信写的查询串",
    "another sender, or a slip in copying": "发送者不是微信，或复制有误",
    "{parameter} is there twice": "{parameter} 出现了两次",
    "something on the way added it": "途中有程序加了一个",
    "{parameter} is missing": "缺少 {parameter}",
    "the console is set to plain text (明文模式): choose 安全模式": "开放平台设成了明文模式：请改为安全模式",
    "the query was cut off, or a proxy dropped it; WeChat always sends it": (
        "查询串被截断，或被代理丢掉；微信一定会带它"
    ),
    "{parameter} is not {form}": "{parameter} 应为{form}",
    "10 digits": " 10 位数字",
    "1 to 32 letters or digits": " 1 至 32 位字母或数字",
    "40 lower-case hex digits": " 40 位小写十六进制",
    "these are milliseconds; WeChat sends seconds, so this is another sender": (
        "这是毫秒；微信用秒，所以发送者不是微信"
    ),
    "upper-case letters: WeChat writes lower-case ones, so something rewrote it": (
        "有大写字母：微信用小写，途中被改写过"
    ),
    "a space: it was decoded once too often, or copied with a line break": (
        "有空格：多解码了一次，或复制时带了换行"
    ),
    "WeChat sends no such value: another sender, or a slip in copying": (
        "微信不会发这样的值：发送者不是微信，或复制有误"
    ),
    "XML with Encrypt in it": "是带 Encrypt 的 XML",
    "it is not the XML that WeChat sends: {problem}": "不是微信发的那种 XML：{problem}",
    "a message in plain text, without Encrypt": "是明文消息，没有 Encrypt",
    "there is no Encrypt directly under the root": "根元素下没有 Encrypt",
    "another sender, or a changed body": "发送者不是微信，或请求体被改动",
    "it is JSON: choose XML as the data format in the console": "是 JSON：请在开放平台把数据格式选为 XML",
    "it was copied out of HTML, where < is written &lt;; copy the body itself": (
        "是从 HTML 里复制的，< 写成了 &lt;；请复制请求体本身"
    ),
    "its end is missing: it was cut off on the way, or in copying": "缺了结尾：途中或复制时被截断",
    "give the body as it arrived, with --file or on standard input": (
        "请用 --file 或标准输入给出收到的原始请求体"
    ),
    "another sender, or a body that was changed on the way": "发送者不是微信，或请求体在途中被改动",
    # -- Encrypt and signature
    "spaces in base64": "base64 里有空格",
    "each + became a space: the body was decoded as a form on the way": (
        "+ 变成了空格：请求体在途中被当作表单解码过"
    ),
    "line breaks in base64": "base64 里有换行",
    "copy the body in one piece, without wrapping": "请整段复制请求体，不要折行",
    "- or _ in base64": "base64 里有 - 或 _",
    "this is the alphabet of URLs; WeChat writes + and /": "这是网址用的字母表；微信用 + 和 /",
    "it is no strict base64": ("不是严格的 base64"),
    "it was cut off, or letters were changed on the way": "被截断，或途中被改了字母",
    "{length} bytes are no whole number of 32-byte blocks, or too few": (
        "{length} 字节不是 32 字节的整数倍，或太短"
    ),
    "this is 16-byte padding: another sender than WeChat, which pads to 32 bytes": (
        "这是 16 字节填充：发送者不是微信，微信填充到 32 字节"
    ),
    "it was cut off, or encrypted by another sender than WeChat": "被截断，或不是微信加密的",
    "strict base64, {length} bytes": "严格的 base64，{length} 字节",
    "made with token {number} of {all}": "由 {all} 个 Token 中的第 {number} 个签出",
    "right as soon as each space is a + again": "把空格还原成 + 就对了",
    "the body was decoded as a form on the way": "请求体在途中被当作表单解码过",
    "right as soon as the line breaks are gone": "去掉换行就对了",
    "copy the body in one piece": "请整段复制请求体",
    "it does not fit Encrypt": "与 Encrypt 不符",
    "the token is right (the other parameter `signature` fits): Encrypt was changed on the way": (
        "Token 是对的（另一参数 `signature` 相符）：Encrypt 在途中被改动"
    ),
    "no token of this installation made it": "不是本机的任何 Token 签出的",
    "the token is another: changed in the console, or another platform's; compare 消息校验Token with "
    "WECHAT_MESSAGE_TOKEN. Or somebody forged the push": (
        "Token 不同：在开放平台改过，或是别的平台的；请核对消息校验Token 与 WECHAT_MESSAGE_TOKEN。"
        "也可能是有人伪造"
    ),
    # -- the plaintext
    "key {number} of {all} opens it": "{all} 个密钥中的第 {number} 个能解开",
    "none of {all} keys opens it": "{all} 个密钥都解不开",
    "the key is another: changed in the console, or another platform's; compare 消息加解密Key with "
    "WECHAT_ENCODING_AES_KEY, and keep the old one behind the new while they rotate": (
        "密钥不同：在开放平台改过，或是别的平台的；请核对消息加解密Key 与 WECHAT_ENCODING_AES_KEY，"
        "轮换期间把旧的留在新的之后"
    ),
    "the length inside does not fit": "里面的长度不符",
    "most likely the key is another after all; else the sender does not write WeChat's layout": (
        "多半还是密钥不同；否则发送者没有按微信的格式写"
    ),
    "{length} bytes of message": "消息 {length} 字节",
    "{tail}, this component": "{tail}，即本平台",
    "{tail}, while this component is {component}": "{tail}，而本平台是 {component}",
    "it was encrypted for another: compare the AppID of 第三方平台 with WECHAT_COMPONENT_APPID; a mini "
    "program's own AppID means that its own console pushes here": (
        "是给别人加密的：请核对第三方平台的 AppID 与 WECHAT_COMPONENT_APPID；"
        "若是小程序自己的 AppID，说明它自己的后台把推送配到了这里"
    ),
    # -- what it means
    "{event}: {does}": "{event}：{does}",
    "the message inside cannot be read: {problem}": "里面的消息无法解读：{problem}",
    "acknowledged and kept as unreadable; WeChat would send the same again": (
        "照常应答并记为无法解读；微信再发也是一样"
    ),
    "the ticket is kept; whoever waits for one goes on": "保存票据；等票据的工作随即继续",
    "the code is kept, and the worker exchanges it at once": "保存授权码，worker 立即换取令牌",
    "the authorization ends, and what waits for release is cancelled": "授权结束，等待中的发布取消",
    "a release is opened as the policy says; the worker looks, releases, checks": (
        "按策略开一次发布；worker 查询、发布、核实"
    ),
    "the rejection is recorded with its reason": "记录审核不通过及其原因",
    "the delay is recorded with its reason": "记录审核延后及其原因",
    "acknowledged and counted; nothing else is done": "应答并计数；不做别的",
    "{path} is no callback of this program": "{path} 不是本程序的回调地址",
    "the console's URLs are /wechat/component and /wechat/authorizers/$APPID$": (
        "开放平台里应填 /wechat/component 和 /wechat/authorizers/$APPID$"
    ),
    "{path} names no mini program: 404": "{path} 里没有小程序的 AppID：返回 404",
    "write $APPID$ in 消息与事件接收URL; WeChat puts the mini program's AppID there": (
        "消息与事件接收URL 里请写 $APPID$；微信会换成小程序的 AppID"
    ),
    "{path} names the component, where a mini program's AppID should be": (
        "{path} 里是第三方平台的 AppID，应为小程序的"
    ),
    "write $APPID$ in 消息与事件接收URL": "消息与事件接收URL 里请写 $APPID$",
    "on the component's route: it belongs to the mini program whose original id it names": (
        "走的是平台的地址：按其中的原始 ID 归到对应的小程序"
    ),
    # -- the answer
    "200 success": "200 success",
    "200 success; it is accepted though {minutes} minutes old by now, and flagged as stale": (
        "200 success；虽已是 {minutes} 分钟前的，仍会接受并标为迟到"
    ),
    "403, refused for its {cause}": "403，因{cause}被拒绝",
    "xml": "请求体",
    "base64": " base64 ",
    "padding": "填充",
    "tail": "接收者",
}
