"""What the doctor found, said in the reader's language."""

from reactor.core.checks import Check
from reactor.words.saying import Lang, retell, say


def finding(check: Check, lang: Lang) -> tuple[str, str]:
    """How it stands, and how to mend it (empty where there is nothing to mend)."""
    values = {name: retell(str(value), lang) for name, value in check.values.items()}
    return say(check.text, lang, **values), say(check.remedy, lang, **values) if check.remedy else ""


def label(check: Check, lang: Lang) -> str:
    """The name of what was checked."""
    return say(check.name.replace("_", " "), lang)
