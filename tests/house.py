"""The reactor of the tests beside its simulator, and the time both live in."""

from dataclasses import dataclass, field
from random import Random

from known import COMPONENT, SHOP, SHOP_NAME

from reactor.core.crypto import seal_envelope
from reactor.desk import Desk
from reactor.simulator import pusher
from reactor.simulator.platform import Platform

START = 1_790_000_000.0


@dataclass
class Clock:
    """A time that only moves when told to; sleeping moves it."""

    now: float = START

    def __call__(self):
        return self.now

    def advance(self, seconds):
        self.now += seconds


@dataclass
class House:
    """The reactor beside the simulator: gestures on WeChat's side, pushes, turns, and what the API shows."""

    platform: Platform
    face: object
    clock: Clock
    settings: object
    app: object
    nonce: Random = field(default_factory=lambda: Random(11))

    @property
    def worker(self):
        return self.app.extensions["reactor"].worker

    @property
    def store(self):
        return self.app.extensions["reactor"].store

    @property
    def tally(self):
        return self.app.extensions["reactor"].tally

    @property
    def desk(self):
        """The operator's hands, past every door."""
        return Desk(self.store, COMPONENT, wake=self.worker.wake, clock=self.clock)

    # pushes

    def deliver(self, message, authorizer_appid=None, *, path=None, timestamp=None, times=1):
        """Push as WeChat does; the last answer."""
        route = path or (
            f"/wechat/authorizers/{authorizer_appid}" if authorizer_appid else "/wechat/component"
        )
        for _ in range(times):
            sealed = seal_envelope(
                message,
                component_appid=COMPONENT,
                token=self.settings.message_tokens[0],
                aes_key=self.settings.aes_keys[0],
                timestamp=int(timestamp or self.clock()),
                nonce=str(self.nonce.randrange(10**9)),
                random16=self.nonce.randbytes(16),
                recipient=("ToUserName", "gh_outer"),
            )
            answer = self.app.test_client().post(route, query_string=sealed.query, data=sealed.body)
        return answer

    def push_ticket(self):
        ticket = self.platform.issue_ticket()
        return self.deliver(
            pusher.ticket(component_appid=COMPONENT, created_at=int(self.clock()), ticket=ticket)
        )

    def push_authorized(self, appid=SHOP, user_name=SHOP_NAME, nick_name="Deer Diner", **more):
        code = self.platform.authorize(appid, user_name=user_name, nick_name=nick_name, **more)
        return self.deliver(
            pusher.authorized(
                component_appid=COMPONENT,
                created_at=int(self.clock()),
                authorizer_appid=appid,
                authorization_code=code,
            )
        )

    def push_unauthorized(self, appid=SHOP):
        self.platform.unauthorize(appid)
        return self.deliver(
            pusher.unauthorized(
                component_appid=COMPONENT, created_at=int(self.clock()), authorizer_appid=appid
            )
        )

    def push_approval(self, appid=SHOP, user_name=SHOP_NAME, *, succeeded_at=None, times=1):
        """Push an approval, whatever WeChat would say about it."""
        now = int(self.clock())
        message = pusher.audit_success(user_name=user_name, created_at=now, succeeded_at=succeeded_at or now)
        return self.deliver(message, appid, times=times)

    def approve(self, version="1.0.0", appid=SHOP, user_name=SHOP_NAME, *, times=1):
        """Submit, approve, push: what a good day looks like."""
        self.platform.submit_audit(appid, version, f"about {version}")
        self.clock.advance(60)
        succeeded_at = self.platform.approve(appid)
        return self.push_approval(appid, user_name, succeeded_at=succeeded_at, times=times)

    def open_shop(self, appid=SHOP, user_name=SHOP_NAME, **more):
        """A ticket, an authorization, its code exchanged."""
        self.push_ticket()
        self.push_authorized(appid, user_name, **more)
        self.run()

    # turns

    def run(self):
        """Take every turn that is due now."""
        return self.worker.run_until_idle(1000)

    def run_for(self, seconds, step=0.5):
        """Let time pass, taking the turns as they come due."""
        end = self.clock() + seconds
        while self.clock() < end:
            self.run()
            self.clock.advance(min(step, end - self.clock()))
        self.run()

    def keep_up(self, seconds=1.0, step=0.1):
        """Let time pass, doing whatever upkeep comes due: the sweep, the ticket, what is past its time."""
        end = self.clock() + seconds
        while self.clock() < end:
            while self.worker.upkeep.step():
                pass
            self.clock.advance(step)

    def flow(self, seconds=0.0, step=1.0):
        """Let time pass, taking the turns as they come due, and moving the waves."""
        end = self.clock() + seconds
        while True:
            self.run()
            while self.worker.tide.step():
                self.run()
            if self.clock() >= end:
                return
            self.clock.advance(min(step, end - self.clock()))

    # what the operator sees

    def api(self, path, method="GET", status=200):
        headers = {"Authorization": f"Bearer {self.settings.api_token}"}
        answer = self.app.test_client().open(f"/api/v1{path}", method=method, headers=headers)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.get_json()

    def releases(self, **filters):
        query = "&".join(f"{name}={value}" for name, value in filters.items())
        return self.api(f"/releases?{query}")["items"]

    def only_release(self):
        (release,) = self.releases()
        return self.api(f"/releases/{release['id']}")
