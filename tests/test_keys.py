"""`reactor keys rotate` beside a reactor that goes on working."""

import json

import pytest
from commands import command
from known import environment

OLD = environment("x", "x")["REACTOR_SECRET_KEY"]
NEW = "another-secret-key-that-is-long-enough"


@pytest.fixture
def rotate(database_url, face):
    def run(*words, keys=f"{NEW},{OLD}", code=0):
        variables = environment(database_url, face.url, REACTOR_SECRET_KEY=keys)
        return command("keys", "rotate", *words, code=code, **variables).stdout

    return run


def test_after_a_rotation_the_old_key_may_go_and_releases_go_on(rotate, house, build_house):
    house.open_shop()
    told = json.loads(rotate("--json"))
    assert told["complete"] is True
    assert told["rotated"] == 3  # ticket, component token, refresh token; the code is used up
    alone = build_house(REACTOR_SECRET_KEY=NEW)
    alone.approve()
    alone.run()
    assert alone.only_release()["state"] == "released"
    assert "api_get_authorizer_list" not in [call.call for call in house.platform.calls]


def test_who_has_both_keys_works_before_and_after(rotate, build_house):
    house = build_house(REACTOR_SECRET_KEY=f"{NEW},{OLD}")
    house.open_shop()
    rotate()
    house.approve("1.0.1")
    house.run()
    assert house.only_release()["state"] == "released"


def test_it_says_that_the_older_keys_may_leave(rotate, house):
    house.open_shop()
    assert "the older ones may leave REACTOR_SECRET_KEY" in rotate()
    assert "旧密钥可以从 REACTOR_SECRET_KEY 里去掉了" in rotate("--lang", "zh")


def test_secrets_of_a_lost_key_are_exit_code_1(rotate, house):
    house.open_shop()
    assert "no key opens" in rotate(keys=NEW, code=1)
    assert json.loads(rotate("--json"))["complete"] is True
