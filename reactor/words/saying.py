"""Say a text in the reader's language, and retell what was stored in English."""

import re
import unicodedata
from functools import cache
from typing import Literal

from reactor.words.chinese import CHINESE

Lang = Literal["en", "zh"]


def say(text: str, lang: Lang, **values: object) -> str:
    """The text, or its Chinese twin, with `{name}` filled in; a text without a twin stays English."""
    template = CHINESE.get(text, text) if lang == "zh" else text
    return template.format_map(values) if values else template


def places(text: str) -> int:
    """Count the places that a text takes on the screen, where a Chinese letter takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def retell(text: str, lang: Lang) -> str:
    """A stored English sentence in the reader's language; what no template made stays as it is.

    Values inside are retold as well, for reasons quote reasons; but not names.
    """
    if lang == "en":
        return text
    if text in CHINESE:
        return CHINESE[text]
    for form, template in _forms():
        found = form.fullmatch(text)
        if found:
            return template.format_map(
                {
                    name: value if name in _NAMES else retell(value, lang)
                    for name, value in found.groupdict().items()
                }
            )
    return text


_NAMES = frozenset({"call", "appid", "name", "field"})


@cache
def _forms() -> list[tuple[re.Pattern[str], str]]:
    """Every text with values as a pattern, the one with most words of its own first."""
    texts = sorted((text for text in CHINESE if "{" in text), key=_words_of_its_own, reverse=True)
    return [(_form(text), CHINESE[text]) for text in texts]


def _form(text: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", text)
    seen: set[str] = set()
    pattern = ""
    for number, part in enumerate(parts):
        if number % 2 == 0:
            pattern += re.escape(part)
        elif part in seen:
            pattern += f"(?P={part})"
        else:
            seen.add(part)
            pattern += f"(?P<{part}>.+?)"
    return re.compile(pattern, re.DOTALL)


def _words_of_its_own(text: str) -> int:
    return len(re.sub(r"\{\w+\}", "", text))
