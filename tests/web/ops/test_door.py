"""Who comes in: the password, sessions and their ends, and an end to guessing."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from operator_at import HTTPS, PASSWORD, Operator, hidden, text_of

from reactor.admission import Admission, TooManyTries, WrongPassword
from reactor.store.schema_ops import sessions, tries

MINUTE, HOUR = 60, 3600


def rows(house, table):
    with house.store.read() as connection:
        return connection.execute(sa.select(table)).all()


def is_in(someone, page="/ops"):
    return someone.get(page).status_code == 200


def test_without_a_password_configured_there_is_nothing_under_ops(house):
    client = house.app.test_client()
    nothing = client.get("/nothing").get_json()
    for path in ("/ops", "/ops/", "/ops/login", "/ops/health", "/ops/static/style.css", "/ops/pause"):
        answer = client.get(path)
        assert (answer.status_code, answer.get_json()) == (404, nothing)
        assert client.post(path).status_code == 404
        assert "Set-Cookie" not in answer.headers


def test_a_stranger_is_sent_to_the_door_and_from_there_to_where_he_wanted(stranger):
    answer = stranger.get("/ops/health?a=b")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/ops/login?next=/ops/health?a%3Db")
    page = stranger.get(answer.headers["Location"])
    assert hidden(page, "next") == answer.headers["Location"]  # the switch of languages leads back to it
    answer = stranger.log_in(next_page="/ops/health?a=b")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/ops/health?a=b")
    assert is_in(stranger)


def test_a_wrong_password_is_refused_in_words_that_give_nothing_away(stranger):
    told = {
        text_of(stranger.log_in(wrong)) for wrong in ("", "x", PASSWORD[:-1], PASSWORD + "x", "密码" * 99)
    }
    assert len(told) == 1
    assert "That is not the password" in told.pop()
    assert not is_in(stranger)


def test_the_cookie_is_a_new_one_at_login_and_the_old_one_opens_nothing(stranger):
    stranger.get("/ops/login")
    before = stranger.cookie()
    stranger.log_in()
    after = stranger.cookie()
    assert before.value != after.value
    assert len(after.value) == 43
    stranger.keep("reactor", before.value)
    assert stranger.get("/ops").status_code == 303


def test_an_attackers_cookie_is_not_made_a_session(office):
    planted = "A" * 43
    victim = Operator(office.app)
    victim.keep("reactor", planted)
    victim.log_in()
    attacker = Operator(office.app)
    attacker.keep("reactor", planted)
    assert attacker.get("/ops").status_code == 303


def test_behind_tls_the_cookie_is_bound_to_this_host(office):
    operator = Operator(office.app, at=HTTPS)
    answer = operator.log_in()
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-reactor=")
    assert "Domain" not in cookie
    for attribute in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=43200"):
        assert attribute in cookie
    assert is_in(operator)


def test_a_name_that_is_not_loopback_gets_the_cookie_of_tls_even_over_plain_http(office):
    stranger = Operator(office.app, at="http://reactor.example")
    page = stranger.get("/ops/login")
    assert page.headers["Set-Cookie"].startswith("__Host-reactor=")
    assert "Secure" in page.headers["Set-Cookie"]
    assert "plain http" in text_of(page)
    behind_a_proxy = stranger.get("/ops/login", **{"X-Forwarded-Proto": "https"})
    assert "plain http" not in text_of(behind_a_proxy)


@pytest.mark.parametrize("host", ["http://127.0.0.1:8000", "http://[::1]:8000", "http://localhost:8000"])
def test_on_this_machine_plain_http_will_do(office, host):
    page = Operator(office.app, at=host).get("/ops/login")
    assert page.headers["Set-Cookie"].startswith("reactor=")
    assert "Secure" not in page.headers["Set-Cookie"]


def test_the_store_keeps_a_digest_that_the_token_alone_does_not_give(office, operator):
    token = operator.cookie().value
    (session,) = rows(office, sessions)
    assert token not in session
    assert session.digest != hashlib.sha256(token.encode()).hexdigest()


def test_another_password_ends_every_session(build_house, office, operator):
    other = build_house(REACTOR_OPS_PASSWORD="another-password-of-the-tests")
    someone = Operator(other.app)
    someone.keep("reactor", operator.cookie().value)
    assert someone.get("/ops").status_code == 303


def test_a_session_holds_in_every_process_on_the_store(build_house, operator):
    other = build_house(REACTOR_OPS_PASSWORD=PASSWORD)
    elsewhere = Operator(other.app)
    elsewhere.keep("reactor", operator.cookie().value)
    assert is_in(elsewhere)


def test_half_an_hour_without_a_page_ends_the_session(office, operator):
    for _ in range(5):
        office.clock.advance(29 * MINUTE)
        assert is_in(operator)
    office.clock.advance(31 * MINUTE)
    assert operator.get("/ops").status_code == 303


def test_a_page_that_refreshes_itself_does_not_keep_the_session_alive(office, operator):
    for _ in range(3):
        office.clock.advance(11 * MINUTE)
        last = operator.get("/ops", **{"X-Reactor-Refresh": "1"})
    assert last.status_code == 303


def test_twelve_hours_end_a_session_however_busy(office, operator):
    for _ in range(12 * 3 - 1):
        office.clock.advance(20 * MINUTE)
        assert is_in(operator)
    office.clock.advance(21 * MINUTE)
    assert operator.get("/ops").status_code == 303


def test_old_sessions_leave_the_store_at_the_next_login(office, operator):
    office.clock.advance(13 * HOUR)
    assert operator.log_in().status_code == 303
    assert len(rows(office, sessions)) == 1


def test_who_logs_out_is_out_with_that_cookie_for_good(office, operator):
    token = operator.cookie().value
    answer = operator.send("/ops/logout")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/ops/login")
    assert operator.cookie() is None
    assert rows(office, sessions) == []
    operator.keep("reactor", token)
    assert operator.get("/ops").status_code == 303


def test_who_is_in_already_is_led_on_from_the_door(operator):
    answer = operator.get("/ops/login?next=/ops/health")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/ops/health")


@pytest.mark.parametrize(
    "odd",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/ops\\@evil.example",
        "/opsevil.example",
        "/ops//evil.example@x",
        "/ops@evil.example",
        "/ops/\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "",
        "/api/v1/status",
        "/ops/\u2028",
    ],
)
def test_the_door_leads_to_no_place_but_our_own_pages(stranger, odd):
    answer = stranger.log_in(next_page=odd)
    goal = answer.headers["Location"]
    assert goal == "/ops"


# -- an end to guessing --------------------------------------------------------------------------------


def fail(someone, times):
    return [someone.log_in("wrong").status_code for _ in range(times)]


def test_after_ten_failures_not_even_the_right_password_opens_for_a_quarter_of_an_hour(office, stranger):
    assert fail(stranger, 10) == [403] * 10
    refused = stranger.log_in()
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 900
    assert "too many wrong passwords" in text_of(refused)
    office.clock.advance(899)
    assert stranger.log_in().status_code == 429
    office.clock.advance(2)
    assert stranger.log_in().status_code == 303


def test_what_was_refused_meanwhile_does_not_make_it_longer(office, stranger):
    fail(stranger, 10)
    office.clock.advance(600)
    assert fail(stranger, 5) == [429] * 5
    office.clock.advance(301)
    assert stranger.log_in().status_code == 303


def test_the_failures_of_one_address_do_not_shut_out_another(office, stranger):
    fail(stranger, 11)
    assert Operator(office.app, address="203.0.113.9").log_in().status_code == 303


def test_the_addresses_of_one_ipv6_network_count_as_one(office):
    for number in range(10):
        fail(Operator(office.app, address=f"2001:db8:1:2::{number}"), 1)
    assert Operator(office.app, address="2001:db8:1:2:ffff::1").log_in().status_code == 429
    assert Operator(office.app, address="2001:db8:1:3::1").log_in().status_code == 303


def test_an_ipv4_address_is_one_however_the_socket_writes_it(office):
    fail(Operator(office.app, address="::ffff:203.0.113.7"), 5)
    fail(Operator(office.app, address="203.0.113.7"), 5)
    assert Operator(office.app, address="::ffff:203.0.113.7").log_in().status_code == 429
    assert Operator(office.app, address="::ffff:203.0.113.8").log_in().status_code == 303


def test_after_a_hundred_failures_from_anywhere_nobody_is_let_in(office):
    for number in range(10):
        fail(Operator(office.app, address=f"203.0.113.{number}"), 10)
    assert Operator(office.app, address="198.51.100.1").log_in().status_code == 429
    office.clock.advance(901)
    assert Operator(office.app, address="198.51.100.1").log_in().status_code == 303


def test_the_right_password_wipes_the_slate_of_its_address(office, stranger):
    fail(stranger, 9)
    stranger.log_in()
    assert rows(office, tries) == []
    assert fail(Operator(office.app), 9) == [403] * 9


def test_the_count_holds_over_processes(build_house, office):
    other = build_house(REACTOR_OPS_PASSWORD=PASSWORD)
    fail(Operator(office.app), 5)
    fail(Operator(other.app), 5)
    assert Operator(office.app).log_in().status_code == 429


def test_no_address_is_kept_as_it_is(office):
    fail(Operator(office.app, address="203.0.113.77"), 1)
    (row,) = rows(office, tries)
    assert "203.0.113" not in str(tuple(row))


def test_many_at_once_are_counted_one_by_one(store, clock):
    admission = Admission(store, PASSWORD, clock=clock)

    def guess(number):
        try:
            admission.enter(f"wrong {number}", "203.0.113.1")
        except (WrongPassword, TooManyTries) as refusal:
            return type(refusal)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(guess, range(24)))
    assert found.count(WrongPassword) == 10
    assert found.count(TooManyTries) == 14


def test_the_log_tells_who_came_and_never_the_password(office, stranger, caplog):
    with caplog.at_level("INFO"):
        stranger.log_in("not-the-password-at-all")
        stranger.log_in()
    assert "door=closed" in caplog.text
    assert "door=opened" in caplog.text
    assert "not-the-password-at-all" not in caplog.text
    assert PASSWORD not in caplog.text


# -- the proxy before us -------------------------------------------------------------------------------


def test_an_address_claimed_by_a_header_counts_only_where_a_proxy_is_trusted(build_house, office):
    for number in range(10):
        Operator(office.app).send(
            "/ops/login", {"password": "wrong"}, headers={"X-Forwarded-For": f"203.0.113.{number}"}
        )
    assert Operator(office.app).log_in().status_code == 429
    behind = build_house(REACTOR_OPS_PASSWORD=PASSWORD, TRUSTED_PROXIES="1")
    elsewhere = Operator(behind.app)
    elsewhere.headers["X-Forwarded-For"] = "198.51.100.7"
    assert elsewhere.log_in().status_code == 303


def test_a_trusted_proxy_tells_that_the_browser_speaks_tls(build_house):
    behind = build_house(REACTOR_OPS_PASSWORD=PASSWORD, TRUSTED_PROXIES="1")
    page = Operator(behind.app, at="http://reactor.example").get(
        "/ops/login", **{"X-Forwarded-Proto": "https"}
    )
    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
