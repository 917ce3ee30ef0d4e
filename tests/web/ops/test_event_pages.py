"""Events on the pages: every push, the counted ones, and one push in full."""

import json
import re

import pytest
from click.testing import CliRunner
from operator_at import text_of
from stories import CAFE, CAFE_NAME, SHOP, edit

from reactor.cli.program import program
from reactor.simulator import pusher
from reactor.web.ops.events import CAUSES, KINDS


def ids(page):
    """The pushes that a page lists, by their links."""
    return [int(one) for one in re.findall(r'href="/ops/events/(\d+)"', page.get_data(as_text=True))]


def walk(operator, address):
    found = []
    while address:
        page = operator.get(address)
        assert page.status_code == 200
        found += ids(page)
        older = re.search(r'href="([^"]+)" rel="next"', page.get_data(as_text=True))
        address = older and older[1].replace("&amp;", "&")
    return found


@pytest.fixture
def crowded(office):
    """140 pushes of two mini programs, one a day: each kind in turn, and some gone astray."""
    for number in range(1, 141):
        kind = KINDS[number % 7]
        edit(
            office,
            "INSERT INTO events (identity, received_at, kind, authorizer_appid, verdict) "
            "VALUES (:identity, :at, :kind, :appid, :verdict)",
            identity=str(number),
            at=1_700_000_000.0 + 86400 * number,
            kind=kind,
            appid=SHOP if number % 3 else CAFE,
            verdict="unreadable"
            if kind == "unreadable"
            else "misdirected"
            if number % 10 == 0
            else "accepted",
        )
    return office


def is_astray(n):
    return n % 10 == 0 and n % 7 != 6


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", lambda n: True),
        ("kind=audit_success", lambda n: n % 7 == 0),
        ("kind=audit_fail&verdict=", lambda n: n % 7 == 1),
        ("verdict=misdirected", is_astray),
        ("verdict=accepted", lambda n: n % 7 != 6 and not is_astray(n)),
        ("verdict=unreadable&kind=unreadable", lambda n: n % 7 == 6),
        (f"authorizer_appid={CAFE}", lambda n: n % 3 == 0),
        (f"authorizer_appid={SHOP}&kind=authorized&verdict=accepted",
         lambda n: n % 3 and n % 7 == 3 and not is_astray(n)),
        ("since=2023-12-31&until=2024-01-02", lambda n: 46 <= n <= 48),
    ],
)  # fmt: skip
def test_the_list_shows_what_its_filters_say_through_all_its_pages(crowded, operator, query, wanted):
    assert walk(operator, f"/ops/events?{query}") == [n for n in range(140, 0, -1) if wanted(n)]


@pytest.mark.parametrize(
    "query", ["kind=x", "verdict=x", "authorizer_appid=x", "since=x", "before=-1", "odd="]
)
def test_an_odd_filter_is_refused_in_words(operator, query):
    answer = operator.get(f"/ops/events?{query}")
    assert answer.status_code == 400
    assert "Nothing was changed." in text_of(answer)


def test_what_left_no_row_is_shown_by_its_numbers(office, operator):
    assert "None was counted." in text_of(operator.get("/ops/events"))
    numbers = [("refused", cause, 7 + number) for number, cause in enumerate(CAUSES)]
    numbers += [("pushes", "user_enter_tempsession", 99), ("pushes", "audit_success", 12345)]
    for name, label, value in numbers:
        edit(
            office,
            "INSERT INTO numbers (name, labels, value) VALUES (:name, :labels, :value)",
            name=name,
            labels=json.dumps([label]),
            value=value,
        )
    page = text_of(operator.get("/ops/events"))
    for number, words in enumerate(CAUSES.values()):
        assert f"{7 + number} {words}" in page
    assert "99 user_enter_tempsession" in page
    assert "12345" not in page  # those have rows


def test_one_push_shows_its_text_without_its_code_and_how_to_rehearse_it(office, operator):
    office.open_shop()
    page = operator.get("/ops/events/1")
    told = text_of(page)
    for words in ("authorized", "accepted", "Deer Diner", "once", "it opened none"):
        assert words in told
    assert "&lt;AuthorizationCode&gt;•••&lt;/AuthorizationCode&gt;" in page.get_data(as_text=True)
    command = re.search(r"<code>(reactor push [^<]*)</code>", page.get_data(as_text=True))[1]
    assert command == f"reactor push authorized --authorizer {SHOP}"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "unreadable"])
def test_the_rehearsal_is_a_command_that_there_is(office, operator, kind):
    edit(
        office,
        "INSERT INTO events (identity, received_at, kind, authorizer_appid, verdict) "
        "VALUES ('x', 1, :kind, :appid, 'accepted')",
        kind=kind,
        appid=SHOP,
    )
    page = operator.get("/ops/events/1").get_data(as_text=True)
    command = re.search(r"<code>reactor (push [^<]*)</code>", page)[1].split()
    result = CliRunner().invoke(program, [*command, "--help"])
    assert result.exit_code == 0
    assert "Its text was not kept." in page


def test_a_repeated_late_and_astray_push_says_all_three(office, operator):
    office.open_shop()
    now = int(office.clock())
    message = pusher.audit_success(user_name=CAFE_NAME, created_at=now, succeeded_at=now)
    office.deliver(message, SHOP, times=3, timestamp=now - 3600)
    page = text_of(operator.get("/ops/events/2"))
    assert "misdirected" in page
    assert "3 times; once counts" in page
    assert "It was signed more than five minutes before it came" in page
    assert f"it speaks of {CAFE_NAME}" in page


def test_an_unreadable_push_is_shown_as_far_as_it_can_be(office, operator):
    office.open_shop()
    office.deliver(b"<xml><Broken>words<Ticket>ticket@@@secretsecret", SHOP)
    page = operator.get("/ops/events/2").get_data(as_text=True)
    assert "&lt;Broken&gt;words&lt;Ticket&gt;•••" in page
    assert "secret" not in page
    assert "reactor push" not in page


def test_an_event_leads_to_its_release_and_back(office, operator):
    office.open_shop()
    office.approve()
    assert 'href="/ops/releases/1"' in operator.get("/ops/events/2").get_data(as_text=True)
    assert 'href="/ops/events/2"' in operator.get("/ops/releases/1").get_data(as_text=True)
    assert 'href="/ops/releases/1"' in operator.get("/ops/events").get_data(as_text=True)
