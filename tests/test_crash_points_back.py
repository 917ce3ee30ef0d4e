"""Death at every commit and call of a gray release and of a rollback: each step is taken once."""

import pytest
from dying import deaths, platform_at, yard
from house import Clock
from known import SHOP
from stories import ask, replay, whole
from test_crash_points import Service

from reactor.simulator.face import serve

HOUR = 3601


def opened(service):
    """A shop with a version online and a newer one approved."""
    service.push_ticket()
    service.push_authorized()
    service.tend()
    for version in ("1.0.0", "2.0.0"):
        service.platform.submit_audit(SHOP, version)
        push = service.approve()
        if version == "2.0.0":
            return push
        service.push(push, SHOP)
        service.tend()
    raise AssertionError


def gray(service):
    push = opened(service)
    before = len(service.first.passed)
    service.push(push, SHOP)
    service.tend()
    for _ in range(3):
        service.clock.advance(HOUR)
        service.tend()
    return before


def rolled_back(service):
    push = opened(service)
    service.push(push, SHOP)
    service.tend()
    service.clock.advance(60)
    before = len(service.first.passed)
    service.do(_ask_for_it)
    service.tend()
    return before


def _ask_for_it(house):
    return house.api(f"/releases/{newest(house)['id']}/rollback", "POST")


def newest(house):
    return whole(house, house.releases()[0])


def done(service, call):
    """How often WeChat did it."""
    made = [one for one in service.platform.calls if one.call == call]
    return [one for one in made if one.errcode == 0]


def check_gray(service):
    service.settle()
    assert service.platform.live(SHOP)[0] == "2.0.0"
    assert [one["state"] for one in service.house.releases()] == ["released", "released"]
    assert len(done(service, "grayrelease")) == 3
    assert len(service.platform.effective_releases(SHOP)) == 2


def check_rolled_back(service):
    for _ in range(3):
        service.clock.advance(61)
        service.tend()
    release = newest(service.house)
    reverted = done(service, "revertcoderelease")
    if release["state"] == "released":  # it died before the call left: nobody but a person asks again
        assert reverted == []
        assert "nothing is called a second time unless a person asks again" in release["reason"]
        service.do(_ask_for_it)
        service.tend()
        release = newest(service.house)
    assert release["state"] == "cancelled"
    assert release["reason"] == "rolled back by api; version 1.0.0 is live again"
    assert service.platform.live(SHOP)[0] == "1.0.0"
    assert len(done(service, "revertcoderelease")) == 1
    assert len(service.platform.effective_releases(SHOP)) == 2
    assert ask(service.house, "SELECT live_version FROM authorizers") == [("1.0.0",)]


STORIES = {gray: (check_gray, "grayrelease"), rolled_back: (check_rolled_back, "revertcoderelease")}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_whoever_dies_at_any_commit_or_call_leaves_each_step_taken_once(request, kind, story, tmp_path):
    check, call = STORIES[story]
    policy = tmp_path / "policy.toml"
    policy.write_text('[default]\nmode = "gray"\n' if story is gray else "")
    clock = Clock()

    def live(left=None):
        service = Service(here, down_for=1, left=left)
        before = story(service)
        moments = list(service.first.passed)
        check(service)
        for release in service.house.releases():
            replay(whole(service.house, release))
        assert ask(service.house, "SELECT call FROM calls WHERE outcome = 'started'") == []
        return before, moments

    with serve(platform_at(clock)) as face, yard(request, kind, face, clock, policy) as here:
        before, moments = live()
        assert f"after the call {call}" in moments[before:]
        for left in deaths(moments, before):
            try:
                live(left)
            except BaseException as error:
                error.add_note(f"it died at moment {left} of {len(moments)}: {moments[left]}")
                raise
    print(f"{story.__name__} on {kind}: {len(deaths(moments, before))} deaths")
