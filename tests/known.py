"""The values that the tests' component, its simulator and its reactor agree on."""

import base64

COMPONENT = "wx00000000000000c0"
APPSECRET = "component-appsecret-of-the-tests"
TOKEN = "messagetoken"
AES_KEY_TEXT = base64.b64encode(bytes(range(32))).decode().rstrip("=").replace("+", "A").replace("/", "B")
API_TOKEN = "api-token-of-the-tests"
SHOP = "wx000000000000000a"
SHOP_NAME = "gh_00000000000a"


def environment(database_url, api_url, **more):
    """The variables of a complete configuration."""
    return {
        "WECHAT_COMPONENT_APPID": COMPONENT,
        "WECHAT_COMPONENT_APPSECRET": APPSECRET,
        "WECHAT_MESSAGE_TOKEN": TOKEN,
        "WECHAT_ENCODING_AES_KEY": AES_KEY_TEXT,
        "WECHAT_API_URL": api_url,
        "DATABASE_URL": database_url,
        "REACTOR_SECRET_KEY": "a-secret-key-of-the-tests-long-enough",
        "REACTOR_API_TOKEN": API_TOKEN,
        **more,
    }
