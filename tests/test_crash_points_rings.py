"""Death at every commit and call of a version on its way through the rings: nobody goes early, or twice."""

import pytest
from dying import deaths, platform_at, yard
from house import Clock
from known import COMPONENT
from stories import ask, replay, whole
from test_crash_points import LEASES_LAPSE, Service
from test_rings import LIMITED, appid, name

from reactor.simulator import pusher
from reactor.simulator.face import serve
from reactor.simulator.faults import Fault

HEALTHY = 60
SHOPS = (1, 2, 3)
POLICY = f"""
[pace]
releases_per_second = 1000
[[rings]]
name = "canary"
authorizers = ["{appid(1)}"]
healthy_seconds = {HEALTHY}
[[rings]]
name = "second"
first = 1
healthy_seconds = {HEALTHY}
"""


class Fleet(Service):
    """Three mini programs, of whom the first is the canary."""

    def open(self):
        self.push_ticket()
        for number in SHOPS:
            code = self.platform.authorize(appid(number), user_name=name(number), nick_name="x")
            about = {"component_appid": COMPONENT, "created_at": int(self.clock())}
            one = {"authorizer_appid": appid(number), "authorization_code": code}
            self.push(pusher.authorized(**about, **one))
        self.tend()
        for number in SHOPS:
            self.platform.submit_audit(appid(number), "1.0.0")
        self.clock.advance(60)

    def approve_all(self):
        for number in SHOPS:
            at = self.platform.approve(appid(number))
            message = pusher.audit_success(user_name=name(number), created_at=at, succeeded_at=at)
            self.push(message, appid(number))
        self.tend()

    def tend(self):
        before = self.life
        self.do(_tend)
        if self.life is not before:
            self.clock.advance(LEASES_LAPSE)
            _tend(self.house)

    def wait(self):
        self.clock.advance(HEALTHY + 5)
        self.tend()

    def settle(self):
        for _ in range(8):
            self.wait()

    @property
    def released_at(self):
        """When `release` had its effect, by mini program."""
        return {
            number: [one.at for one in self.platform.effective_releases(appid(number))] for number in SHOPS
        }


def _tend(house):
    house.worker.beat()
    house.flow()


def healthy(fleet):
    for _ in range(3):
        fleet.wait()


def failing(fleet):
    fleet.wait()


def check_healthy(fleet):
    times = fleet.released_at
    assert [len(times[number]) for number in SHOPS] == [1, 1, 1]
    (first,), second, third = times[1], *sorted((times[2][0], times[3][0]))
    assert first + HEALTHY <= second
    assert second + HEALTHY <= third
    assert {one["state"] for one in fleet.house.releases()} == {"released"}


def check_failing(fleet):
    called = {call.authorizer_appid for call in fleet.platform.calls if call.call == "release"}
    assert called == {appid(1)}
    assert ask(fleet.house, "SELECT state, ring FROM waves") == [("stopped", 0)]
    states = sorted(one["state"] for one in fleet.house.releases())
    assert states == ["failed", "pending", "pending"]


@pytest.mark.parametrize(("story", "check"), [(healthy, check_healthy), (failing, check_failing)])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_whoever_dies_at_any_commit_or_call_releases_nobody_before_his_ring(
    request, kind, story, check, tmp_path
):
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY)
    clock = Clock()

    def live(left=None):
        fleet = Fleet(here, down_for=1, left=left)
        fleet.open()
        if story is failing:
            fleet.platform.plan(Fault("release", "errcode", errcode=LIMITED, times=99))
        before = len(fleet.first.passed)
        fleet.approve_all()
        story(fleet)
        moments = list(fleet.first.passed)
        fleet.settle()
        check(fleet)
        for release in fleet.house.releases():
            replay(whole(fleet.house, release))
        assert ask(fleet.house, "SELECT call FROM calls WHERE outcome = 'started'") == []
        return before, moments

    with serve(platform_at(clock)) as face, yard(request, kind, face, clock, policy) as here:
        before, moments = live()
        for left in deaths(moments, before):
            try:
                live(left)
            except BaseException as error:
                error.add_note(f"it died at moment {left} of {len(moments)}: {moments[left]}")
                raise
    print(f"{story.__name__} on {kind}: {len(deaths(moments, before))} deaths")
