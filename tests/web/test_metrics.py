"""What Prometheus sees: numbers of the whole, read from the store by any process."""

import pytest
import sqlalchemy as sa
from known import API_TOKEN, SHOP, SHOP_NAME
from prometheus_client.parser import text_string_to_metric_families

from reactor.simulator import pusher

TOKEN = {"Authorization": f"Bearer {API_TOKEN}"}


def scrape(house):
    house.tally.flush()
    answer = house.app.test_client().get("/metrics", headers=TOKEN)
    assert answer.status_code == 200
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.get_data(as_text=True))
        for sample in family.samples
    }


def test_without_the_token_nobody_sees_a_number(house):
    client = house.app.test_client()
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": API_TOKEN}):
        answer = client.get("/metrics", headers=headers)
        assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert client.get(f"/metrics?access_token={API_TOKEN}").status_code == 401
    assert client.post("/metrics", headers=TOKEN).status_code == 405


def test_it_is_text_that_prometheus_reads(house):
    answer = house.app.test_client().get("/metrics", headers=TOKEN)
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert scrape(house)["reactor_queue_depth", "pending"] == 0


def test_a_release_shows_from_its_push_to_its_end(house):
    house.open_shop()
    house.approve(times=2)
    assert scrape(house)["reactor_queue_depth", "pending"] == 1
    house.clock.advance(7)
    assert scrape(house)["reactor_queue_oldest_seconds",] == pytest.approx(7)
    house.run()
    seen = scrape(house)
    assert seen["reactor_queue_depth", "pending"] == 0
    assert seen["reactor_pushes_total", "audit_success"] == 2
    assert seen["reactor_events_total", "accepted", "audit_success"] == 1
    assert seen["reactor_releases_opened_total", "intake"] == 1
    assert seen["reactor_release_total", "released"] == 1
    assert seen["reactor_release_attempts_total", "0"] == 1
    assert seen["reactor_approval_to_live_seconds_count", "auto"] == 1
    assert seen["reactor_approval_to_live_seconds_sum", "auto"] == pytest.approx(7)
    assert seen["reactor_approval_to_live_seconds_bucket", "5.0", "auto"] == 0
    assert seen["reactor_approval_to_live_seconds_bucket", "10.0", "auto"] == 1
    assert seen["reactor_audit_wait_seconds_count",] == 1
    assert seen["reactor_audit_wait_seconds_sum",] == 60
    assert seen["reactor_wechat_call_seconds_count", "release"] == 1
    assert seen["reactor_wechat_calls_total", "answered", "release"] == 1
    assert seen["reactor_ack_seconds_count",] == 4


def test_ages_of_ticket_and_token_and_who_was_asked(house):
    assert ("reactor_ticket_age_seconds",) not in scrape(house)
    house.open_shop()
    house.clock.advance(600)
    seen = scrape(house)
    assert seen["reactor_ticket_age_seconds",] == 600
    assert seen["reactor_token_age_seconds", "component_access_token"] == pytest.approx(600, abs=5)
    assert seen["reactor_authorizers", "authorized"] == 1


def test_what_waits_for_a_person_is_one_number(build_house):
    house = build_house(f'[authorizers.{SHOP}]\nmode = "hold"\n')
    house.open_shop()
    house.approve()
    assert scrape(house)["reactor_needs_person",] == 1


def test_refused_pushes_show_by_cause_before_the_first_and_after_it(house):
    assert scrape(house)["reactor_pushes_refused_total", "signature"] == 0
    house.app.test_client().post("/wechat/component", query_string="a=b", data=b"")
    assert scrape(house)["reactor_pushes_refused_total", "query"] == 1


def test_a_pause_and_what_stands_before_all_calls_show(house):
    house.open_shop()
    assert scrape(house)["reactor_paused",] == scrape(house)["reactor_blocked",] == 0
    house.api("/pause", "POST")
    with house.store.write() as connection:
        connection.execute(sa.text("UPDATE component SET blocked_by = 'system'"))
    assert scrape(house)["reactor_paused",] == scrape(house)["reactor_blocked",] == 1


def test_what_two_processes_saw_is_one_number_and_outlives_both(build_house):
    one, two = build_house(), build_house()
    text = pusher.text(user_name=SHOP_NAME, created_at=1, content="hello")
    one.deliver(text, SHOP)
    two.deliver(text, SHOP, times=2)
    for house in (one, two):
        house.app.extensions["reactor"].stop()
    seen = scrape(build_house())
    assert seen["reactor_pushes_total", "text"] == 3
    assert seen["reactor_ack_seconds_count",] == 3


def test_no_number_names_an_authorizer(house):
    house.open_shop()
    house.approve()
    house.run()
    house.tally.flush()
    text = house.app.test_client().get("/metrics", headers=TOKEN).get_data(as_text=True)
    assert SHOP not in text
    assert SHOP_NAME not in text


def test_while_the_store_is_away_the_answer_says_so(house):
    with house.store.write() as connection:
        connection.execute(sa.text("ALTER TABLE numbers RENAME TO gone"))
    answer = house.app.test_client().get("/metrics", headers=TOKEN)
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
