"""Secrets that sing: values that can be recognized wherever they turn up, and the search for them."""

import base64
from random import Random

WORD = "canarybird"


def canary(number, length):
    """Letters and digits of which every part of 23 or more, and every beginning, gives the bird away."""
    return (f"{WORD}{number:04}" * 20)[:length]


SECRETS = {
    "WECHAT_COMPONENT_APPSECRET": f"{canary(1, 40)}/+&=%é",
    "WECHAT_MESSAGE_TOKEN": f"{canary(2, 32)},{canary(3, 32)}",
    "WECHAT_ENCODING_AES_KEY": f"{canary(4, 43)},{canary(5, 43)}",
    "REACTOR_SECRET_KEY": f"{canary(6, 48)} /+&=%é,{canary(7, 48)}",
    "REACTOR_OPS_PASSWORD": f"{canary(8, 40)} /+&=%é",
    "REACTOR_API_TOKEN": canary(9, 40),
    "REACTOR_NOTIFY": f"smtp://deer:{canary(13, 40)}@127.0.0.1:1/?from=a@b.example&to=c@d.example",
}
DATABASE_PASSWORD, PROXY_PASSWORD, ANOTHER_KEY = canary(10, 40), canary(11, 40), canary(12, 48)


class Aviary(Random):
    """Chance that makes every ticket, code and token of the simulator a canary of its own."""

    birds = 100

    def choices(self, _population, *, k):
        self.birds += 1
        return canary(self.birds, k)


def _inside_base64(text):
    """What is certain of the base64 of anything that holds the text, for each place where it may begin."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + text).rstrip(b"=")
        uncertain_end = 1 if (before + len(text)) % 3 else 0
        yield encoded[(0, 2, 3)[before] : len(encoded) - uncertain_end]


AES_KEYS = [base64.b64decode(f"{key}=") for key in SECRETS["WECHAT_ENCODING_AES_KEY"].split(",")]
IN_ANY_CASE = {WORD.encode(), WORD.encode().hex().encode(), WORD[::-1].encode()}
IN_THIS_CASE = {
    WORD.encode("utf-16-le"),
    *_inside_base64(WORD.encode()),
    *(key[at : at + 8] for key in AES_KEYS for at in (0, 8, 16, 24)),
    *(key[:8].hex().encode() for key in AES_KEYS),
    *(repr(key[:8])[2:-1].encode() for key in AES_KEYS),
}


def leaks(places):
    """Where a canary sings: (place, what stands around it)."""
    found = []
    for place, content in places.items():
        whole = content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace")
        for needles, haystack in ((IN_ANY_CASE, whole.lower()), (IN_THIS_CASE, whole)):
            at = [haystack.find(needle) for needle in needles if needle in haystack]
            found += [(place, whole[max(0, one - 160) : one + 60]) for one in at]
    return found
