"""Anything in any order: whatever WeChat, merchants, operators and hosts do, the promises hold.

Hypothesis tells stories out of these rules, on virtual time, and shortens one that breaks a promise. After
every step the invariants of operations.md (1.11) are checked against WeChat's memory and the store. In CI
the stories are the same every time; REACTOR_MODEL_STEPS=1000000 tells other ones, and so many steps of them.
"""

import os
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from random import Random
from unittest import TestCase

import hypothesis.strategies as st
import pytest
from canaries import Aviary, leaks
from dying import ACKNOWLEDGED, Death, platform_at, yard
from house import START, Clock
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from known import AES_KEY_TEXT, APPSECRET, COMPONENT, TOKEN
from witness import POLICIES, SHOPS, Witness

from reactor.core.crypto import decode_aes_key, seal_envelope
from reactor.core.errcodes import ROWS
from reactor.core.lifecycle import TRANSITIONS, Happening, State
from reactor.simulator import pusher
from reactor.simulator.face import serve
from reactor.simulator.faults import Fault
from reactor.simulator.records import APPROVED, OPEN

MORE_STEPS = int(os.environ.get("REACTOR_MODEL_STEPS", "0"))
STEPS_OF_A_STORY = 50
STORIES = {"sqlite": 400, "postgresql": 60}
LEAST_STEPS = {"sqlite": 17_500, "postgresql": 2_500}  # a few stories end early
SEARCHED_EVERY = 10  # steps; a search for secrets reads all there is

NAMES = {appid: f"gh_00000000000{appid[-1]}" for appid in SHOPS}
AT_FIRST = "bob is held"
DAY = 86400.0
CALLED = (
    "release",
    "grayrelease",
    "revertcoderelease",
    "getversioninfo",
    "get_latest_auditstatus",
    "getgrayreleaseplan",
    "api_authorizer_token",
    "api_component_token",
    "api_query_auth",
    "api_get_authorizer_info",
    "api_get_authorizer_list",
    "api_start_push_ticket",
)
LOST = (
    *("timeout_before", "timeout_after", "reset_before", "reset_after"),
    *("http_500", "http_500_after", "not_json", "not_json_after"),
)
DECISIONS = ("approve", "approve", "retry", "cancel", "hold", "rollback")
ERRCODES = sorted({row.errcode for row in ROWS} - {0})

shops = st.sampled_from(SHOPS)
some = st.integers(0, 7)
faults = st.builds(
    lambda call, kind, errcode, times: Fault(
        call, kind, times=times, **({"errcode": errcode} if kind.startswith("errcode") else {})
    ),
    st.sampled_from(CALLED),
    st.sampled_from((*LOST, "errcode", "errcode", "errcode", "errcode_after")),
    st.sampled_from(ERRCODES),
    st.sampled_from((1, 1, 2, 5)),
)


@dataclass
class OurClock:
    """The clock of our machines, which may go wrong; WeChat's own goes right."""

    true: Clock
    wrong_by: float = 0.0

    def __call__(self):
        return self.true() + self.wrong_by

    def advance(self, seconds):
        self.true.advance(seconds)


@dataclass(frozen=True)
class Push:
    """What WeChat pushes: to whose path (None: the component's), about what, and when that was."""

    message: bytes
    appid: str | None
    kind: str
    created_at: int


