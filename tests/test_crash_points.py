"""Death at every commit and at every call to WeChat: what was acknowledged ends live, and is done once.

A story is lived once to find the moments at which its process touches the outside; then once more for each
of them that differs, with a death there. Another process goes on, as on any host, and WeChat repeats what
was not acknowledged. What came of it is read from WeChat's memory and from the store.
"""

from itertools import pairwise

import pytest
from dying import ACKNOWLEDGED, Death, deaths, platform_at, yard
from house import START, Clock
from known import COMPONENT, SHOP, SHOP_NAME
from stories import ask, replay, whole

from reactor.simulator import pusher
from reactor.simulator.face import serve
from reactor.simulator.faults import Fault

LEASES_LAPSE = 31
# A sweep that died asks again after 600 s, or in the round of six hours.
PATIENCE = (LEASES_LAPSE, LEASES_LAPSE, 310, 700, 3600, 7200, 11000, 11000)


class Service:
    """The reactor as a host runs it: a process that dies is followed by another on the same store."""

    def __init__(self, yard, *, down_for, left=None):
        self._yard = yard
        self._down_for = down_for
        self.clock = yard.clock
        self.clock.now = START
        self.platform = platform_at(self.clock)
        yard.begin_anew(self.platform)
        self.life = self.first = yard.bear(left)

    @property
    def house(self):
        return self.life.house

    def do(self, act):
        """Do it; whoever asked for it asks again when the process dies of it."""
        try:
            return act(self.house)
        except Death:
            self.clock.advance(self._down_for)
            self.life = self._yard.bear()
            return act(self.house)

    def push(self, message, appid=None):
        """What WeChat pushes is acknowledged, by the next process if this one dies of it."""
        answer = self.do(lambda house: house.deliver(message, appid))
        assert (answer.status_code, answer.get_data()) == ACKNOWLEDGED

    def push_ticket(self):
        about = {"component_appid": COMPONENT, "created_at": int(self.clock())}
        self.push(pusher.ticket(**about, ticket=self.platform.issue_ticket()))

    def push_authorized(self):
        code = self.platform.authorize(SHOP, user_name=SHOP_NAME, nick_name="Deer Diner")
        about = {"component_appid": COMPONENT, "created_at": int(self.clock())}
        self.push(pusher.authorized(**about, authorizer_appid=SHOP, authorization_code=code))

    def spoil(self, statement):
        """Change the store behind the product's back."""
        self._yard.spoil(statement)

    def approve(self):
        """The audit of a version ends well; gives the push that tells of it, which may never come."""
        self.clock.advance(60)
        succeeded_at = self.platform.approve(SHOP)
        return pusher.audit_success(user_name=SHOP_NAME, created_at=succeeded_at, succeeded_at=succeeded_at)

    def tend(self):
        """Everything that a process does by itself, until it is done, also when it died of it."""
        before = self.life
        self.do(_tend)
        if self.life is not before:
            self.clock.advance(LEASES_LAPSE)
            _tend(self.house)

    def tend_while_the_heart_beats(self):
        """The same, and in the middle of its first call a heartbeat renews what is held."""
        self.life.between = self.house.worker.beat
        self.tend()

    def settle(self):
        """Time passes, until there is nothing left to wait for."""
        for seconds in PATIENCE:
            self.clock.advance(seconds)
            self.tend()
            if not ask(self.house, "SELECT 1 FROM releases WHERE state IN ('pending', 'releasing')") and (
                self.platform.live(SHOP)
            ):
                return


def _tend(house):
    house.worker.beat()
    house.run()
    while house.worker.upkeep.step():
        pass
    house.run()


# -- the stories -----------------------------------------------------------------------------------------


def pushed(service):
    service.tend()
    service.push_ticket()
    service.push_authorized()
    service.tend()
    service.platform.submit_audit(SHOP, "1.0.0")
    service.push(service.approve(), SHOP)
    service.tend()


def approved_unheard(service):
    """A shop is open, its audit is known to be under way, and ends well; gives the push that has not come."""
    service.push_ticket()
    service.push_authorized()
    service.platform.submit_audit(SHOP, "1.0.0")
    service.tend()
    push = service.approve()
    service.clock.advance(700)
    return push


def found_by_the_sweep(service):
    push = approved_unheard(service)
    service.do(lambda house: house.worker.upkeep.step())
    service.push(push, SHOP)  # after all, and twice
    service.tend()
    service.push(push, SHOP)
    service.tend()


