"""Every text has a Chinese twin, and what whole journeys store is retold without an English sentence left."""

import ast
import inspect
import re
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
from known import SHOP

from reactor.cli.program import CHAPTERS, EXIT_CODES, program
from reactor.core.decisions import Turns, weigh, words
from reactor.core.errcodes import ROWS
from reactor.core.errors import Answered, UnreadableMessage
from reactor.core.xmlgate import MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, screen
from reactor.simulator.faults import KINDS, Fault
from reactor.words import chinese, retell
from reactor.words.chinese import CHINESE

ROOT = Path(__file__).parents[2] / "reactor"
SAYING = {"say", "say_in", "speak"}
SENTENCE = re.compile(r"[A-Za-z']{2,} [a-z']{2,} [a-z']{2,}")
CHECKS = ("diagnosis", "reachability", "explain", "meaning")
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def trees():
    return {path: ast.parse(path.read_bytes()) for path in sorted(ROOT.rglob("*.py"))}


def said():
    """Every literal that some line says, and where."""
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            text = node.args[0]
            if name in SAYING and isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield pytest.param(text.value, id=f"{path.stem}:{node.lineno}")


def checked():
    """Every sentence among the literals of the modules that make checks: texts, remedies, what is in them."""
    for module in CHECKS:
        tree = ast.parse((ROOT / "core" / f"{module}.py").read_bytes())
        bodies = (node.body for node in ast.walk(tree) if isinstance(getattr(node, "body", None), list))
        notes = {id(line.value) for body in bodies for line in body if isinstance(line, ast.Expr)}
        for node in ast.walk(tree):
            text = getattr(node, "value", None)
            sentence = isinstance(node, ast.Constant) and isinstance(text, str) and " " in text.strip()
            if sentence and id(node) not in notes and re.search("[a-z]{2}", text):
                yield pytest.param(node.value, id=f"{module}:{node.lineno}")


def commands(command=program):
    yield command
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        yield from commands(below)


def helped():
    """Every text of the help: of commands, and of their options without what stands in brackets."""
    yield from (*CHAPTERS, EXIT_CODES)
    for command in commands():
        text = inspect.cleandoc(command.help or "")
        yield from (text, text.split("\n\n")[0])
        for option in command.params:
            yield from re.split(r"  (?=\[)", getattr(option, "help", None) or "")


@pytest.mark.parametrize("text", list(said()))
def test_what_is_said_has_a_twin(text):
    assert text.strip("\n") in CHINESE


@pytest.mark.parametrize("text", list(checked()))
def test_what_a_check_says_has_a_twin(text):
    assert text in CHINESE


@pytest.mark.parametrize("text", sorted({text for text in helped() if text}))
def test_the_help_has_a_twin(text):
    assert text in CHINESE


def test_no_text_has_two_twins():
    rooms = [module for module in vars(chinese).values() if inspect.ismodule(module)]
    twins = [item for room in rooms for item in room.CHINESE.items()]
    assert len({text for text, _ in twins}) == len(set(twins))


# -- what the engine stores ------------------------------------------------------------------------------


def english_left(reason):
    """The English sentence that is left of a reason once it is retold, if there is one."""
    found = SENTENCE.search(retell(reason, "zh"))
    return found and found[0]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.call} {row.errcode}")
def test_every_answer_of_the_table_is_retold(row):
    reason = words(Answered(row.call or "getversioninfo", row.errcode, ""))
    assert row.zh in retell(reason, "zh")


def test_an_answer_of_no_table_and_a_last_turn_are_retold():
    turns = Turns(taken=8, waited=0, now=0, scale=1, chance=0.5)
    decision = weigh(Answered("release", 12345, ""), turns)
    assert retell(decision.reason, "zh") == (
        "release 返回了表中没有的错误码 12345。系统再试几次后转人工；"
        "请看 errmsg，并带 rid 反馈微信。；试了 8 次未成，需人工处理"
    )


@pytest.fixture
def reasons(store):
    """Every reason that the database holds."""
    columns = (
        "releases.reason",
        "history.detail",
        "events.reason",
        "authorizers.reason",
        "component.blocked_reason",
    )

    def read():
        with store.read() as connection:
            for column in columns:
                table, name = column.split(".")
                yield from connection.execute(sa.text(f"SELECT {name} FROM {table}")).scalars()

    return lambda: {reason for reason in read() if reason}


