"""What is said of the chained record: its commands, its faults, what the doctor sees of it."""

CHINESE = {
    # -- the commands
    "Read the record of every change of state: who, when, why, by which rule.": (
        "查看记录：每次状态变化由谁、何时、为何、按哪条规则。"
    ),
    "Prove that nothing in the record was altered, put in, taken away or moved.": (
        "验证记录没有被改动、插入、删除或调换。"
    ),
    "Prove that nothing in the record was altered, put in, taken away or moved.\n\n"
    "Note the digest of its end somewhere else: with --expect it is proved later that the record of today "
    "is\nstill in it. Exit code 1 names the first broken place.": (
        "验证记录没有被改动、插入、删除或调换。\n\n请把末尾摘要另存一处：以后用 --expect "
        "可证明今天的记录仍在其中。退出码 1 时给出第一处问题。"
    ),
    "A digest noted earlier, from this command or the log.": "以前记下的摘要，来自本命令或日志。",
    "Write the record out, one change of state a line: who, when, why, by which rule.": (
        "导出记录，每次状态变化一行：由谁、何时、为何、按哪条规则。"
    ),
    "From this moment on, in UTC.": "从这一刻起（UTC）。",
    "Before this moment, in UTC.": "到这一刻之前（UTC）。",
    "Of this mini program alone.": "只要这个小程序的。",
    "a digest is 64 lower-case hex digits": "摘要是 64 位小写十六进制数字",
    "reading": "正在读取",
    "the record is whole: {rows} rows, {first} to {last}": "记录完整：{rows} 条，{first} 至 {last}",
    "its end has the digest {digest}": "末尾摘要 {digest}",
    "the record is empty": "还没有记录",
    "the record is broken: {problem}": "记录有问题：{problem}",
    "{rows} rows before it are whole": "此前 {rows} 条完整",
    "{count} rows are not sealed yet; a worker does it within a second": (
        "还有 {count} 条未封存；worker 会在一秒内完成"
    ),
    "the expected digest is in it": "其中有要找的摘要",
    "the expected digest is not in it": "其中没有要找的摘要",
    # -- faults
    "row {seq} of the record is missing": "第 {seq} 条记录缺失",
    "row {seq} of the record ({of}) was changed, or is not the one that was there": (
        "第 {seq} 条记录（{of}）被改动，或不是原来的那条"
    ),
    "row {seq} stands outside of the signed record: it was put in, or the record's end was cut off": (
        "第 {seq} 条不在已签名的记录之内：它是插入的，或记录的末尾被截去"
    ),
    "the rows fit each other, but not the signed end: they were written anew": (
        "各条记录彼此相符，但与签名的末尾不符：记录被重写过"
    ),
    "there are rows in a chain, and somebody took away where it begins and ends": (
        "有已封存的记录，但记录的首尾信息被删除"
    ),
    "the signature of the record is wrong: somebody changed where it begins or ends": (
        "记录的签名不对：首尾信息被改动过"
    ),
    "the record has rows in a chain, and somebody took away where it begins and ends": (
        "有已封存的记录，但记录的首尾信息被删除"
    ),
    "the record was signed with another REACTOR_SECRET_KEY; nothing is lost: "
    "put the old key back behind the new one, separated by a comma": (
        "记录是用另一个 REACTOR_SECRET_KEY 签名的；没有丢失：请把旧密钥放回新密钥之后，用逗号隔开"
    ),
    # -- the doctor
    "record": "记录",
    "whole as far as looked at: {rows} rows, head {head}": "所查部分完整：{rows} 条，末尾 {head}",
    "nothing is recorded yet": "还没有记录",
    "{loose} rows are not sealed into the record yet": "还有 {loose} 条未封存进记录",
    "a worker does it; see that one runs": "由 worker 完成；请确认有一个在运行",
    "`reactor audit verify` reads all of it and names the first broken place": (
        "`reactor audit verify` 会通读全部，并指出第一处问题"
    ),
}
