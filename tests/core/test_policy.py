import dataclasses
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor.core.errors import PolicyError
from reactor.core.policy import Case, Mode, Policy, Subject, Terms, decide, parse_policy

SHOP, OTHER = "wx0123456789abcdef", "wxfedcba9876543210"
SHIPPED = Path(__file__).parents[2] / "config" / "policy.toml"


def treatment(policy, appid):
    """The mode, and how many seconds an approval of now would wait."""
    ruling = decide(policy, Case(Subject(appid), 0.0), 0.0)
    return ruling.mode, ruling.until or 0.0


def problems_of(text):
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, ZoneInfo)
    return str(caught.value).splitlines()


# -- good files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "[default]\n", "[authorizers]\n"])
def test_a_policy_that_says_nothing_releases_at_once(text):
    policy = parse_policy(text)
    assert dataclasses.replace(policy, default=Terms()) == Policy()
    assert treatment(policy, SHOP) == (Mode.AUTO, 0.0)


def test_the_policy_that_comes_with_the_project_releases_at_once():
    assert treatment(parse_policy(SHIPPED.read_text("utf-8")), SHOP) == (Mode.AUTO, 0.0)


def test_the_example_in_the_policy_that_comes_with_the_project_can_be_switched_on():
    lines = SHIPPED.read_text("utf-8").splitlines()
    example = "\n".join(re.sub(r"^# (?=\[|\w+ = )", "", line) for line in lines)
    policy = parse_policy(example)
    assert treatment(policy, SHOP)[0] is Mode.HOLD
    assert (len(policy.lists), len(policy.freezes), policy.waves.last) == (1, 1, 2)


def test_the_default_applies_to_whoever_has_no_rule():
    policy = parse_policy('[default]\nmode = "hold"\ndelay_seconds = 30\n')
    assert treatment(policy, SHOP) == (Mode.HOLD, 0.0)


def test_an_authorizers_rule_comes_before_the_default():
    policy = parse_policy(f'[authorizers.{SHOP}]\nmode = "hold"\n')
    assert treatment(policy, SHOP) == (Mode.HOLD, 0.0)
    assert treatment(policy, OTHER) == (Mode.AUTO, 0.0)


def test_an_authorizer_inherits_what_its_rule_leaves_out():
    policy = parse_policy(
        f"""
        [authorizers.{SHOP}]
        mode = "auto"
        [authorizers.{OTHER}]
        delay_seconds = 0
        [default]
        mode = "hold"
        delay_seconds = 12.5
        """
    )
    assert treatment(policy, SHOP) == (Mode.AUTO, 12.5)
    assert treatment(policy, OTHER) == (Mode.HOLD, 0.0)


@pytest.mark.parametrize("delay", ["0", "0.0", "0.25", "86400", "2592000", "1e3"])
def test_a_delay_is_any_number_of_seconds_up_to_thirty_days(delay):
    rule = parse_policy(f"[default]\ndelay_seconds = {delay}\n").default
    assert rule.delay_seconds == float(delay)
    assert isinstance(rule.delay_seconds, float)


# -- every problem, in words -----------------------------------------------------------------------------