class Model(RuleBasedStateMachine):
    """One WeChat, one store, one or two processes, three mini programs."""

    steps = 0

    def __init__(self, here):
        super().__init__()
        self.yard = here
        self.clock = here.clock
        self.clock.true.now, self.clock.wrong_by = START, 0.0
        self.platform = platform_at(self.clock.true, Witness, Aviary(7))
        here.begin_anew(self.platform)
        self.platform.yard = here
        self.follow(AT_FIRST)
        self.lives = [self._bear()]
        self.outbox, self.sent, self.acknowledged = [], [], set()
        self.versions = self.taken = 0
        self.nonce = Random(11)

    # -- processes ---------------------------------------------------------------------------------------

    def do(self, act, which=0):
        """Have a process do it; one that dies of it is followed by another. None when it died."""
        place = which % len(self.lives)
        life = self.lives[place]
        try:
            return act(life.house)
        except Death:
            assert life.dead
            self.yard.bury(life)
            self.lives[self.lives.index(life)] = self._bear()
            return None

    def _bear(self):
        """A process that has just started: its heart beats at once."""
        life = self.yard.bear()
        life.house.worker.beat()
        return life

    @rule(which=some, left=st.integers(0, 40))
    def doom(self, which, left):
        """It dies in so many moments, whatever it does then."""
        self.lives[which % len(self.lives)].left = left

    @precondition(lambda self: len(self.lives) == 1)
    @rule()
    def another_process_starts(self):
        self.lives.append(self._bear())

    @precondition(lambda self: len(self.lives) > 1)
    @rule(which=some)
    def one_process_stops(self, which):
        life = self.lives[which % len(self.lives)]
        self.do(lambda house: house.worker.stop(), which)
        if life in self.lives:
            self.lives.remove(life)
            self.yard.bury(life)

    @rule(which=some)
    def work(self, which):
        self.do(lambda house: house.worker.run_until_idle(20), which)

    @precondition(lambda self: len(self.lives) > 1)
    @rule(which=some, calls=st.integers(1, 4))
    def work_between_each_others_calls(self, which, calls):
        """One takes a step while the other waits for WeChat's answer."""
        mine = self.lives[which % 2]
        other = self.lives[1 - which % 2]

        def between():
            nonlocal calls
            calls -= 1
            with suppress(Death):  # it is found dead afterwards
                other.house.worker.step()
            if calls:
                mine.between = between

        mine.between = between
        self.do(lambda house: house.worker.run_until_idle(20), which)
        mine.between = None
        if other.dead:
            self.lives[self.lives.index(other)] = self._bear()
            self.yard.bury(other)

    @rule(which=some, pieces=st.integers(1, 4))
    def keep_up(self, which, pieces):
        def act(house):
            for _ in range(pieces):
                house.worker.upkeep.step()
                house.worker.tide.step()
                self.clock.advance(0.2)

        self.do(act, which)

    @rule(seconds=st.sampled_from((1, 5, 31, 61, 301, 601, 3700, 7300)))
    def time_passes(self, seconds):
        self.clock.advance(seconds)
        for which in range(len(self.lives)):
            self.do(lambda house: (house.worker.beat(), house.worker.run_until_idle(20)), which)

    @rule(days=st.sampled_from((-1, 1)))
    def our_clock_jumps(self, days):
        self.set_clock(max(-DAY, min(DAY, self.clock.wrong_by + days * DAY)))

    def set_clock(self, wrong_by):
        """Hearts beat every four seconds, so also shortly before and after."""
        self.beat()
        self.clock.wrong_by = wrong_by
        self.beat()

    def beat(self):
        for which in range(len(self.lives)):
            self.do(lambda house: house.worker.beat(), which)

    # -- WeChat, merchants, developers -------------------------------------------------------------------

    @rule(appid=shops, end=st.sampled_from(("none", "approve", "approve", "reject", "delay", "withdraw")))
    def audit(self, appid, end):
        """A version is handed in, if none is under audit; and its audit ends, or not yet."""
        audits = self.platform.authorizer(appid).audits
        if not (audits and audits[-1].status in OPEN):
            self.clock.advance(2)
            self.versions += 1
            self.platform.submit_audit(appid, f"1.0.{self.versions}", "what is new")
        self.clock.advance(2)
        now = int(self.clock.true())
        head = {"user_name": NAMES[appid], "created_at": now}
        match end:
            case "approve":
                self.platform.approve(appid)
                self.put(pusher.audit_success(**head, succeeded_at=now), appid, "audit_success")
            case "reject":
                self.platform.reject(appid, "no")
                self.put(pusher.audit_fail(**head, failed_at=now, reason="no"), appid, "audit_fail")
            case "delay":
                self.platform.delay(appid, "wait")
                self.put(pusher.audit_delay(**head, delayed_at=now, reason="wait"), appid, "audit_delay")
            case "withdraw":
                self.platform.withdraw(appid)

    def put(self, message, appid, kind):
        self.outbox.append(Push(message, appid, kind, int(self.clock.true())))

    @rule(appid=shops)
    def authorize(self, appid):
        self.clock.advance(2)
        code = self.platform.authorize(appid, user_name=NAMES[appid], nick_name=appid)
        head = {"component_appid": COMPONENT, "created_at": int(self.clock.true())}
        message = pusher.authorized(**head, authorizer_appid=appid, authorization_code=code)
        self.outbox.append(Push(message, None, f"authorized {appid}", head["created_at"]))

    @rule(appid=shops, again=st.sampled_from((False, True, True)))
    def unauthorize(self, appid, again):
        self.clock.advance(2)
        self.platform.unauthorize(appid)
        head = {"component_appid": COMPONENT, "created_at": int(self.clock.true())}
        message = pusher.unauthorized(**head, authorizer_appid=appid)
        self.outbox.append(Push(message, None, f"unauthorized {appid}", head["created_at"]))
        if again:
            self.authorize(appid)

    @rule(appid=shops, dead_in=st.sampled_from((0, 300)))
    def refresh_token_is_replaced(self, appid, dead_in):
        if self.platform.authorizer(appid).authorized and self.platform.credentials.newest_refresh(appid):
            self.platform.rotate_refresh_token(appid, grace=dead_in)

    @rule(appid=shops)
    def refresh_token_is_lost(self, appid):
        self.yard.spoil(
            "UPDATE authorizers SET refresh_token_sealed = NULL, access_token_sealed = NULL"
            f" WHERE authorizer_appid = '{appid}'"
        )

    @rule(appid=st.one_of(st.none(), shops))
    def access_tokens_die(self, appid):
        if appid is None:
            self.platform.expire_component_token()
        else:
            self.platform.expire_access_tokens(appid)

    @rule(change=st.sampled_from(("allowed", "rotate_on_refresh", "publish_while_audited")))
    def wechat_changes_its_ways(self, change):
        setattr(self.platform, change, not getattr(self.platform, change))

    @rule(fault=faults)
    def misfortune(self, fault):
        self.platform.plan(fault)

    @rule()
    def misfortunes_end(self):
        self.platform.clear_faults()

    # -- whole days: what the small rules seldom come to by themselves -------------------------------------

    @rule(appid=shops, which=some)
    def good_day(self, appid, which):
        """A version is approved, WeChat tells of it, and somebody works."""
        self.audit(appid, "approve")
        self.push(which, -1)
        self.work(which)

    @rule(appid=shops, which=some, fault=faults)
    def bad_day(self, appid, which, fault):
        """The same, with a misfortune on the way."""
        self.platform.plan(fault)
        self.good_day(appid, which)

    @rule(appid=shops, which=some, left=st.integers(0, 40))
    def last_day(self, appid, which, left):
        """The same, and the process dies on the way, if it comes that far."""
        self.doom(which, left)
        self.good_day(appid, which)

    @precondition(lambda self: len(self.lives) > 1)
    @rule(appid=shops, which=some, calls=st.integers(1, 4), left=st.none() | st.integers(0, 40))
    def crowded_day(self, appid, which, calls, left):
        """The same, and two work on it at once, one of whom may die."""
        self.audit(appid, "approve")
        self.push(which, -1)
        if left is not None:
            self.doom(which + 1, left)
        self.work_between_each_others_calls(which, calls)

    @rule(appid=shops, which=some, seconds=st.sampled_from((61, 301)), left=st.none() | st.integers(0, 40))
    def silent_day(self, appid, which, seconds, left):
        """A version is approved and no push comes; the sweep may find it, or die of it."""
        self.audit(appid, "approve")
        self.outbox.pop()
        self.time_passes(seconds)
        if left is not None:
            self.doom(which, left)
        self.keep_up(which, 4)
        self.work(which)

    @rule(which=some)
    def all_pushes_come(self, which):
        for _ in range(len(self.outbox)):
            self.push(which, 0)
        self.work(which)

    # -- pushes ------------------------------------------------------------------------------------------

    def deliver(self, push, which=0, path=None):
        """The push arrives; whether it was acknowledged."""
        appid = path or push.appid
        answer = self.do(
            lambda house: house.deliver(push.message, appid, timestamp=int(self.clock.true())), which
        )
        if answer is None:
            return False
        assert (answer.status_code, answer.get_data()) == ACKNOWLEDGED
        self.acknowledged.add((push, appid))
        return True

    @rule(which=some, place=some)
    def push(self, which, place):
        """In any order; WeChat forgets it once it was acknowledged."""
        if self.outbox:
            push = self.outbox[place % len(self.outbox)]
            if self.deliver(push, which):
                self.outbox.remove(push)
                self.sent.append(push)

    @rule(which=some, place=some)
    def push_again(self, which, place):
        if self.sent:
            self.deliver(self.sent[place % len(self.sent)], which)

    @rule(place=some)
    def push_never_comes(self, place):
        if self.outbox and self.outbox[place % len(self.outbox)].kind.startswith("audit"):
            self.outbox.pop(place % len(self.outbox))

    @rule(place=some, appid=shops)
    def push_goes_astray(self, place, appid):
        pushes = [push for push in (*self.sent, *self.outbox) if push.kind.startswith("audit")]
        if pushes:
            self.deliver(pushes[place % len(pushes)], path=appid)

    @rule(appid=shops, spoil=st.sampled_from((pusher.bad_signature, pusher.bad_timestamp, pusher.bad_body)))
    def somebody_forges_a_push(self, appid, spoil):
        now = int(self.clock.true())
        message = pusher.audit_success(user_name=NAMES[appid], created_at=now, succeeded_at=now)
        sealed = spoil(
            seal_envelope(
                message,
                component_appid=COMPONENT,
                token=TOKEN,
                aes_key=decode_aes_key(AES_KEY_TEXT),
                timestamp=now,
                nonce=str(self.nonce.randrange(10**9)),
                random16=self.nonce.randbytes(16),
                recipient=("ToUserName", NAMES[appid]),
            )
        )
        before = self.yard.fingerprint()

        route = f"/wechat/authorizers/{appid}"

        def act(house):
            return house.app.test_client().post(route, query_string=sealed.query, data=sealed.body)

        with TestCase().assertLogs("reactor", "WARNING") as told:
            answer = self.do(act)
        assert (answer.status_code, answer.get_data()) == (403, b"")
        # I8: it leaves a trace, and nothing but that.
        (trace,) = (record.getMessage() for record in told.records)
        assert re.fullmatch(rf"push=refused cause=\w+ path={route}", trace)
        assert self.yard.fingerprint() == before

    @rule(which=some)
    def ticket_comes(self, which=0):
        self.clock.advance(1)
        made_at = int(self.clock.true())
        ticket = self.platform.issue_ticket()
        message = pusher.ticket(component_appid=COMPONENT, created_at=made_at, ticket=ticket)
        self.deliver(Push(message, None, "ticket", made_at), which)

    @rule()
    def ticket_stays_away(self):
        self.clock.advance(12 * 3600 + 60)

    # -- the operator ------------------------------------------------------------------------------------

    @rule(which=some, word=st.sampled_from(("pause", "resume", "resume")))
    def operator_stops_or_resumes(self, which, word):
        self.do(lambda house: house.api(f"/{word}", "POST"), which)
        self.platform.paused = bool(self.yard.ask("SELECT count(*) FROM component WHERE paused")[0][0])

    @rule(which=some, appid=shops, word=st.sampled_from(("pause", "resume")))
    def operator_stops_or_resumes_one(self, which, appid, word):
        self._post(which, f"authorizers/{appid}/{word}", (200, 404))
        paused = self.yard.ask("SELECT authorizer_appid FROM authorizers WHERE paused")
        self.platform.paused_shops = frozenset(row[0] for row in paused)

    @rule(name=st.sampled_from(sorted(POLICIES)))
    def policy_changes(self, name):
        self.follow(name)

    def follow(self, name):
        """Another file, which has stood there for a while: whoever asks for the policy next, has it."""
        self.yard.policy_path.write_text(POLICIES[name].text)
        os.utime(self.yard.policy_path, (0, 0))
        self.clock.advance(2)
        self.platform.policy = name

    @rule(which=some)
    def operator_approves_what_is_held(self, which):
        for (held,) in self.yard.ask("SELECT id FROM releases WHERE state = 'held' ORDER BY id"):
            self._decide(which, held, "approve")
        self.work(which)

    @rule(which=some, place=some, decision=st.sampled_from(DECISIONS))
    def operator_decides(self, which, place, decision):
        ids = [row[0] for row in self.yard.ask("SELECT id FROM releases ORDER BY id DESC")]
        if ids:
            self._decide(which, ids[place % len(ids)], decision)

    def _decide(self, which, release_id, decision):
        self._post(which, f"releases/{release_id}/{decision}", (200, 409))

    def _post(self, which, path, wanted):
        def act(house):
            headers = {"Authorization": f"Bearer {house.settings.api_token}"}
            return house.app.test_client().post(f"/api/v1/{path}", headers=headers)

        answer = self.do(act, which)
        assert answer is None or answer.status_code in wanted, (path, answer.status_code)

    @rule(appid=shops, which=some, seconds=st.sampled_from((61, 3700)))
    def regretted_day(self, appid, which, seconds):
        """A version is approved and goes live, and an operator takes it back."""
        self.good_day(appid, which)
        self.clock.advance(seconds)
        query = f"SELECT max(id) FROM releases WHERE authorizer_appid = '{appid}' AND state = 'released'"
        ((newest,),) = self.yard.ask(query)
        if newest is not None:
            self._decide(which, newest, "rollback")
        self.work(which)

    # -- what must hold ----------------------------------------------------------------------------------

    @invariant()
    def after_every_step(self):
        self.every_promise_holds()
        Model.steps += 1
        self.taken += 1
        if self.taken % SEARCHED_EVERY == 0:
            self.no_secret_lies_open()

    def every_promise_holds(self):
        self.what_was_acknowledged_is_stored()
        self.nothing_is_released_twice()
        self.nothing_is_released_that_was_not_approved()
        self.history_replays_to_the_state()

    @initialize()
    def two_shops_are_known(self):
        """Carol has authorized too, but nobody has told us yet."""
        for appid in SHOPS:
            self.authorize(appid)
        self.ticket_comes()
        for _ in range(2):
            self.push(0, 0)
        self.work(0)
        self.keep_up(0, 3)

    def what_was_acknowledged_is_stored(self):
        """I1, and of an approval that it led to a release."""
        events = set(self.yard.ask("SELECT kind, authorizer_appid, created_at, verdict FROM events"))
        releases = set(self.yard.ask("SELECT authorizer_appid, approved_at FROM releases"))
        for push, appid in self.acknowledged:
            if push.kind == "ticket":
                (at,) = self.yard.ask("SELECT ticket_created_at FROM component")[0]
                assert at >= push.created_at
                continue
            kind, _, whom = push.kind.partition(" ")
            verdicts = [
                verdict
                for verdict in ("accepted", "misdirected")
                if (kind, whom or appid, push.created_at, verdict) in events
            ]
            assert verdicts, f"{push} was acknowledged and is not stored"
            if kind == "audit_success" and "accepted" in verdicts and appid == push.appid:
                assert (appid, push.created_at) in releases, f"{push} led to no release"

    def nothing_is_released_twice(self):
        """I2."""
        for one in self.platform.authorizers():
            released = [audit.auditid for audit in one.audits if audit.released]
            assert len(self.platform.effective_releases(one.appid)) == len(released)

    def nothing_is_released_that_was_not_approved(self):
        """I3 and I4: what spoke against each call at the moment it reached WeChat."""
        assert self.platform.objections == []
        for one in self.platform.authorizers():
            assert one.live is None or any(
                audit.auditid == one.live.auditid and audit.status == APPROVED for audit in one.audits
            )

    def history_replays_to_the_state(self):
        """I6, and what a row of that state must look like."""
        told = {}
        query = "SELECT release_id, from_state, to_state, happening FROM history ORDER BY id"
        for release_id, before, after, happening in self.yard.ask(query):
            if before is None:
                assert release_id not in told
            else:
                assert told[release_id] == before
                assert TRANSITIONS[State(before)][Happening(happening)] == after
            told[release_id] = after
        query = "SELECT id, authorizer_appid, state, due_at, lease_holder, reason, waits_for FROM releases"
        rows = self.yard.ask(query)
        assert told == {row[0]: row[2] for row in rows}
        in_flight = Counter(row[1] for row in rows if row[2] == "releasing")
        assert all(count == 1 for count in in_flight.values())
        for release_id, _, state, due_at, lease_holder, reason, waits_for in rows:
            if state == "pending" and due_at is None:
                assert waits_for in ("pause", "ring"), release_id  # somebody's hand, or a wave, ends it
            assert due_at is None or state in ("pending", "releasing"), release_id
            assert (lease_holder is not None) == (state == "releasing"), release_id
            assert reason or state in ("pending", "releasing"), release_id

    def no_secret_lies_open(self):
        """I7: of what WeChat has ever handed out, and of its own secret, no row shows anything."""
        rows = str(self.yard.fingerprint())
        assert leaks({"the store": rows}) == []
        assert APPSECRET not in rows

    # -- how it must end ---------------------------------------------------------------------------------

    def teardown(self):
        """I5: once the misfortunes are over, every approved version goes live or is before a person."""
        self._all_is_well_again()
        for seconds in (5, 31, 31, 61, 301, 301, 601, 601, 901, 3601, 3601, 7201, 7201):
            self.clock.advance(seconds)
            self._tend()
            if not self._unsettled():
                break
        unsettled = self._unsettled()
        assert not unsettled, unsettled
        self.every_promise_holds()
        self.no_secret_lies_open()

    def _all_is_well_again(self):
        self.platform.clear_faults()
        self.platform.allowed = True
        for life in self.lives:
            life.left = None
        self.set_clock(0.0)
        self.operator_stops_or_resumes(0, "resume")
        for appid in SHOPS:
            self.operator_stops_or_resumes_one(0, appid, "resume")
        self.follow(AT_FIRST)
        # The pushes about audits that did not come never will; the merchants' own come late.
        for push in self.outbox:
            if not push.kind.startswith("audit"):
                self.deliver(push)
        for appid in SHOPS:
            audits = self.platform.authorizer(appid).audits
            if audits and audits[-1].status in OPEN:
                self.clock.advance(2)
                self.platform.approve(appid)
        self.clock.advance(2)

    def _tend(self):
        self.ticket_comes()
        for life in self.lives:
            life.house.worker.beat()
            life.house.worker.run_until_idle(50)
            for _ in range(12):
                life.house.worker.upkeep.step()
                life.house.worker.tide.step()
                self.clock.advance(0.2)
            life.house.worker.run_until_idle(50)

    def _unsettled(self):
        """What is neither live nor before a person, though the mini program is ours to release."""
        query = "SELECT authorizer_appid, state, reason FROM authorizers"
        known = {appid: (state, reason) for appid, state, reason in self.yard.ask(query)}
        rows = self.yard.ask(
            "SELECT authorizer_appid, state, approved_at, audit_id, reason FROM releases ORDER BY id"
        )
        unsettled = []
        for one in self.platform.authorizers():
            state, reason = known.get(one.appid, (None, None))
            if not one.authorized or state is None:
                continue
            if state == "needs_reauthorization" and reason:
                continue  # a person is told
            if state != "authorized":
                unsettled.append((one.appid, state, reason))
            mine = [row for row in rows if row[0] == one.appid]
            unsettled += [row for row in mine if row[1] in ("pending", "releasing")]
            newest = one.audits[-1] if one.audits else None
            if newest and newest.status == APPROVED and not newest.released:
                stopped = [
                    row
                    for row in mine
                    if row[1] in ("failed", "held", "cancelled")
                    and row[4]
                    and (row[2] >= newest.submitted_at or row[3] == newest.auditid)
                ]
                if not stopped:
                    unsettled.append((newest, mine))
        return unsettled


@pytest.mark.parametrize("kind", STORIES)
def test_whatever_happens_in_whatever_order_every_promise_holds(request, kind, tmp_path):
    (tmp_path / "policy.toml").touch()
    clock = OurClock(Clock())
    share = STORIES[kind] / sum(STORIES.values())
    stories = round(MORE_STEPS * share / STEPS_OF_A_STORY) or STORIES[kind]
    Model.steps = 0
    ways = {
        "REACTOR_RETRY_SCALE": "0.01",
        "REACTOR_SWEEP_SECONDS": "60",
        "REACTOR_SWEEP_ALL_SECONDS": "600",
    }
    with (
        serve(platform_at(clock.true)) as face,
        yard(request, kind, face, clock, tmp_path / "policy.toml", **ways) as here,
    ):
        run_state_machine_as_test(
            partial(Model, here),
            settings=settings(
                max_examples=stories,
                stateful_step_count=STEPS_OF_A_STORY,
                derandomize=not MORE_STEPS,
                database=None,
                deadline=None,
                print_blob=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
        assert leaks(here.files()) == []  # nor does what is left of rows that are gone
    print(f"{Model.steps} steps on {kind}")
    assert MORE_STEPS or Model.steps >= LEAST_STEPS[kind]
