"""Death at every commit and call of an approval by a person, and of a pause that ends: released, once."""

import pytest
from dying import deaths, platform_at, yard
from house import Clock
from known import SHOP
from stories import ask
from test_crash_points import Service, approved_unheard, check

from reactor.desk import DECISIONS
from reactor.simulator.face import serve

HOUR = 3600


def waiting(service):
    """A shop whose approval has come in; how many moments that took, for they are of other stories."""
    push = approved_unheard(service)
    service.push(push, SHOP)
    return len(service.first.passed)


def only(house):
    (release,) = house.releases()
    return release


def held_and_approved(service):
    before = waiting(service)
    service.tend()
    assert only(service.house)["state"] == "held"
    service.clock.advance(25 * HOUR)
    service.push_ticket()
    service.tend()
    assert not called(service)
    service.do(approve)
    service.tend()
    return before


def paused_and_resumed(service):
    before = waiting(service)
    service.do(lambda house: house.desk.pause_authorizer(SHOP, paused=True, actor="cli"))
    service.do(lambda house: house.api("/pause", "POST"))
    service.tend()
    service.do(lambda house: house.api("/resume", "POST"))
    service.tend()
    assert only(service.house)["state"] == "pending"
    assert not called(service)
    service.do(lambda house: house.desk.pause_authorizer(SHOP, paused=False, actor="cli"))
    service.tend()
    return before


def expired(service):
    before = waiting(service)
    service.clock.advance(49 * HOUR)
    service.push_ticket()
    service.tend()
    return before


def approve(house):
    """Asked for again by whoever had no answer, it may be done already."""
    release = only(house)
    if release["state"] == "held":
        house.desk.act(release["id"], DECISIONS["approve"], actor="api")


def called(service):
    return [call for call in service.platform.calls if call.call == "release"]


def check_expired(service):
    (release,) = service.house.releases()
    assert release["state"] == "cancelled"
    assert release["reason"] == "nobody decided within 48 hours; it was not released"
    assert called(service) == []
    told = ask(service.house, "SELECT kind FROM notices WHERE kind IN ('expired', 'held_reminder')")
    assert told == [("expired",)]
    assert len(ask(service.house, "SELECT 1 FROM history WHERE happening = 'expired'")) == 1


def check_approved(service):
    service.settle()
    check(service)
    assert ask(service.house, "SELECT approved_by FROM releases") == [("api",)]
    assert ask(service.house, "SELECT kind FROM notices WHERE kind = 'held_reminder'") == [("held_reminder",)]


def check_resumed(service):
    service.settle()
    check(service)


HOLD = '[default]\nmode = "hold"\n[held]\nremind_hours = 24\n'
STORIES = {
    held_and_approved: (check_approved, HOLD),
    paused_and_resumed: (check_resumed, ""),
    expired: (check_expired, f"{HOLD}expire_hours = 48\n"),
}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_whoever_dies_at_any_commit_or_call_leaves_what_people_decided(request, kind, story, tmp_path):
    check_end, text = STORIES[story]
    policy = tmp_path / "policy.toml"
    policy.write_text(text)
    clock = Clock()

    def live(left=None):
        service = Service(here, down_for=1, left=left)
        before = story(service)
        moments = list(service.first.passed)
        check_end(service)
        return before, moments

    with (
        serve(platform_at(clock)) as face,
        yard(request, kind, face, clock, policy, REACTOR_NOTIFY="wecom://made-up-key") as here,
    ):
        before, moments = live()
        for left in deaths(moments, before):
            try:
                live(left)
            except BaseException as error:
                error.add_note(f"it died at moment {left} of {len(moments)}: {moments[left]}")
                raise
    print(f"{story.__name__} on {kind}: {len(deaths(moments, before))} deaths")
