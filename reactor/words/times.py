"""Moments and spans of time as people read them."""

from datetime import datetime, timedelta, timezone

from reactor.words.saying import Lang

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")  # China has known no summer time since 1991
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_SHORT = 10  # seconds, of which tenths are worth telling

# Apart from the other twins: as forms of a sentence these few letters would fit nearly everything.
_UNITS = {
    "en": {"ms": "{} ms", "s": "{} s", "min": "{} min", "h": "{} h", "d": "{} d", "h min": "{} h {} min"},
    "zh": {
        "ms": "{} 毫秒",
        "s": "{} 秒",
        "min": "{} 分钟",
        "h": "{} 小时",
        "d": "{} 天",
        "h min": "{} 小时 {} 分",
    },
}
_UNITS["en"] |= {"d h": "{} d {} h", "ago": "{} ago", "in": "in {}", "now": "just now"}
_UNITS["zh"] |= {"d h": "{} 天 {} 小时", "ago": "{}前", "in": "{}后", "now": "刚刚"}


def span(seconds: float, lang: Lang) -> str:
    """How long: 312 ms, 6.2 s, 41 s, 3 min, 2 h 41 min, 3 d 4 h."""
    if seconds < 1:
        return _say("ms", lang, round(seconds * 1000))
    if seconds < _SHORT:
        return _say("s", lang, f"{seconds:.1f}".removesuffix(".0"))
    if seconds < _MINUTE:
        return _say("s", lang, int(seconds))
    if seconds < _HOUR:
        return _say("min", lang, int(seconds // _MINUTE))
    if seconds < _DAY:
        return _two("h", "h min", lang, int(seconds // _HOUR), int(seconds % _HOUR // _MINUTE))
    return _two("d", "d h", lang, int(seconds // _DAY), int(seconds % _DAY // _HOUR))


def from_now(at: float, now: float, lang: Lang) -> str:
    """How long ago, or in how long."""
    if abs(now - at) < 1:
        return _say("now", lang)
    how_long = span(int(abs(now - at)), lang)
    return _say("in" if at > now else "ago", lang, how_long)


def stamp(at: float) -> str:
    """The moment in Shanghai, to the second."""
    return datetime.fromtimestamp(at, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def _two(one: str, both: str, lang: Lang, many: int, rest: int) -> str:
    return _say(both, lang, many, rest) if rest else _say(one, lang, many)


def _say(unit: str, lang: Lang, *values: object) -> str:
    return _UNITS[unit][lang].format(*values)
