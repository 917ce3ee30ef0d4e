"""The lists of the JSON API: pages, cursors, filters, and parameters that are refused."""

import pytest
from asking import LISTS, ask, is_problem
from known import SHOP

CAFE, CAFE_NAME = "wx000000000000000b", "gh_00000000000b"
RELEASE_STATES = ("held", "pending", "releasing", "released", "failed", "superseded", "cancelled")


def walk(house, path, limit):
    """Every item from the first page to the last, and how long the pages were."""
    items, lengths, cursor = [], [], ""
    for _ in range(100):
        page = house.api(f"{path}?limit={limit}{cursor}")
        assert set(page) == {"items", "next_cursor"}
        items += page["items"]
        lengths.append(len(page["items"]))
        if page["next_cursor"] is None:
            return items, lengths
        assert isinstance(page["next_cursor"], str)
        cursor = f"&cursor={page['next_cursor']}"
    raise AssertionError(f"{path} has no end")


@pytest.fixture
def busy_house(house):
    """Seven of everything, and a bit more."""
    for number in range(7):
        appid = f"wx{number:016x}"
        house.push_authorized(appid, f"gh_{number}")
        house.push_approval(appid, f"gh_{number}")
    return house


@pytest.mark.parametrize("path", LISTS)
def test_following_the_cursor_shows_everything_once_and_the_newest_first(busy_house, path):
    everything = busy_house.api(path)["items"]
    assert len(everything) == (14 if path == "/events" else 7)
    if path != "/authorizers":
        ids = [item["id"] for item in everything]
        assert ids == sorted(ids, reverse=True)
    for limit in (1, 3, 7, 14, 200):
        items, lengths = walk(busy_house, path, limit)
        assert items == everything
        assert set(lengths[:-1]) <= {limit}
        assert lengths[-1] <= limit


def test_what_arrives_between_two_pages_moves_nothing(busy_house):
    everything = busy_house.api("/events")["items"]
    first = busy_house.api("/events?limit=5")
    busy_house.deliver(b"?")
    second = busy_house.api(f"/events?limit=200&cursor={first['next_cursor']}")
    assert first["items"] + second["items"] == everything


def test_a_page_has_fifty_items_unless_the_limit_says_otherwise(house):
    for number in range(52):
        house.deliver(b"%d" % number)
    page = house.api("/events")
    assert len(page["items"]) == 50
    rest = house.api(f"/events?cursor={page['next_cursor']}")
    assert (len(rest["items"]), rest["next_cursor"]) == (2, None)
    assert len(house.api("/events?limit=200")["items"]) == 52


@pytest.mark.parametrize("path", LISTS)
def test_a_list_of_nothing_is_an_empty_page(house, path):
    assert house.api(path) == {"items": [], "next_cursor": None}
    assert house.api(f"{path}?cursor=9223372036854775807&limit=200") == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("path", LISTS)
def test_an_odd_unknown_empty_or_repeated_parameter_is_refused(house, path):
    odd = [
        *("limit=0", "limit=201", "limit=-1", "limit=1.5", "limit=", "limit", "limit=abc", "limit=1e2"),
        *("limit=%2B5", "limit=%205", "limit=5%20", "limit=%EF%BC%95", "limit=007", "limit=0x5"),
        *("limit=99999999999999999999999", "limit=1&limit=2", "limit=5&limit=5", "limit=%00"),
        *("cursor=0", "cursor=-1", "cursor=", "cursor=abc", "cursor=1.0", "cursor=null", "cursor=01"),
        *("cursor=9223372036854775808", "cursor=1&cursor=1", "cursor=" + "9" * 3000),
        *("state=", "state=Released", "state=nonsense", "state=held,pending", "state=held&state=held"),
        *("authorizer_appid=", "authorizer_appid=gh_00000000000a", "authorizer_appid=%00"),
        *("authorizer_appid=WX000000000000000A", f"authorizer_appid={SHOP}&authorizer_appid={SHOP}"),
        *("authorizer_appid=%ff", f"authorizer_appid={SHOP}%0A", "authorizer_appid=%27%20OR%201%3D1"),
        *("LIMIT=5", "page=2", "=1", "limit[]=5", "%00=1", "offset=0"),
    ]
    for query in odd:
        assert is_problem(ask(house, f"{path}?{query}"), 400), query


def test_releases_are_chosen_by_state_and_by_authorizer(build_house):
    house = build_house(policy=f'[authorizers.{CAFE}]\nmode = "hold"\n')
    house.open_shop()
    house.approve("1.0.0")
    house.run()
    house.push_authorized(CAFE, CAFE_NAME)
    house.push_approval(CAFE, CAFE_NAME)
    house.push_approval("wx000000000000000c", "gh_00000000000c")
    chosen = {state: [r["authorizer_appid"] for r in house.releases(state=state)] for state in RELEASE_STATES}
    assert chosen == {state: [] for state in RELEASE_STATES} | {
        "released": [SHOP],
        "held": [CAFE],
        "pending": ["wx000000000000000c"],
    }
    assert [r["state"] for r in house.releases(authorizer_appid=SHOP)] == ["released"]
    assert house.releases(authorizer_appid=SHOP, state="held") == []
    assert house.releases(authorizer_appid="wxffffffffffffffff") == []
    assert len(house.releases(authorizer_appid=CAFE, state="held", limit=1)) == 1
