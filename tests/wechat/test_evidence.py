"""The record of a call shows what was sent and what came back, and none of its secrets."""

import contextlib
import json

import pytest
from wire import APPID, CANARY, COMPONENT, OK, http

from reactor.core.errors import WeChatError
from reactor.wechat.evidence import of_answer


@pytest.fixture
def record(wire, client):
    """The record of one call that is answered so."""

    def of(answer, call, *arguments):
        kept = []
        near = client(wire(answer).url if answer else "http://127.0.0.1:1").observing(kept.append)
        with contextlib.suppress(WeChatError):
            getattr(near, call)(*arguments)
        (found,) = kept
        assert CANARY not in f"{found.request}{found.answer}{found!r}"
        return found

    return of


def test_a_release_shows_its_empty_body_and_the_answer(record):
    found = record(http(OK), "release", CANARY, APPID)
    assert found.request == "POST /wxa/release?access_token=•••\n{}"
    assert json.loads(found.answer) == OK


def test_a_look_without_a_body_shows_none(record):
    answer = {"errcode": 0, "errmsg": "ok", "auditid": 7, "status": 0}
    found = record(http(answer), "latest_audit", CANARY, APPID)
    assert found.request == "GET /wxa/get_latest_auditstatus?access_token=•••"
    assert json.loads(found.answer) == answer


def test_a_token_is_asked_for_and_given_behind_a_mask(record):
    answer = {"authorizer_access_token": CANARY, "expires_in": 7200, "authorizer_refresh_token": CANARY}
    found = record(http(answer), "authorizer_token", CANARY, APPID, CANARY)
    _, _, body = found.request.partition("\n")
    assert json.loads(body) == {
        "component_appid": COMPONENT,
        "authorizer_appid": APPID,
        "authorizer_refresh_token": "•••",
    }
    given = {"authorizer_access_token": "•••", "expires_in": 7200, "authorizer_refresh_token": "•••"}
    assert json.loads(found.answer) == given


def test_an_answer_that_repeats_the_request_shows_no_token(record):
    page = f"<html>/wxa/release?access_token={CANARY} is gone</html>".encode()
    found = record(http(page, status="502 Bad"), "release", CANARY, APPID)
    assert found.answer == "<html>/wxa/release?access_token=••• is gone</html>"


def test_what_never_left_has_a_request_and_no_answer(record):
    found = record(None, "release", CANARY, APPID)
    assert found.request.startswith("POST /wxa/release")
    assert found.answer is None


@pytest.mark.parametrize("body", [b"[" * 5000, b"1", b'"text"', b"", b"\xff\xfe", b"{" + b"9" * 5000 + b"}"])
def test_any_answer_can_be_kept(body):
    assert len(of_answer(body, ("secret",)).encode()) < 13_000
