"""What the story, the lists and the errcodes say stands in both languages."""

import ast
from pathlib import Path

import pytest

from reactor import story
from reactor.core.errcodes import ROWS
from reactor.core.lifecycle import Happening
from reactor.words import telling
from reactor.words.chinese import CHINESE
from reactor.words.explaining import explain

ROOT = Path(story.__file__).parent


def spoken(path):
    """The literals of a module that read like words of a person, but for docstrings and logs."""
    tree = ast.parse(path.read_text("utf-8"))
    quiet = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in ("info", "warning"):
            quiet |= {id(node) for node in call.args}
        if isinstance(call, ast.JoinedStr):
            quiet |= {id(node) for node in call.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in quiet:
            yield node.value


@pytest.mark.parametrize(
    "name", ["story.py", *(f"web/ops/{n}.py" for n in ("deeds", "authorizers", "events", "waves"))]
)
def test_each_sentence_of_a_module_has_a_twin(name):
    said = {text for text in spoken(ROOT / name) if text[:1].isupper() and " " in text}
    assert said
    assert said - set(CHINESE) == set()


def test_each_wait_each_call_and_each_happening_of_a_story_has_a_twin():
    told = [*telling.WAITS.values(), *telling.WAITED_AFTER.values(), *(words for _, words in telling.WAITED)]
    told += [
        *telling.CALLS.values(),
        *telling.DOORS.values(),
        *telling.AUDITS.values(),
        "for a person",
        "as planned",
    ]
    told += [words for _, words in (*telling.CHANGES.values(), *telling.OUTCOMES.values())]
    assert set(told) - set(CHINESE) == set()
    assert set(Happening) <= set(telling.CHANGES)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_errcode_is_told_by_its_meaning_and_its_remedy_and_nothing_is_lost(lang):
    for row in ROWS:
        told = explain(row.call or "release", row.errcode, lang)
        whole = explain.__globals__["lookup"](row.call or "release", row.errcode)
        text = whole.zh if lang == "zh" else whole.en
        assert f"{told.meaning} {told.remedy}".replace(" ", "") == text.replace(" ", "")
        assert told.meaning.endswith("。" if lang == "zh" else ".")
        assert told.source.startswith("https://")
    assert "no table" in explain("release", 123456, "en").meaning