TABLES = (
    "a policy has [default], [authorizers.<appid>], [lists.<name>], [tags.<name>], [patterns.<name>], "
    "[[versions]], [[freezes]], [[rings]], [waves], [held], [pace], [retention]"
)
MODES = "must be one of auto, gray, hold, observe, off"
TERMS = "mode, delay_seconds, windows, time_zone, gray, reason"
SECONDS = "must be a number from 0 to 2592000"
WINDOW = "must be as in Mon-Fri 09:00-18:00, or Sat,Sun 22:00-02:00"
MOMENT = "must be a date and a time without quotes, as in 2026-10-01T00:00:00"
APPID = "an appid is wx and 16 lower-case hex digits"
STRICTER = "must be one of gray, hold, observe, off"
WHO = "is neither an appid nor a list, tag or pattern of this file, as in lists.vip"
ZONE = "must be the name of a time zone, as in Asia/Shanghai"
WHOLE_DAY = "begins and ends at the same time; the whole day is 00:00-24:00"
EITHER = "needs either first, or authorizers, lists, tags or patterns"
NOBODY = "names nobody; it needs nick_name, user_name, authorizer_appid, or one of them"
WHOLE = "must be a whole number from"
VERSION = "[[versions]]\nuser_version = '9*'\n"
FREEZE = "[[freezes]]\nfrom = 2026-10-01T00:00:00\nto = 2026-10-08T00:00:00\n"
PROBLEMS = [
    ('[default]\nmode = "sometimes"', f"line 2: [default] mode = 'sometimes': {MODES}"),
    ('[default]\nmode = ""', f"line 2: [default] mode = '': {MODES}"),
    ('[default]\nmode = "AUTO"', f"line 2: [default] mode = 'AUTO': {MODES}"),
    ("[default]\nmode = true", f"line 2: [default] mode = True: {MODES}"),
    ("[default]\nmode = []", f"line 2: [default] mode = []: {MODES}"),
    ("[default]\nmode = {a = 1}", f"line 2: [default] mode = {{'a': 1}}: {MODES}"),
    ("[default]\ndelay_seconds = -1", f"line 2: [default] delay_seconds = -1: {SECONDS}"),
    ("[default]\ndelay_seconds = 2592001", f"line 2: [default] delay_seconds = 2592001: {SECONDS}"),
    ("[default]\ndelay_seconds = nan", f"line 2: [default] delay_seconds = nan: {SECONDS}"),
    ("[default]\ndelay_seconds = inf", f"line 2: [default] delay_seconds = inf: {SECONDS}"),
    ("[default]\ndelay_seconds = true", f"line 2: [default] delay_seconds = True: {SECONDS}"),
    ('[default]\ndelay_seconds = "5"', f"line 2: [default] delay_seconds = '5': {SECONDS}"),
    ("[default]\ndelay = 5", f"line 2: [default] delay: not known; [default] has {TERMS}"),
    ("[default]\nreason = ' '", "line 2: [default] reason = ' ': must be a text"),
    ("default = 5", "line 1: [default] must be a table"),
    ("[[default]]\nmode = 'auto'", "line 1: [default] must be a table"),
    ("\n\n[defaults]", f"line 3: [defaults] is not known; {TABLES}"),
    ('mode = "auto"', f"line 1: [mode] is not known; {TABLES}"),
    ("['a\\nb']".replace("'", '"'), f"line 1: [a b] is not known; {TABLES}"),
    ("authorizers = 5", "line 1: authorizers must be tables, one [authorizers.<appid>] each"),
    ("[[authorizers]]", "line 1: authorizers must be tables, one [authorizers.<appid>] each"),
    (f"[authorizers]\n{SHOP} = 'hold'", f"line 2: [authorizers.{SHOP}] must be a table"),
    (f"[authorizers.{SHOP}]\nmode = 'no'", f"line 2: [authorizers.{SHOP}] mode = 'no': {MODES}"),
    (f"authorizers.{SHOP}.mode = 'no'", f"line 1: [authorizers.{SHOP}] mode = 'no': {MODES}"),
    ("[authorizers.wx0123456789ABCDEF]", f"line 1: [authorizers.wx0123456789ABCDEF]: {APPID}"),
    ("[authorizers.gh_0123456789ab]", f"line 1: [authorizers.gh_0123456789ab]: {APPID}"),
    ("[authorizers.wx0123456789abcdef0]", f"line 1: [authorizers.wx0123456789abcdef0]: {APPID}"),
    (f"[authorizers.{SHOP}]\ntags = ['vip']",
     f"line 2: [authorizers.{SHOP}] tags: there is no [tags.vip]; it may be an empty table"),
    (f"[authorizers.{SHOP}]\ntags = 'vip'",
     f"line 2: [authorizers.{SHOP}] tags = 'vip': must be a list of texts, with at least one"),
    # windows
    ("[default]\nwindows = ['9:00-18:00']", f"line 2: [default] windows = '9:00-18:00': {WINDOW}"),
    ("[default]\nwindows = ['Mon-Fry 09:00-18:00']",
     f"line 2: [default] windows = 'Mon-Fry 09:00-18:00': {WINDOW}"),
    ("[default]\nwindows = ['Mon-Wed-Fri 09:00-18:00']",
     f"line 2: [default] windows = 'Mon-Wed-Fri 09:00-18:00': {WINDOW}"),
    ("[default]\nwindows = [\n'08:00-09:00',\n'24:00-25:00',\n]",
     f"line 2: [default] windows = '24:00-25:00': {WINDOW}"),
    ("[default]\nwindows = ['24:00-08:00']", f"line 2: [default] windows = '24:00-08:00': {WINDOW}"),
    ("[default]\nwindows = ['08:60-09:00']", f"line 2: [default] windows = '08:60-09:00': {WINDOW}"),
    ("[default]\nwindows = ['09:00-09:00']",
     f"line 2: [default] windows = '09:00-09:00': {WHOLE_DAY}"),
    ("[default]\nwindows = []",
     "line 2: [default] windows = []: must be a list of texts, with at least one"),
    ("[default]\ntime_zone = 'Mars/Utopia'",
     f"line 2: [default] time_zone = 'Mars/Utopia': {ZONE}"),
    ("[default]\ntime_zone = '../../etc/passwd'",
     f"line 2: [default] time_zone = '../../etc/passwd': {ZONE}"),
    ("[default]\ntime_zone = 'Europe'",
     f"line 2: [default] time_zone = 'Europe': {ZONE}"),
    ("[tags.a]\ntime_zone = 'Europe/Berlin'",
     "line 2: [tags.a] time_zone: says nothing without windows beside it"),
    # gray
    ("[default]\ngray = 5", "line 2: [default] gray = 5: must be a list of tables, with at least one"),
    ("[default]\ngray = []", "line 2: [default] gray = []: must be a list of tables, with at least one"),
    ("[default]\ngray = [5]", "line 2: [default] gray: must be a table"),
    ("[default]\ngray = [{percentage = 100}]",
     f"line 2: [default] gray: percentage = 100: {WHOLE} 1 to 99"),
    ("[default]\ngray = [{percentage = 5.5}]",
     f"line 2: [default] gray: percentage = 5.5: {WHOLE} 1 to 99"),
    ("[default]\ngray = [{percentage = 5, wait_seconds = -1}]",
     f"line 2: [default] gray: wait_seconds = -1: {SECONDS}"),
    ("[default]\ngray = [{percentage = 20}, {percentage = 20}]",
     "line 2: [default] gray: percentage = 20: must be more than that of the step before it"),
    ("[default]\ngray = [{}]", "line 2: [default] gray: percentage: is missing"),
    ("[default]\ngray = [{percentage = 5, wait = 3}]",
     "line 2: [default] gray: wait: not known; [default] gray: has percentage, wait_seconds"),
    # groups
    ("lists = 5", "line 1: lists must be tables, one [lists.<name>] each"),
    ("[lists.vip]\nmode = 'hold'",
     "line 1: [lists.vip] authorizers: is missing; name who is in the list"),
    ("[lists.vip]\nauthorizers = ['wx1']", f"line 2: [lists.vip] authorizers = 'wx1': {APPID}"),
    ("[tags.vip]\nauthorizers = ['wx1']",
     f"line 2: [tags.vip] authorizers: not known; [tags.vip] has {TERMS}"),
    ("[patterns.food]\nmode = 'off'",
     f"line 1: [patterns.food]: {NOBODY}"),
    ("[patterns.food]\nnick_name = 7", "line 2: [patterns.food] nick_name = 7: must be a text"),
    # versions
    ("[versions]\nmode = 'hold'", "line 1: versions must be written as [[versions]], once for each"),
    ("[[versions]]\nmode = 'hold'",
     "line 1: [[versions]]: means every version; it needs user_version or user_desc"),
    (f"{VERSION}mode = 'auto'", f"line 3: [[versions]] mode = 'auto': {STRICTER}"),
    (VERSION, f"line 1: [[versions]] mode: is missing; {STRICTER}"),
    (f"{VERSION}mode = 'hold'\n{VERSION}mode = 'halt'",
     f"line 6: [[versions]] mode = 'halt': {STRICTER}"),
    # freezes
    ("[[freezes]]\nfrom = 2026-10-01T00:00:00",
     "line 1: [[freezes]] to: is missing; a freeze has a beginning and an end"),
    ("[[freezes]]\nfrom = 2026-10-01\nto = 2026-10-08T00:00:00", f"line 2: [[freezes]] from: {MOMENT}"),
    ("[[freezes]]\nfrom = '2026-10-01T00:00:00'\nto = 2026-10-08T00:00:00",
     f"line 2: [[freezes]] from: {MOMENT}"),
    ("[[freezes]]\nfrom = 2026-10-01T00:00:00\nto = 2026-10-01T00:00:00",
     "line 3: [[freezes]] to: must be later than from"),
    ("[[freezes]]\nfrom = 2026-10-01T00:00:00Z\nto = 2026-10-01T08:00:00",
     "line 3: [[freezes]] to: must be later than from"),
    ("[[freezes]]\nfrom = 2026-10-01T00:00:00\nto = 9999-12-31T23:59:59",
     "line 3: [[freezes]] to: is too far away"),
    (f"{FREEZE}only = ['lists.vip']", f"line 4: [[freezes]] only = 'lists.vip': {WHO}"),
    (f"{FREEZE}except = ['wx1']", f"line 4: [[freezes]] except = 'wx1': {WHO}"),
    # rings, waves, held, pace, retention
    ("[[rings]]\nname = 'a'", f"line 1: [[rings]]: {EITHER}"),
    (f"[[rings]]\nfirst = 3\nauthorizers = ['{SHOP}']",
     f"line 1: [[rings]]: {EITHER}"),
    ("[[rings]]\nfirst = 0", f"line 2: [[rings]] first = 0: {WHOLE} 1 to 1000000"),
    ("[[rings]]\nlists = ['vip']", "line 2: [[rings]] lists = 'vip': there is no [lists.vip]"),
    ("[[rings]]\nfirst = 3\nname = 'a'\n[[rings]]\nfirst = 3\nname = 'a'",
     "line 6: [[rings]] name = 'a': another ring has this name"),
    ("[waves]\nmax_failures = -1", f"line 2: [waves] max_failures = -1: {WHOLE} 0 to 1000000"),
    ("[held]\nremind_hours = 'x'", "line 2: [held] remind_hours = 'x': must be a number from 0 to 8760"),
    ("[pace]\nconcurrency = 0", f"line 2: [pace] concurrency = 0: {WHOLE} 1 to 1000"),
    ("[retention]\nyears = 3", "line 2: [retention] years: not known; [retention] has days, history_days"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), PROBLEMS)
