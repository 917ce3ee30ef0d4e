from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor.core.errors import PolicyError
from reactor.core.policy import Case, Mode, Policy, Subject, decide, parse_policy

SHOP, OTHER = "wx0123456789abcdef", "wxfedcba9876543210"
SHIPPED = Path(__file__).parents[2] / "config" / "policy.toml"


def treatment(policy, appid):
    """The mode, and how many seconds an approval of now would wait."""
    ruling = decide(policy, Case(Subject(appid), 0.0), 0.0)
    return ruling.mode, ruling.until or 0.0


def problems_of(text):
    with pytest.raises(PolicyError) as caught:
        parse_policy(text)
    return str(caught.value).splitlines()


# -- good files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "[default]\n", "[authorizers]\n"])
def test_a_policy_that_says_nothing_releases_at_once(text):
    policy = parse_policy(text)
    assert policy == Policy()
    assert treatment(policy, SHOP) == (Mode.AUTO, 0.0)


def test_the_policy_that_comes_with_the_project_releases_at_once():
    assert treatment(parse_policy(SHIPPED.read_text("utf-8")), SHOP) == (Mode.AUTO, 0.0)


def test_the_example_in_the_policy_that_comes_with_the_project_can_be_switched_on():
    example = SHIPPED.read_text("utf-8").replace("# [auth", "[auth").replace("# mode", "mode")
    assert treatment(parse_policy(example), SHOP) == (Mode.HOLD, 0.0)


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

TABLES = "a policy has [default], [authorizers.<appid>], [pace], [retention]"
PROBLEMS = [
    ('[default]\nmode = "sometimes"',
     "[default] mode = 'sometimes': must be one of auto, gray, hold, observe, off"),
    ('[default]\nmode = ""', "[default] mode = '': must be one of auto, gray, hold, observe, off"),
    ('[default]\nmode = "AUTO"', "[default] mode = 'AUTO': must be one of auto, gray, hold, observe, off"),
    ("[default]\nmode = true", "[default] mode = True: must be one of auto, gray, hold, observe, off"),
    ("[default]\nmode = []", "[default] mode = []: must be one of auto, gray, hold, observe, off"),
    ("[default]\nmode = {a = 1}", "[default] mode = {'a': 1}: must be one of auto, gray, hold, observe, off"),
    ("[default]\ndelay_seconds = -1", "[default] delay_seconds = -1: must be a number from 0 to 2592000"),
    ("[default]\ndelay_seconds = 2592001",
     "[default] delay_seconds = 2592001: must be a number from 0 to 2592000"),
    ("[default]\ndelay_seconds = nan", "[default] delay_seconds = nan: must be a number from 0 to 2592000"),
    ("[default]\ndelay_seconds = inf", "[default] delay_seconds = inf: must be a number from 0 to 2592000"),
    ("[default]\ndelay_seconds = true", "[default] delay_seconds = True: must be a number from 0 to 2592000"),
    ('[default]\ndelay_seconds = "5"', "[default] delay_seconds = '5': must be a number from 0 to 2592000"),
    ("[default]\ndelay = 5", "[default] delay: not known; a rule has mode and delay_seconds"),
    ("default = 5", "[default] must be a table"),
    ("[[default]]\nmode = 'auto'", "[default] must be a table"),
    ("[defaults]", f"[defaults] is not known; {TABLES}"),
    ('mode = "auto"', f"[mode] is not known; {TABLES}"),
    ("authorizers = 5", "authorizers must be tables, one [authorizers.<appid>] each"),
    ("[[authorizers]]", "authorizers must be tables, one [authorizers.<appid>] each"),
    (f"[authorizers]\n{SHOP} = 'hold'", f"[authorizers.{SHOP}] must be a table"),
    (f"[authorizers.{SHOP}]\nmode = 'no'",
     f"[authorizers.{SHOP}] mode = 'no': must be one of auto, gray, hold, observe, off"),
    ("[authorizers.wx0123456789ABCDEF]",
     "[authorizers.wx0123456789ABCDEF]: an appid is wx and 16 lower-case hex digits"),
    ("[authorizers.gh_0123456789ab]",
     "[authorizers.gh_0123456789ab]: an appid is wx and 16 lower-case hex digits"),
    ("[authorizers.wx0123456789abcdef0]",
     "[authorizers.wx0123456789abcdef0]: an appid is wx and 16 lower-case hex digits"),
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
    assert [problem.split(":")[0].split(" is")[0] for problem in found] == [
        "[colour]",
        "[default] speed",
        "[default] mode = 'sometimes'",
        "[default] delay_seconds = -1",
        "[authorizers.nobody]",
        "[authorizers.nobody] delay_seconds = 'x'",
        f"[authorizers.{SHOP}] mode = 7",
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


@given(st.sampled_from(Mode), st.integers(0, 2592000), st.sampled_from(Mode), st.integers(0, 2592000))
def test_what_was_written_is_what_applies(mode, delay, own_mode, own_delay):
    policy = parse_policy(
        f'[default]\nmode = "{mode}"\ndelay_seconds = {delay}\n'
        f'[authorizers.{SHOP}]\nmode = "{own_mode}"\ndelay_seconds = {own_delay}\n'
    )
    assert treatment(policy, OTHER) == (mode, float(delay) if mode in (Mode.AUTO, Mode.GRAY) else 0.0)
    own_waits = own_mode in (Mode.AUTO, Mode.GRAY)
    assert treatment(policy, SHOP) == (own_mode, float(own_delay) if own_waits else 0.0)
