"""The sample of WeChat's own documentation: a program that opens it opens WeChat's pushes.

https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/message_push.html
"""

import hashlib

from reactor.core.crypto import MessageKeys, decode_aes_key, open_envelope
from reactor.core.errors import EnvelopeRefused

_KEYS = MessageKeys("wx134c8103faa5a59e", ("AAAAA",), (decode_aes_key("A" * 43),))
_QUERY = (
    b"signature=cc0c594499c1634947d5b502f158ee518947db27&timestamp=1715943329&nonce=1590219412"
    b"&openid=o9AgO5Kd5ggOC-bXrbNODIiE3bGY&encrypt_type=aes"
    b"&msg_signature=6c12a4205838198b8fa631b3220723bb07f1015c"
)
_ENCRYPT = (
    "D7yzvUNAL930rd28wf21s4hvXhz0L6Uit/p2Di6C5DHyYGpEgdBRnKjBec34JwoQXicwaZC7fOVihW80F4VtsdvE"
    "//1vr7oAbqjDv8KenVp+ajKYpJnyQ4zMRhIC+a31fCVOMC03FfzV/QuC94kBP55a+Za3sJgvAn+ZbsNqZI5Dkyuz"
    "khQN8OBqCzFhizGmy0xpM0MEA4agpvE+RuNO1rhHTtuJB5yltw1FiYzecSXJ+y/D2r81VkRn2eYjh2ltsoyfbDR7"
    "Is6ookXIFxTfyeNyeHxMeT4KN5WpCDmSbTcUYrbBUlkGLJ9n/rU8YOywma6G7aTb7KZKOqCxgfoUlYEZPk4FUL/T"
    "K7ShriFDMVCLyjQJ15Ob++agDWtcxhfUfe6HIoIpRW8mKNBQiY/Jd1svvuskA1wLef1RTtzKfMpagSCX/laZINmd"
    "nX4zrF6kIaR9P4xQrWXbsTFHTYe0Mg=="
)
_BODY = (
    f"<xml>\n    <ToUserName><![CDATA[gh_97417a04a28d]]></ToUserName>\n"
    f"    <Encrypt><![CDATA[{_ENCRYPT}]]></Encrypt>\n</xml>"
).encode()
_MESSAGE_SHA256 = "6acfa42906e8f4b707cccdfefc91e5ca287ec7929446cad00ef6dc41e9f53340"


def opens() -> bool:
    """Whether the sample is opened to what WeChat says is in it."""
    try:
        message = open_envelope(_QUERY, _BODY, keys=_KEYS).message
    except EnvelopeRefused:
        return False
    return hashlib.sha256(message).hexdigest() == _MESSAGE_SHA256
