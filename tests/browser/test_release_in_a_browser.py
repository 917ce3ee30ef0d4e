"""One release in a real browser: its story opens, and it is decided without a script."""

from reactor.core.lifecycle import State
from reactor.simulator.faults import Fault


def test_a_step_opens_and_shows_what_was_said_without_a_token(office, visit):
    office.open_shop()
    office.platform.plan(Fault("release", "errcode", errcode=61007))
    office.approve()
    office.run()
    window = visit(script=False).log_in()
    window.go("/ops/releases")
    window.follow("tbody a[href='/ops/releases/1']")
    step = window.page.locator(".timeline li", has_text="Called release")
    assert not step.locator("pre").first.is_visible()
    step.locator("summary").click()
    assert step.locator("pre").first.inner_text() == "POST /wxa/release?access_token=•••\n{}"
    assert '"errcode": 61007' in step.locator("pre").last.inner_text()


def test_a_release_is_cancelled_in_two_steps_and_asked_for_again_in_one(office, visit):
    office.open_shop()
    office.approve()
    office.approve("2.0.0")
    window = visit(script=False, width=360, lang="zh-CN").log_in()
    window.go("/ops/releases/2")
    window.follow("text=立即重试")
    assert window.path == "/ops/releases/2"
    window.follow("text=取消发布…")
    assert office.releases()[0]["state"] == State.PENDING
    window.follow("text=确认取消")
    assert window.path == "/ops/releases/2"
    assert office.releases()[0]["state"] == State.CANCELLED
    assert "人工取消" in window.text


def test_filters_are_chosen_by_a_form_and_stay_in_the_address(office, visit):
    office.open_shop()
    office.approve()
    window = visit(script=False).log_in()
    window.go("/ops/releases?state=pending")
    window.page.fill("#authorizer_appid", "wx000000000000000a")
    window.page.fill("#since", "2020-01-01")
    window.follow("text=Filter")
    assert window.page.locator("tbody tr").count() == 1
    assert "state=pending" in window.path
    assert "since=2020-01-01" in window.path
    window.follow("a:has-text('held')")
    assert "Nothing matches these filters" in window.text