def test_a_problem_says_where_it_is_and_what_would_be_right(text, problem):
    assert problems_of(text) == [problem]


@pytest.mark.parametrize(
    "text",
    [
        "[default",
        "mode == 1",
        "[default]\nmode = auto",
        "\0",
        "[default]\n[default]",
        "x = 1979-99-99",
        pytest.param("x = " + "9" * 5000, id="a number without measure"),
        pytest.param("x = " + "[" * 5000, id="nesting without measure"),
    ],
)
def test_a_file_that_is_no_toml_is_refused_with_the_place(text):
    (problem,) = problems_of(text)
    assert problem.startswith("the policy file is not valid TOML: ")


def test_all_problems_are_told_at_once():
    found = problems_of(
        f"""
        colour = "red"
        [default]
        mode = "sometimes"
        delay_seconds = -1
        speed = 9
        [authorizers.nobody]
        delay_seconds = "x"
        [authorizers.{SHOP}]
        mode = 7
        """
    )
    assert len(found) == 7
    assert [":".join(problem.split(":")[:2]).split(" is")[0] for problem in found] == [
        "line 2: [colour]",
        "line 4: [default] mode = 'sometimes'",
        "line 5: [default] delay_seconds = -1",
        "line 6: [default] speed",
        "line 7: [authorizers.nobody]",
        "line 8: [authorizers.nobody] delay_seconds = 'x'",
        f"line 10: [authorizers.{SHOP}] mode = 7",
    ]