# What the reactor calls in these stories.
USED = (
    *("api_component_token", "api_query_auth", "api_authorizer_token", "api_get_authorizer_info", "release"),
    *("get_latest_auditstatus", "getversioninfo", "getgrayreleaseplan"),
)
WAYS = tuple(sorted(kind for kind in KINDS if not kind.startswith(("hold", "delay", "timeout"))))


def fault(call, kind):
    """A misfortune that lasts for a while."""
    errcode = -1 if kind.startswith("errcode") else None
    return Fault(call, kind, errcode=errcode, times=3, seconds=1.2 if "timeout" in kind else 0.0)


@SQLITE
@pytest.mark.parametrize("kind", WAYS)
@pytest.mark.parametrize("call", USED)
def test_whatever_went_wrong_is_retold(house, reasons, call, kind):
    house.push_ticket()
    house.platform.plan(fault(call, kind))
    house.push_authorized()
    house.run_for(200, step=20)
    house.approve()
    house.run_for(400, step=40)
    house.keep_up(60, step=30)
    assert {reason for reason in reasons() if english_left(reason)} == set()


def cancelled(house):
    house.open_shop()
    house.approve()
    house.api("/releases/1/cancel", "POST")


def superseded(house):
    house.open_shop()
    house.approve("1.0.0")
    house.approve("1.0.1")


def revoked(house):
    house.open_shop()
    house.api("/pause", "POST")
    house.approve()
    house.push_unauthorized()


def contradicted(house):
    house.open_shop()
    house.platform.submit_audit(SHOP, "1.0.0")
    house.platform.reject(SHOP, "1:too dull")
    house.push_approval()
    house.run()
    house.api("/releases/1/retry", "POST")


def unknown(house):
    house.push_ticket()
    house.push_approval()
    house.run()


def astray(house):
    house.open_shop()
    house.push_approval(user_name="gh_another")
    house.deliver(b"<xml><a>b</a><a>c</a></xml>", SHOP)
    house.deliver(b"no xml", SHOP)


def gray(house):
    house.open_shop()
    house.approve("1.0.0")
    house.run()
    house.platform.submit_audit(SHOP, "1.0.1")
    house.clock.advance(60)
    at = house.platform.approve(SHOP)
    house.platform.start_gray(SHOP, 20)
    house.push_approval(succeeded_at=at)
    house.run()


def not_whitelisted(house):
    house.open_shop()
    house.platform.allowed = False
    house.approve()
    house.run()


def ticketless(house):
    house.open_shop()
    house.approve()
    house.clock.advance(13 * 3600)
    house.run()


def without_permission(house):
    house.open_shop(func_ids=(1,))
    house.approve()
    house.run()


def unreachable(house):
    house.open_shop()
    house.face.close()
    house.approve()
    house.run_for(9000, step=300)


JOURNEYS = (
    *(cancelled, superseded, revoked, contradicted, unknown, astray, gray, not_whitelisted, ticketless),
    *(without_permission, unreachable),
)


@SQLITE
@pytest.mark.parametrize("journey", JOURNEYS)
def test_whatever_was_decided_is_retold(house, reasons, journey):
    journey(house)
    found = reasons()
    assert found
    assert {reason for reason in found if english_left(reason)} == set()


def test_what_the_gate_refuses_is_retold():
    hostile = (
        *(
            b"",
            b"x" * (MAX_BYTES + 1),
            b"\xff",
            b"\0",
            b"<a",
            b'<a><b c="d"/></a>',
            b"<a><b/><b/></a>",
            b"<a>b</a>",
        ),
        *(
            b"<a><b/>" * (MAX_DEPTH + 1),
            b"<a>" + b"<b/>" * (MAX_ELEMENTS + 1),
            b"<a>x<b/></a>",
            b"<!DOCTYPE a><a/>",
        ),
        *(b"<a><!-- b --></a>", b"<a><?b c?></a>", b'<?xml version="1.0" encoding="gbk"?><a/>'),
    )
    for text in hostile:
        with pytest.raises(UnreadableMessage) as refused:
            screen(text)
        assert not english_left(str(refused.value).split(": ")[0])
