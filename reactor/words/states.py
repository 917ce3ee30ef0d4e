"""The words of states, kinds and verdicts."""

CHINESE = {
    "held": "等待人工确认",
    "pending": "等待发布",
    "releasing": "发布中",
    "released": "已上线",
    "failed": "需要处理",
    "superseded": "已被新版本取代",
    "cancelled": "已取消",
    "audit_success": "审核通过",
    "audit_fail": "审核不通过",
    "audit_delay": "审核延后",
    "authorized": "已授权",
    "updateauthorized": "授权已更新",
    "unauthorized": "已取消授权",
    "unreadable": "无法解读",
    "accepted": "已受理",
    "misdirected": "送错地址",
    "code_waiting": "等待换取授权",
    "needs_reauthorization": "需要重新授权",
}
