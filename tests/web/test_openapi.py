"""The API's own description is true: what it says is asked, and what comes back is what it says."""

import re

import pytest
import schemathesis
from asking import TOKEN, ask, is_problem
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from known import SHOP

from reactor.simulator.faults import Fault
from reactor.web.openapi import document

# What is there, and what almost is.
NEAR = {
    "release_id": (None, 1, 2, 3),
    "authorizer_appid": (None, SHOP, "wx000000000000000b", "wx000000000000000c"),
    "user_version": (None, "1.1.0", "2.0.0", "3/0"),
}
OPERATIONS = [(method, path) for path, methods in document()["paths"].items() for method in methods]


@pytest.fixture
def lively(build_house):
    """A house with something of every kind to show: live, failed, held, paused, blocked, unreadable."""
    house = build_house('[authorizers.wx000000000000000b]\nmode = "hold"\n')
    house.open_shop()
    house.approve("1.0.0")
    house.run()
    house.open_shop("wx000000000000000b", "gh_00000000000b")
    house.approve("2.0.0", "wx000000000000000b", "gh_00000000000b")
    house.deliver(b"<no", SHOP)
    house.platform.plan(Fault("release", "errcode", errcode=61007))
    house.approve("1.1.0")
    house.run()
    return house


@pytest.fixture
def schema(lively):
    found = schemathesis.openapi.from_dict(ask(lively, "/openapi.json").get_json())
    found.app = lively.app
    return found


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_whatever_is_asked_the_answer_is_one_that_the_document_describes(schema, method, path):
    operation = schema[path][method.upper()]

    # The same questions every time: a test that fails now and then helps nobody.
    @settings(
        max_examples=20,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), near=st.integers(0, 3))
    def asked(case, near):
        if case.path_parameters and near:
            (name,) = case.path_parameters
            case.path_parameters[name] = NEAR[name][near]
        case.call_and_validate(headers=TOKEN)

    asked()


def spread(rule):
    """The paths that a rule of Flask stands for, as the document writes them."""
    path = re.sub(r"<(?:(?:int|path):)?(\w+)>", r"{\1}", rule.removeprefix("/api/v1"))
    choice = re.search(r"<any\(([^)]*)\):act>", path)
    return [path.replace(choice[0], word) for word in choice[1].split(", ")] if choice else [path]


def test_it_describes_every_route_of_the_api_and_no_other(lively):
    rules = [rule for rule in lively.app.url_map.iter_rules() if rule.rule.startswith("/api/v1/")]
    found = {
        (method.lower(), path)
        for rule in rules
        for path in spread(rule.rule)
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert found - {("get", "/openapi.json")} == set(OPERATIONS)


def test_a_stranger_is_not_shown_the_document(lively):
    assert is_problem(ask(lively, "/openapi.json", headers={}), 401)
