"""Calls to WeChat: one method per API, errors by meaning, and no token ever leaves with a message."""

from reactor.wechat.answers import (
    Authorization,
    AuthorizerInfo,
    AuthorizerPage,
    AuthorizerTokens,
    ListedAuthorizer,
    Token,
)
from reactor.wechat.api import WeChatClient
from reactor.wechat.client import CallRecord

__all__ = [
    "Authorization",
    "AuthorizerInfo",
    "AuthorizerPage",
    "AuthorizerTokens",
    "CallRecord",
    "ListedAuthorizer",
    "Token",
    "WeChatClient",
]