# -- properties ------------------------------------------------------------------------------------------

scraps = st.sampled_from(
    ["[default]", f"[authorizers.{SHOP}]", "[authorizers]", "mode", "delay_seconds", "=", '"auto"', '"hold"',
     "1", "-1", "nan", "[", "]", "{", "}", "\n", "\n", ".", ",", "1979-05-27", "#", "'", '"""', "wx1"]
)  # fmt: skip


@given(st.text() | st.lists(scraps).map(" ".join))
def test_whatever_the_file_says_it_is_followed_or_refused_and_never_half(text):
    try:
        policy = parse_policy(text)
    except PolicyError:
        return
    for terms in (policy.default, *policy.authorizers.values()):
        assert terms.mode is None or terms.mode in Mode
        assert terms.delay_seconds is None or 0 <= terms.delay_seconds <= 2592000


WAITING = (Mode.AUTO, Mode.GRAY, Mode.OBSERVE)  # what is held or left alone has nothing to wait for


@given(st.sampled_from(Mode), st.integers(0, 2592000), st.sampled_from(Mode), st.integers(0, 2592000))
def test_what_was_written_is_what_applies(mode, delay, own_mode, own_delay):
    policy = parse_policy(
        f'[default]\nmode = "{mode}"\ndelay_seconds = {delay}\n'
        f'[authorizers.{SHOP}]\nmode = "{own_mode}"\ndelay_seconds = {own_delay}\n'
    )
    assert treatment(policy, OTHER) == (mode, float(delay) if mode in WAITING else 0.0)
    own_waits = own_mode in WAITING
    assert treatment(policy, SHOP) == (own_mode, float(own_delay) if own_waits else 0.0)
