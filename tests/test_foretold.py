"""What `reactor policy explain` says beforehand is what then happens, for random policies and cases."""

import os
import time
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from stories import ask

from reactor.core.lifecycle import Happening
from reactor.core.policy import Action, Case, Subject
from reactor.forecast import foretell

ROUNDS = {"sqlite": 40, "postgresql": 10}
STEPS = 4
ENDS = {
    Action.OFF: "cancelled",
    Action.HOLD: "held",
    Action.OBSERVE: "cancelled",
    Action.WAIT: "pending",
    Action.GO: "released",
}
MODES = ("auto", "auto", "auto", "gray", "hold", "observe", "off")
NAMES, VERSIONS, DESCS = ("Deer Diner", "Fox Café"), ("1.0.0", "2.0.0"), ("[hold] later", "about it")
SHANGHAI = timedelta(hours=8)


# -- random policies -------------------------------------------------------------------------------------


def keys(chance):
    """A few lines that any table may hold."""
    lines = []
    if chance.random() < 0.45:
        lines.append(f'mode = "{chance.choice(MODES)}"')
    if chance.random() < 0.25:
        lines.append(f"delay_seconds = {chance.choice((0, 600, 90_000))}")
    if chance.random() < 0.2:
        windows = ('["09:00-18:00"]', '["Mon-Fri 12:00-20:00"]', '["14:00-03:00"]')
        lines.append(f"windows = {chance.choice(windows)}")
    return lines


def freeze(chance, now):
    begin = datetime.fromtimestamp(now + chance.choice((-7200, -60, 500)), UTC) + SHANGHAI
    end = begin + timedelta(hours=chance.choice((1, 30)))
    lines = ["[[freezes]]", f"from = {begin:%Y-%m-%dT%H:%M:%S}", f"to = {end:%Y-%m-%dT%H:%M:%S}"]
    spared = chance.choice((None, 'except = ["tags.food"]', 'only = ["lists.vip"]'))
    return [*lines, 'reason = "the fair"', *([spared] if spared else [])]


def a_policy(chance, appid, now):
    """The text of a policy file of which most tables name this mini program."""
    lines = ["[default]", *keys(chance)]
    if chance.random() < 0.6:
        tags = ['tags = ["food"]'] if chance.random() < 0.7 else []
        lines += [f"[authorizers.{appid}]", *tags, *keys(chance)]
        lines += ["[tags.food]", *keys(chance)] if tags else []
    lines += ["[lists.vip]", f'authorizers = ["{appid}"]', *keys(chance)]
    if "tags = " not in "\n".join(lines):
        lines += ["[tags.food]"]
    if chance.random() < 0.5:
        lines += ["[patterns.deer]", 'nick_name = "Deer*"', *keys(chance)]
    if chance.random() < 0.35:
        about = chance.choice(('user_version = "1.*"', 'user_desc = "[hold]*"'))
        lines += ["[[versions]]", about, f'mode = "{chance.choice(MODES[3:])}"']
    if chance.random() < 0.3:
        lines += freeze(chance, now)
    return "\n".join(lines) + "\n"


# -- what is said, and what happens ----------------------------------------------------------------------


class Round:
    """One random policy, and one approval of a mini program of its own that goes its way."""

    def __init__(self, house, number, chance):
        self.house = house
        self.chance = chance
        self.appid = f"wx{0xABC000 + number:016x}"
        self.user_name = f"gh_{number:012x}"
        self.version, self.desc = chance.choice(VERSIONS), chance.choice(DESCS)
        self.follow(a_policy(chance, self.appid, house.clock()))
        house.push_ticket()
        house.push_authorized(self.appid, self.user_name, nick_name=chance.choice(NAMES))
        house.run()

    def follow(self, text):
        path = self.house.settings.policy_path
        path.write_text(text)
        os.utime(path, (time.time() - 60,) * 2)
        self.house.clock.advance(2)
        self.policy = self.house.worker._tools.policy()
        assert self.house.worker._tools.policy_problem() is None

    def stored(self):
        columns = "state, rule, due_at, user_version, approved_by, created_at, id"
        (row,) = ask(self.house, f"SELECT {columns} FROM releases WHERE authorizer_appid = '{self.appid}'")
        return row

    def called(self):
        calls = self.house.platform.calls
        return any(one.call == "release" and one.authorizer_appid == self.appid for one in calls)

    def foretold(self, since, *, looked=False, approved_by=None):
        """What is said of a turn now; who has not looked yet goes by what is said `at_first`."""
        case = Case(Subject(self.appid), since, self.version, self.desc, approved_by=approved_by)
        store, component_appid = self.house.store, self.house.settings.component_appid
        now = self.house.clock()
        said = foretell(self.policy, case, now, store=store, component_appid=component_appid)
        return said.ruling if looked else said.at_first or said.ruling

    def check(self, ruling):
        state, rule, due_at, *_ = self.stored()
        assert state == ENDS[ruling.action], ruling
        assert rule == ruling.rule, ruling
        assert self.called() == (ruling.action is Action.GO)
        if ruling.action is Action.WAIT:
            assert due_at == pytest.approx(ruling.until) if ruling.until else due_at is None

    def go_its_way(self):
        """Approved, and then on to wherever it waits for; gives all that was foretold."""
        house, seen = self.house, []
        if paused := self.chance.random() < 0.2:
            assert house.desk.pause_authorizer(self.appid, paused=True, actor="cli")
        house.platform.submit_audit(self.appid, self.version, self.desc)
        house.clock.advance(60)
        succeeded_at = house.platform.approve(self.appid)
        ruling = self.foretold(house.clock())
        house.push_approval(self.appid, self.user_name, succeeded_at=succeeded_at)
        for _ in range(STEPS):
            house.run()
            self.check(ruling)
            seen.append(ruling.action)
            _, _, due_at, version, approved_by, since, release_id = self.stored()
            if ruling.action is Action.HOLD:
                house.desk.act(release_id, Happening.APPROVED, actor="cli")
                approved_by = "cli"
            elif ruling.action is not Action.WAIT:
                break
            elif due_at is None:
                assert paused
                house.desk.pause_authorizer(self.appid, paused=False, actor="cli")
            else:
                house.clock.now = due_at
                house.push_ticket()
            ruling = self.foretold(since, looked=version is not None, approved_by=approved_by)
        else:
            house.desk.act(release_id, Happening.CANCELLED, actor="cli")
        return seen


def test_what_is_foretold_is_what_happens(house, database_url):
    seen = set()
    for number in range(ROUNDS[database_url.split(":")[0].split("+")[0]]):
        one = Round(house, number, Random(number))
        try:
            seen |= set(one.go_its_way())
        except BaseException as error:
            error.add_note(
                f"round {number}, of {one.version} {one.desc}:\n{house.settings.policy_path.read_text()}"
            )
            raise
    assert seen == set(Action)
