"""The pages in a real browser: what operators do, with the keyboard too, on a phone, in the dark."""

import re

import pytest
from full_house import fill
from operator_at import PASSWORD
from served import wait_until

LOOKS = {
    "desktop": {},
    "desktop dark in Chinese": {"lang": "zh-CN", "dark": True},
    "phone in Chinese": {"width": 360, "lang": "zh-CN"},
    "phone dark": {"width": 360, "dark": True},
}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Every text that can be seen and whose contrast is below what WCAG 2.2 AA asks for.
FAINT = """() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const light = (c) => { const [r, g, b] = c.slice(0, 3).map((v) => {
    v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (e) => { for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0.99) return c; }
    return [255, 255, 255]; };
  const found = [];
  for (const e of document.querySelectorAll("body *")) {
    const text = [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim()).join("");
    const box = e.getBoundingClientRect();
    if (!text || !box.width || box.height < 2 || e.closest("svg")) continue;
    const style = getComputedStyle(e), size = parseFloat(style.fontSize);
    const [a, b] = [light(rgb(style.color)), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) found.push([text.slice(0, 30), ratio.toFixed(2)]);
  }
  return found;
}"""


def pages_of(house):
    """Every page that this house has, with the first release, push, mini program and wave in them."""
    for rule in house.app.url_map.iter_rules():
        if rule.rule.startswith("/ops") and "GET" in rule.methods and "static" not in rule.rule:
            path = re.sub(r"<int:[^>]*>", "1", re.sub(r"<appid:[^>]*>", "wx000000000000000a", rule.rule))
            if "csv" not in path and "<" not in path and path != "/ops/":
                yield path + ("?version=1.4.2" if path == "/ops/waves/cancel" else "")


@pytest.fixture(params=LOOKS)
def look(request, visit):
    return visit(**LOOKS[request.param])


def test_every_page_fits_and_can_be_read_in_every_look(office, look):
    fill(office, blocked=True)
    look.log_in()
    for path in pages_of(office):
        assert look.go(path).status == 200, path
        assert look.page.evaluate(OVERFLOW) <= 0, path
        assert look.page.evaluate(FAINT) == [], path
        assert look.page.evaluate("document.querySelectorAll('main h1').length") == 1, path


def test_the_door_and_the_pages_of_errors_fit_as_well(office, look):
    look.go("/ops/login")
    for _ in range(11):
        look.log_in("wrong")
        assert look.page.evaluate(OVERFLOW) <= 0
        assert look.page.evaluate(FAINT) == []
    assert look.page.locator("[role=alert]").count() == 1
    office.clock.advance(901)
    look.log_in()
    look.go("/ops/nothing")
    assert look.page.evaluate(OVERFLOW) <= 0
    assert look.page.evaluate(FAINT) == []


def test_who_knows_the_password_comes_in_and_leaves(visit):
    window = visit()
    window.go("/ops/health")
    assert window.path.startswith("/ops/login?next=")
    window.give("not the password")
    assert "That is not the password" in window.text
    window.log_in()
    assert window.path == "/ops"
    window.follow("text=Log out")
    assert window.path == "/ops/login"
    window.go("/ops")
    assert window.path.startswith("/ops/login")


def test_the_door_leads_on_to_the_page_one_came_for(visit):
    window = visit()
    window.go("/ops/health")
    window.give(PASSWORD)
    assert window.path == "/ops/health"


@pytest.mark.parametrize("script", [True, False], ids=["with scripts", "without scripts"])
def test_pausing_puts_a_banner_on_every_page_until_somebody_resumes(office, visit, script):
    window = visit(script=script)
    window.log_in()
    window.follow("text=Health")
    window.follow("text=Pause all releases")
    assert window.path == "/ops/health"
    assert office.api("/status")["paused"] is True
    window.follow("nav >> text=Overview")
    assert "Nothing is released until somebody resumes" in window.page.inner_text(".banner")
    window.follow(".banner button")
    assert window.path == "/ops"
    assert window.page.locator(".banner").count() == 0
    assert office.api("/status")["paused"] is False


def test_the_language_is_switched_in_place_and_stays(visit):
    window = visit(lang="zh-CN")
    window.log_in()
    window.follow("text=自检")
    assert window.page.get_attribute("html", "lang") == "zh-CN"
    window.follow("text=English")
    assert window.path == "/ops/health"
    assert window.page.get_attribute("html", "lang") == "en"
    window.go("/ops")
    assert "All is well" in window.text or "Waiting for" in window.text


def test_no_latin_sentence_is_left_on_a_chinese_page(office, visit):
    window = visit(lang="zh-CN")
    window.log_in()
    for path in ("/ops", "/ops/health", "/ops/nothing", "/ops/login"):
        window.go(path)
        text = window.text.replace("`reactor notify test`", "")  # a command is the same in every language
        assert re.findall(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}", text) == [], path


def test_everything_is_reached_by_the_keyboard(office, visit):
    fill(office)
    window = visit().log_in()
    reached = []
    for _ in range(80):
        window.page.keyboard.press("Tab")
        seen = window.page.evaluate(
            "[document.activeElement.innerText, getComputedStyle(document.activeElement).outlineStyle]"
        )
        if reached and seen[0] == reached[0][0]:
            break
        reached.append(seen)
    names = [name for name, _ in reached]
    assert names[0] == "Skip to the content"
    for name in ("Releases", "Health", "中文", "Log out", "Try again", "Look and decide", "Stop refreshing"):
        assert name in names
    assert {outline for _, outline in reached[:-1]} == {"solid"}


def test_the_first_key_leads_past_the_navigation(visit):
    window = visit().log_in()
    window.page.keyboard.press("Tab")
    window.page.keyboard.press("Enter")
    assert window.page.evaluate("document.activeElement.id") == "main"


def test_names_and_reasons_run_no_script(office, visit):
    fill(office, blocked=True)
    window = visit()
    window.page.on("dialog", lambda dialog: window.complaints.append(f"dialog {dialog.message}"))
    window.log_in()
    for path in pages_of(office):
        window.go(path)
        assert window.page.evaluate("document.querySelectorAll('main script, img[src=x]').length") == 0, path
    window.go("/ops")
    assert "<script>alert(1)</script>" in window.text


def test_the_overview_refreshes_itself_until_it_is_stopped(office, visit):
    window = visit()
    window.page.clock.install()
    window.log_in()
    assert "No mini program" in window.text
    fill(office)
    window.page.clock.run_for(11_000)
    wait_until(lambda: "Deer Diner" in window.text, what="the refresh")
    window.page.click("text=Stop refreshing")
    asked = []
    window.page.on("request", lambda request: asked.append(request.url))
    window.page.clock.run_for(60_000)
    assert asked == []
    assert window.page.get_attribute("button.stop", "aria-pressed") == "true"


def test_a_callback_url_is_copied_by_one_click(visit):
    window = visit()
    window.window.grant_permissions(["clipboard-read", "clipboard-write"])
    window.log_in()
    window.go("/ops/health")
    window.page.click("button.copy >> nth=1")
    copied = window.page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{window.root}/wechat/authorizers/$APPID$"


def test_on_paper_there_are_no_buttons(office, visit):
    fill(office)
    window = visit().log_in()
    window.page.emulate_media(media="print")
    assert window.page.locator("button:visible").count() == 0
    assert window.page.locator("table:visible").count() == 1
