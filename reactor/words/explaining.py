"""WeChat's errcodes in the reader's language: what an answer means, what to do, where it is documented."""

import re
from dataclasses import dataclass

from reactor.core.errcodes import Verdict, lookup
from reactor.words.saying import Lang

_FIRST_SENTENCE = {"en": re.compile(r"(.+?\.)\s+(.*)"), "zh": re.compile("(.+?。)(.*)")}


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an errcode means and what to do about it; `source` is WeChat's own page."""

    meaning: str
    remedy: str
    source: str
    verdict: Verdict


def explain(call: str, errcode: int, lang: Lang) -> Explanation:
    """The row of the table: its first sentence says what happened, the rest what to do."""
    row = lookup(call, errcode)
    text = row.zh if lang == "zh" else row.en
    found = _FIRST_SENTENCE[lang].fullmatch(text)
    meaning, remedy = found.groups() if found else (text, "")
    return Explanation(meaning, remedy, row.source, row.verdict)
