"""What is wrong with a configuration, and what is odd about one."""

# What may be wrong with the value of a variable; the sentence begins with its name.
_ODD = {
    "is not set ({meaning}); set it, or {other}_FILE to a file's path": (
        "没有设（{meaning}）；请设它，或把 {other}_FILE 设为文件路径"
    ),
    "is set and so is {other}_FILE; remove one of the two": "与 {other}_FILE 同时设了；请去掉一个",
    "comes from {other}_FILE, whose file cannot be read: {why}; check the path, the mode and the content": (
        "取自 {other}_FILE，而文件读不了：{why}；请检查路径、权限和内容"
    ),
    "is empty; give it a value, or remove it": "是空的；请给出值，或去掉它",
    "has a space at an end or an invisible character in it; write it anew": (
        "首尾有空格或含不可见字符；请重新填写"
    ),
    "is not set and PostgreSQL needs it; make one with openssl rand -hex 32 and give it to every process": (
        "没有设，而用 PostgreSQL 时必须设；请用 openssl rand -hex 32 生成，并给每个进程设上"
    ),
    "has an empty entry or a space beside a comma; put one comma between two entries": (
        "有空项，或逗号旁有空格；两项之间只用一个逗号"
    ),
    "has the same entry twice; while rotating, keep the old one behind the new one": (
        "同一项出现两次；轮换期间请把旧的放在新的之后"
    ),
    "is not a whole number from 1 to {high}; write digits only": "不是 1 到 {high} 的整数；只写数字",
    "is not a decimal number above 0 and up to 10; write 1 for the usual waits": (
        "不是大于 0 且不超过 10 的小数；按常规等待请写 1"
    ),
    "has an entry of {count} characters that is not 43 letters or digits; copy 消息加解密Key from "
    "the console": ("有一项是 {count} 个字符，而非 43 个字母或数字；请从开放平台复制消息加解密Key"),
    "is no URL; write it out in full, with special characters of a password percent-encoded": (
        "不是网址；请写完整，密码里的特殊字符用百分号编码"
    ),
    "is neither https nor loopback; write https://…, secrets must not travel in the clear": (
        "既不是 https 也不是本机；请写 https://…，密文不能明着传"
    ),
    "holds a user, a query, a fragment or a space; give scheme, host and path only": (
        "含用户名、查询串、片段或空格；只写协议、主机和路径"
    ),
    "is no http:// or https:// proxy; write http://user:password@host:port": (
        "不是 http:// 或 https:// 代理；请写 http://用户:密码@主机:端口"
    ),
    "is no supported database; write sqlite:///path, postgres://… or postgresql://…": (
        "不是支持的数据库；请写 sqlite:///路径、postgres://… 或 postgresql://…"
    ),
    "names no database; write postgresql://user:password@host:port/database": (
        "没有写库名；请写 postgresql://用户:密码@主机:端口/库名"
    ),
    "is neither en nor zh; choose one of the two": "不是 en 也不是 zh；请选一个",
    "is not wx and 16 lower-case hex digits; copy it again": "不是 wx 加 16 位小写十六进制；请重新复制",
    "has a space in it; copy it again": "含空格；请重新复制",
    "has an entry that is not 3 to 32 letters or digits; copy it again": (
        "有一项不是 3 至 32 个字母或数字；请重新复制"
    ),
    "has an entry shorter than 32 characters; use openssl rand -hex 32": (
        "有一项短于 32 个字符；请用 openssl rand -hex 32 生成"
    ),
    "is shorter than 12 characters; choose a longer one": "短于 12 个字符；请换长一些的",
    "is shorter than 20 characters or not ASCII; use openssl rand -hex 32": (
        "短于 20 个字符或不是 ASCII；请用 openssl rand -hex 32 生成"
    ),
    "is neither thread nor external; choose one of the two": "不是 thread 也不是 external；请选一个",
    "names no SQLite file; write sqlite:///path, with four slashes for an absolute path, and not in memory": (
        "没有写 SQLite 文件；请写 sqlite:///路径，绝对路径用四个斜杠，不能用内存库"
    ),
}
CHINESE = {f"{{name}} {odd}.": f"{{name}} {zh}。" for odd, zh in _ODD.items()} | {
    "The configuration is wrong; nothing was started:": "配置有误，什么都没有启动：",
    "AppID of the component (第三方平台)": "第三方平台的 AppID",
    "AppSecret of the component": "第三方平台的 AppSecret",
    "消息校验Token; several, comma-separated, while rotating": "消息校验Token；更换期间可用逗号分隔多个",
    "消息加解密Key (43 characters); several, newest first": "消息加解密Key（43 个字符）；可有多个，新的在前",
    "no reason given": "没有说明原因",
    "it is too large": "太大",
    "it is not UTF-8 text": "不是 UTF-8 文本",
    "No such file or directory": "没有这个文件",
    "Is a directory": "是一个目录",
    # -- where a SQLite file does not last
    "DATABASE_URL is a SQLite file and {sign} is set: this platform gives worker dynos a disk of their own, "
    "where the file is another one; use PostgreSQL, or REACTOR_WORKER=thread on one dyno.": (
        "DATABASE_URL 是 SQLite 文件，而设了 {sign}：此平台上 worker 的磁盘是另一块，文件也是另一个；"
        "请用 PostgreSQL，或在一个 dyno 上用 REACTOR_WORKER=thread。"
    ),
    "DATABASE_URL is a SQLite file and {sign} is set: this platform throws its disk away at a "
    "restart, and the "
    "record with it; use PostgreSQL, or keep the file on a volume that stays.": (
        "DATABASE_URL 是 SQLite 文件，而设了 {sign}：此平台重启时清空磁盘，记录随之丢失；"
        "请用 PostgreSQL，或把文件放在持久卷上。"
    ),
    "DATABASE_URL is a SQLite file that another machine uses now, and over a network it would be damaged; "
    "use PostgreSQL, or run the worker where the web process runs.": (
        "DATABASE_URL 的 SQLite 文件另一台机器正在用，经网络使用会损坏；"
        "请用 PostgreSQL，或让 worker 与 web 进程在同一台机器上运行。"
    ),
    "DATABASE_URL: the folder {folder} does not exist; create it, or correct the path": (
        "DATABASE_URL：目录 {folder} 不存在；请创建它，或改正路径"
    ),
    "DATABASE_URL: the key file {file} cannot be read ({why}); put it back": (
        "DATABASE_URL：密钥文件 {file} 读不了（{why}）；请放回去"
    ),
    "DATABASE_URL: {file} holds no key any more; put it back, or remove it and authorize anew": (
        "DATABASE_URL：{file} 里没有密钥了；请放回去，或删掉它并重新授权"
    ),
}
