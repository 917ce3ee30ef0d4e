"""Whatever Apprise speaks, by a plugin of our own kind: its URL leads to a list."""

import logging
import sys

import apprise
import pytest

from reactor.core.channels import OddChannelError, parse_channels
from reactor.core.notices import Message
from reactor.notify import Outside, Undelivered, send

MESSAGE = Message("test", 0.0, ("✅ *it* is live",), "https://reactor.example/ops")
HEARD = []


@apprise.decorators.notify(on="hearing")
def hear(body, title, *_, **__):
    HEARD.append((title, body))


@apprise.decorators.notify(on="deaf")
def hear_nothing(*_, **__):
    return False


@apprise.decorators.notify(on="broken")
def break_down(*about, **__):
    raise RuntimeError(f"canary {about}")


def deliver(url):
    (channel,) = parse_channels(url)
    send(channel, MESSAGE, Outside(), now=0.0, message_id="msg_1")


def test_a_message_goes_through_apprise_as_it_is():
    HEARD.clear()
    deliver("apprise+hearing://somewhere")
    assert HEARD == [("", "✅ *it* is live\nhttps://reactor.example/ops")]


@pytest.mark.parametrize("scheme", ["deaf", "broken"])
def test_what_apprise_does_not_deliver_is_tried_again_and_nothing_is_quoted(scheme, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Undelivered, match="Apprise did not deliver it") as caught:
        deliver(f"apprise+{scheme}://canary")
    assert not caught.value.for_good
    assert caught.value.__context__ is None
    assert "canary" not in caplog.text


def test_what_apprise_does_not_know_is_given_up():
    with pytest.raises(Undelivered, match="does not know") as caught:
        deliver("apprise+nonesuch://canary")
    assert caught.value.for_good
    assert "canary" not in str(caught.value)


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(Undelivered, match=r"install wechat-release-reactor\[apprise\]"):
        deliver("apprise+hearing://somewhere")


@pytest.mark.parametrize("scheme", ["json", "jsons", "xml", "form", "forms"])
def test_urls_of_anybody_s_go_by_the_guarded_way_only(scheme):
    with pytest.raises(OddChannelError, match=r"write webhook\+https"):
        parse_channels(f"apprise+{scheme}://127.0.0.1/")
