"""Whatever the policy says of an approval, or is wrong with its file, is retold in Chinese."""

import re
from zoneinfo import ZoneInfo

import pytest
from known import SHOP

from reactor.core.errors import PolicyError
from reactor.core.policy import Case, Mode, Subject, decide, parse_policy
from reactor.words import retell

# Words that stay: keys of the file, and what it says itself.
SENTENCE = re.compile(r"[A-Za-z']{2,} [a-z']{2,} [a-z']{2,}")

BROKEN = """
colour = 1
authorizers = 7
[default]
mode = "sometimes"
delay_seconds = -1
windows = ["always", "09:00-09:00"]
time_zone = "Mars/Utopia"
gray = [{percentage = 20}, {percentage = 5}, {percentage = 0.5}, {wait = 1}, 4]
reason = ""
[lists.vip]
mode = "hold"
[lists.other]
authorizers = ["wx1"]
time_zone = "Asia/Shanghai"
[patterns.food]
[[versions]]
[[freezes]]
to = 2026-10-01
only = ["lists.none"]
[[freezes]]
from = 2026-10-01T00:00:00
to = 2026-09-01T00:00:00
[[freezes]]
from = 9000-10-01T00:00:00
to = 9001-09-01T00:00:00
[[rings]]
name = "a"
lists = ["none"]
[[rings]]
name = "a"
first = 0
[waves]
max_failures = 0.5
[held]
remind_hours = []
[tags]
"""
OTHERS = [f"[authorizers.{SHOP}]\ntags = ['none']", "[[pace]]", "versions = 4", "[authorizers.x]"]


@pytest.mark.parametrize("text", [BROKEN, *OTHERS])
def test_every_problem_of_a_policy_file_is_retold(text):
    with pytest.raises(PolicyError) as refused:
        parse_policy(text, ZoneInfo)
    for problem in str(refused.value).splitlines():
        told = retell(f"config/policy.toml: {problem}", "zh")
        assert re.search(r"[\u4e00-\u9fff]$|[\u4e00-\u9fff].*?[\w\]:>）-]+$", told), told
        assert not SENTENCE.search(told), told


RULES = """
windows = ["Mon 09:00-10:00"]
delay_seconds = 90
[[freezes]]
from = 2026-01-01T00:00:00
to = 2026-12-31T00:00:00
reason = "国庆"
[[versions]]
user_version = "9*"
mode = "observe"
reason = "试看"
"""


@pytest.mark.parametrize("reason", ["", 'reason = "双十一"\n'])
@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(("approved_by", "version"), [(None, None), ("ops", "1.0"), (None, "9.1")])
def test_every_reason_of_the_policy_is_retold(mode, reason, approved_by, version):
    policy = parse_policy(f'[default]\nmode = "{mode}"\n{reason}{RULES}')
    now = 1_790_000_000.0
    case = Case(Subject(SHOP), now, user_version=version, approved_by=approved_by, paused=True)
    ruling = decide(policy, case, now)
    assert len(ruling.because) > 3
    for one in ruling.because:
        assert not SENTENCE.search(retell(one.says, "zh")), retell(one.says, "zh")
        assert re.fullmatch(r"\[.+\]，第 \d+ 行|pause", retell(one.rule, "zh"))
