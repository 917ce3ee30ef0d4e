"""Every English text that the pages say has its Chinese twin."""

import ast
import re
from pathlib import Path

import pytest

from reactor.settings import VARIABLES
from reactor.web.ops import speech
from reactor.web.ops.frame import _APOLOGIES
from reactor.words.chinese import CHINESE

OPS = Path(speech.__file__).parent
_SAID = re.compile(r"""\bt\(\s*"((?:[^"\\]|\\.)*)""")
SENTENCE = re.compile(r"[A-Z{][^_]* .*")


def texts_of_templates():
    for template in sorted(OPS.glob("templates/*.html")):
        yield from _SAID.findall(template.read_text("utf-8"))


def sentences_of(path):
    """The literals of a module that are sentences, but for its docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if hasattr(node, "body")
            and isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in docs:
            yield node.value


def test_the_templates_say_nothing_without_a_twin():
    texts = set(texts_of_templates())
    assert len(texts) > 60
    assert texts - set(CHINESE) == set()


def test_no_template_writes_a_sentence_that_is_not_said():
    for template in sorted(OPS.glob("templates/*.html")):
        bare = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}|<[^>]*>", " ", template.read_text("utf-8"), flags=re.DOTALL)
        words = set(re.findall(r"[A-Za-z]{3,}", bare)) - {"Release", "Reactor", "rid", "errcode", "nbsp"}
        assert words == set(), template.name


def test_what_is_judged_and_what_went_wrong_has_a_twin():
    judged = set(sentences_of(OPS.parents[1] / "wellbeing.py"))
    said = {text for text in judged if SENTENCE.fullmatch(text)}
    assert len(said) > 10
    assert said - set(CHINESE) == set()
    assert {text for three in _APOLOGIES.values() for text in three} - set(CHINESE) == set()


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_the_meaning_of_a_variable_has_a_twin(variable):
    assert variable.meaning in CHINESE
