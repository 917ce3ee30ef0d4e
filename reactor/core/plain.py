"""Others' words made plain: no markup, no control characters, nobody called by an @."""

import html
import re
import unicodedata

_TAG = re.compile(r"<[^<>]{0,2000}>")
# What looks harmless and is read by a chat as a call to everybody, a link or a tag.
_HARMLESS = str.maketrans({"<": "‹", ">": "›", "@": "＠", "`": "ˋ"})
_INVISIBLE = ("C", "Zl", "Zp")  # control, format (also what turns the direction), line and paragraph ends


def plain(text: str, most: int = 300) -> str:
    """One line of text as people read it; HTML loses its tags, and what is too long its end."""
    text = html.unescape(_TAG.sub(" ", text))
    text = _TAG.sub(" ", text)  # what was escaped once may be a tag of somebody else's
    seen = "".join(" " if unicodedata.category(one).startswith(_INVISIBLE) else one for one in text)
    line = " ".join(seen.split()).translate(_HARMLESS)
    return line if len(line) <= most else f"{line[: most - 1]}…"