def after_the_tokens_expired(service):
    service.platform.rotate_on_refresh = True
    service.push_ticket()
    service.push_authorized()
    service.tend()
    service.clock.advance(3 * 3600)
    service.push_ticket()
    service.platform.submit_audit(SHOP, "1.0.0")
    service.push(service.approve(), SHOP)
    service.tend()


def much_that_is_old_and_no_ticket(service):
    for values in OLD:
        service.spoil(f"INSERT INTO {values}")
    service.push_ticket()
    service.push_authorized()
    service.tend_while_the_heart_beats()
    service.clock.advance(1900)
    service.tend()
    service.push_ticket()
    service.platform.submit_audit(SHOP, "1.0.0")
    service.push(service.approve(), SHOP)
    service.tend_while_the_heart_beats()


def stopped_and_probed(service):
    push = approved_unheard(service)
    service.platform.plan(Fault("get_latest_auditstatus", "errcode", errcode=61004))
    service.do(lambda house: house.worker.upkeep.step())  # which is refused
    service.clock.advance(61)
    service.tend()
    service.push(push, SHOP)
    service.tend()


# WeChat takes a replaced refresh token for five minutes more: who comes back later has to find the new one.
STORIES = {
    pushed: 1,
    found_by_the_sweep: 1,
    after_the_tokens_expired: 400,
    much_that_is_old_and_no_ticket: 1,
    stopped_and_probed: 1,
}
OLD = (
    "releases (authorizer_appid, state, mode, approved_at, created_at) VALUES ('x', 'released', 'x', 0, 0)",
    "history (release_id, at, to_state, happening, actor) SELECT id, 0, 'pending', 'x', 'x' FROM releases",
    "calls (release_id, at, call, outcome) SELECT id, 0, 'release', 'answered' FROM releases",
    "calls (at, call, outcome) VALUES (0, 'api_component_token', 'answered')",
    "events (identity, received_at, kind, verdict) VALUES ('x', 0, 'audit_success', 'accepted')",
)
# What some of them are told for.
CALLED_IN = {
    much_that_is_old_and_no_ticket: "api_start_push_ticket",
    stopped_and_probed: "api_get_authorizer_list",
}


def check(service):
    """Live, once, rightly, and told as it was."""
    platform, house = service.platform, service.house
    (shop,) = platform.authorizers()
    (audit,) = shop.audits
    assert audit.released
    assert platform.live(SHOP)[0] == audit.user_version
    assert len(platform.effective_releases(SHOP)) == 1
    submitted = audit.submitted_at + 60  # approved a minute later
    assert all(call.at >= submitted for call in platform.calls if call.call == "release")
    releases = house.releases(limit=200)
    assert [release["state"] for release in releases] == ["released"]
    replay(whole(house, releases[0]))
    assert ask(house, "SELECT call FROM calls WHERE outcome = 'started'") == []
    assert ask(house, "SELECT state, code_sealed FROM authorizers") == [("authorized", None)]
    assert ask(house, "SELECT 1 FROM calls WHERE at = 0") == []
    asked = [call.at for call in platform.calls if call.call == "api_start_push_ticket"]
    assert all(later - earlier > 3600 for earlier, later in pairwise(asked))
    assert house.api("/status")["blocked"] is None
    kinds = [kind for (kind,) in ask(house, "SELECT kind FROM events ORDER BY id")]
    assert kinds == ["authorized", "audit_success"]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_whoever_dies_at_any_commit_or_call_leaves_nothing_undone(request, kind, story, tmp_path):
    (tmp_path / "policy.toml").touch()
    clock = Clock()

    def live(left=None):
        service = Service(here, down_for=STORIES[story], left=left)
        story(service)
        moments = list(service.first.passed)
        service.settle()
        check(service)
        return service, moments

    with (
        serve(platform_at(clock)) as face,
        yard(request, kind, face, clock, tmp_path / "policy.toml") as here,
    ):
        _, moments = live()
        assert f"after the call {CALLED_IN.get(story, 'release')}" in moments
        for left in deaths(moments):
            try:
                service, passed = live(left)
                assert service.first.dead
                assert passed == moments[:left]
            except BaseException as error:
                error.add_note(f"it died at moment {left} of {len(moments)}: {moments[left]}")
                raise
    print(f"{story.__name__} on {kind}: {len(deaths(moments))} deaths at {len(moments)} moments")
