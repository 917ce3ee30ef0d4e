"""The rules and the dashboard that come along: they speak of numbers that exist, and of labels they have."""

import json
import re
from pathlib import Path

import pytest
import yaml
from known import API_TOKEN
from prometheus_client.parser import text_string_to_metric_families

CONFIG = Path(__file__).parents[1] / "config"
RULES = yaml.safe_load((CONFIG / "alerts.yml").read_text("utf-8"))["groups"][0]["rules"]
DASHBOARD = json.loads((CONFIG / "dashboard.json").read_text("utf-8"))
ASKED = [rule["expr"] for rule in RULES]
ASKED += [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


@pytest.fixture
def told(house):
    """Every metric after a good day: its name, and the labels of its samples."""
    house.open_shop()
    house.approve()
    house.run()
    house.app.test_client().post("/wechat/component")
    house.tally.flush()
    answer = house.app.test_client().get("/metrics", headers={"Authorization": f"Bearer {API_TOKEN}"})
    found = {}
    for family in text_string_to_metric_families(answer.get_data(as_text=True)):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_number_asked_for_exists_with_its_labels(told):
    for asked in ASKED:
        names = re.findall(r"\breactor_\w+", asked)
        assert names, asked
        assert set(names) <= set(told), asked
        labels = {label for name in names for label in told[name]}
        by = {one.strip() for group in re.findall(r"by \(([^)]+)\)", asked) for one in group.split(",")}
        assert by | set(re.findall(r"(\w+)!?=\"", asked)) <= labels, asked


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_number_told_is_asked_for_somewhere(told):
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in told}
    asked = {re.sub(r"_bucket$", "", name) for one in ASKED for name in re.findall(r"\breactor_\w+", one)}
    assert families - asked == {"reactor_authorizers"}  # who is there is no alarm and no curve


def test_each_rule_says_what_happened_and_what_to_do():
    assert len(RULES) >= 8
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"].endswith(".")
        assert rule["labels"]["severity"] in ("page", "ticket")


def test_panels_lie_beside_each_other_and_their_source_can_be_chosen():
    taken = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
        assert panel["datasource"]["uid"] == "${source}"
    assert DASHBOARD["templating"]["list"][0]["name"] == "source"
