import string

import pytest

from reactor.words import retell, say
from reactor.words.chinese import CHINESE


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_a_text_is_said_in_the_readers_language():
    assert say("held", "en") == "held"
    assert say("held", "zh") == "等待人工确认"


def test_values_are_filled_in_and_a_text_without_a_twin_stays_english():
    assert say("{count} of {all} are there", "zh", count=3, all=4) == "3 of 4 are there"


def test_what_no_template_made_is_retold_as_it_is():
    assert retell("something a person wrote", "zh") == "something a person wrote"
    assert retell("held", "zh") == "等待人工确认"
    assert retell("held", "en") == "held"


@pytest.mark.parametrize("text", CHINESE)
def test_both_twins_speak_of_the_same_values(text):
    assert fields(text) == fields(CHINESE[text])
    assert CHINESE[text].strip()
