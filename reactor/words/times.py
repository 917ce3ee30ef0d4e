"""Moments and spans of time as people read them."""

from datetime import datetime, timedelta, timezone

from reactor.words.saying import Lang

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")  # China has known no summer time since 1991
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_SHORT = 10  # seconds, of which tenths are worth telling

# Apart from the other twins: as forms of a sentence these few letters would fit nearly everything.
_UNITS = {
    "ms": {"en": "{} ms", "zh": "{} 毫秒"},
    "s": {"en": "{} s", "zh": "{} 秒"},
    "min": {"en": "{} min", "zh": "{} 分钟"},
    "h": {"en": "{} h", "zh": "{} 小时"},
    "h min": {"en": "{} h {} min", "zh": "{} 小时 {} 分"},
    "d": {"en": "{} d", "zh": "{} 天"},
    "d h": {"en": "{} d {} h", "zh": "{} 天 {} 小时"},
    "ago": {"en": "{} ago", "zh": "{}前"},
    "in": {"en": "in {}", "zh": "{}后"},
    "now": {"en": "just now", "zh": "刚刚"},
}


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
