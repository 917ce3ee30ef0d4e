"""Say a text in the reader's language, and retell what was stored in English."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
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
    if lang == "en" or len(text) > _LONGEST:
        return text
    return _retold(text, _DEEPEST)


# Reasons hold words of WeChat and of merchants: whatever they are, a page is not to wait for this.
_LONGEST, _DEEPEST, _MOST_PARTS = 600, 5, 6
_LATIN = re.compile("[A-Za-z]")
_NAMES = frozenset({"call", "appid", "name", "field"})
_NUMBERS = frozenset({"count", "errcode", "ms", "number", "seconds", "times", "turn", "turns"})
_JOINTS = (("; ", "；", _MOST_PARTS), (": ", "：", 1), (", ", "，", 1))


@lru_cache(4096)
def _retold(text: str, depth: int) -> str:
    if text in CHINESE or not depth:
        return CHINESE.get(text, text)
    for form in _forms():
        found = form.match(text)
        if found:
            return form.twin.format_map(
                {name: v if name in _NAMES else _retold(v, depth - 1) for name, v in found.items()}
            )
    return _joined(text, depth)


def _joined(text: str, depth: int) -> str:
    """Sentences that were put together, taken apart where most is told; as it is where none is known."""
    tellings = [text]
    for joint, twin, most in _JOINTS:
        parts = text.split(joint, most)
        told = [_retold(part, depth - 1) for part in parts] if len(parts) > 1 else parts
        if told != parts:
            tellings.append(twin.join(told))
    return min(tellings, key=lambda telling: len(_LATIN.findall(telling)))


@dataclass(frozen=True, slots=True)
class _Form:
    """A text with values: what stands around them, and how all of it is matched."""

    parts: tuple[str, ...]
    pattern: re.Pattern[str]
    twin: str

    def match(self, text: str) -> dict[str, str] | None:
        """The values, if the text was made of this one."""
        if not text.startswith(self.parts[0]) or any(part not in text for part in self.parts):
            return None
        found = self.pattern.fullmatch(text)
        return found.groupdict() if found else None


@cache
def _forms() -> list[_Form]:
    """Every text with values, the one with most words of its own first; mere joints are none of them."""
    texts = sorted((text for text in CHINESE if "{" in text), key=_words_of_its_own, reverse=True)
    return [_form(text) for text in texts if re.search("[A-Za-z]", re.sub(r"\{\w+\}", "", text))]


def _form(text: str) -> _Form:
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
            pattern += f"(?P<{part}>{'[-+0-9.,]+' if part in _NUMBERS else '.+?'})"
    return _Form(tuple(parts[::2]), re.compile(pattern, re.DOTALL), CHINESE[text])


def _words_of_its_own(text: str) -> int:
    return len(re.sub(r"\{\w+\}", "", text))
