import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from served import wait_until

from reactor.cli.program import program
from reactor.demo.stage import first_trouble
from reactor.demo.story import BOOKS, DINER, SHOPS, TEA, Approved
from reactor.demo.surprise import Surprise
from reactor.demo.verdict import Row, check
from reactor.simulator.component import Component
from reactor.simulator.records import Call
from reactor.simulator.wire import NoAnswer, ask

ROOT = Path(__file__).parents[1]
# What somebody's shell may hold; none of it may reach the demonstration.
HOSTILE = {
    "WECHAT_API_URL": "https://api.weixin.qq.com",
    "WECHAT_PROXY_URL": "http://127.0.0.1:1",
    "REACTOR_WORKER": "external",
    "REACTOR_RETRY_SCALE": "10",
    "REACTOR_API_TOKEN_FILE": "/nowhere",
    "DATABASE_URL": "postgresql://127.0.0.1:1/production",
    "GUNICORN_CMD_ARGS": "--bind 127.0.0.1:1 --workers 0",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "PORT": "1",
}
LINES = [
    r"· a small WeChat listens on (http://127\.0\.0\.1:\d+)",
    r"· the reactor is up on (http://127\.0\.0\.1:\d+)",
    r"✓ component_verify_ticket received",
    r"✓ Deer Diner authorized",
    r"✓ Paper Crane Books authorized",
    r"✓ Corner Tea authorized",
    r"… Corner Tea 3\.2\.0 approved; release is called, and its answer gets lost",
    r"✓ Deer Diner 2\.4\.0 live, [0-9.]+ s after the approval",
    r"✓ Paper Crane Books 1\.8\.0 live; the same push came 4 times and made one release",
    r"… Deer Diner 2\.4\.1: WeChat is busy \(-1\)",
    r"✓ Deer Diner 2\.4\.1 live, ",
    r"■ Paper Crane Books 1\.8\.1 rejected by the audit: '1: the page ",
    r"■ a forged push refused: an empty 403",
    r"… Corner Tea 3\.2\.0: no answer after 10 s; the next turn looks",
    r"✓ Corner Tea 3\.2\.0 found live by looking, without another call",
]


@contextlib.contextmanager
def demo(folder, *options, root=ROOT):
    """`reactor demo` as a process of its own, with `folder` for its temporary files."""
    folder.mkdir()
    with (folder / "said").open("w+", encoding="utf-8") as said:
        running = subprocess.Popen(
            [sys.executable, "-m", "reactor", "demo", *options],
            cwd=root,
            env={"PATH": os.environ["PATH"], "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1", **HOSTILE},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        try:
            yield running
        finally:
            running.terminate()
            running.wait(30)


def said(folder):
    return (folder / "said").read_text("utf-8")


def left_behind(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != "said")


def silent(url):
    try:
        ask("GET", f"{url}/healthz")
    except NoAnswer:
        return True
    return False


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """One demonstration that ends by itself, and beside it one that stays until Ctrl-C."""
    folder, other = (tmp_path_factory.mktemp("demo") / name for name in ("ends", "stays"))
    with demo(folder) as ending, demo(other, "--stay") as staying:
        assert ending.wait(90) == 0, said(folder)
        wait_until(lambda: "by hand" in said(other) or staying.poll(), seconds=60, what="the invitation")
        example = said(other)
        url, token = re.search(r"Bearer (\w+)' (http\S+)/api/v1/releases", example).group(2, 1)
        live = ask("GET", f"{url}/api/v1/releases?state=released", bearer=token)
        staying.send_signal(signal.SIGINT)
        assert staying.wait(30) == 0, said(other)
    return folder, other, live


def test_the_demonstration_tells_every_act_with_its_time_and_ends_well(played):
    folder, _, _ = played
    lines = [line for line in said(folder).splitlines() if re.match(r" *[0-9.]+ s  ", line)]
    assert len(lines) == len(LINES)
    for line, expected in zip(lines, LINES, strict=True):
        assert re.match(rf" *[0-9.]+ s  {expected}", line), line
    seconds = [float(line.split()[0]) for line in lines]
    assert seconds == sorted(seconds)
    assert seconds[-1] < 45  # under 20 s on an idle machine


def test_it_closes_with_a_table_and_a_verdict_without_colours(played):
    folder, _, _ = played
    told = said(folder)
    assert "\x1b" not in told
    rows = [re.split(r"  +", line) for line in told.split("\n\n")[1].splitlines()]
    assert rows[0] == ["mini program", "version", "state", "approval → live", "calls"]
    assert [row[:3] for row in rows[1:]] == [
        ["Corner Tea", "3.2.0", "released"],
        ["Deer Diner", "2.4.0", "released"],
        ["Deer Diner", "2.4.1", "released"],
        ["Paper Crane Books", "1.8.0", "released"],
        ["Paper Crane Books", "1.8.1", "rejected"],
    ]
    assert [row[4].split(", ")[-1][:1] for row in rows[1:-1]] == ["1", "1", "2", "1"]
    assert told.rstrip().splitlines()[-1].startswith("All as told in ")


def test_it_leaves_no_process_and_no_folder_behind(played):
    for folder in played[:2]:
        assert left_behind(folder) == []
        assert all(silent(url) for url in re.findall(r" on (http://127\.0\.0\.1:\d+)", said(folder)))


def test_with_stay_it_keeps_running_and_prints_the_urls_until_ctrl_c(played):
    _, folder, (status, releases) = played
    assert status == 200
    assert len(releases["items"]) == 4
    told = said(folder)
    for needed in ("/_simulator/state", "export WECHAT_MESSAGE_TOKEN=", "reactor push audit-success"):
        assert needed in told
    assert told.endswith("stopped; nothing is left behind\n")


def test_told_to_stop_in_the_middle_it_leaves_nothing_behind_and_says_so(tmp_path):
    folder = tmp_path / "demo"
    with demo(folder, "--json") as running:
        logs = wait_until(lambda: list(folder.glob("reactor-demo-*/web.log")), what="the web process")
        wait_until(lambda: "Listening at" in logs[0].read_text(), what="its port")
        running.terminate()
        assert running.wait(30) == 1
    outcome = json.loads(said(folder))
    assert (outcome["ok"], outcome["seen"]) == (False, "it was told to stop")
    assert left_behind(folder) == []


def test_a_web_process_that_dies_is_a_surprise_whose_log_is_kept(tmp_path):
    root, folder = tmp_path / "root", tmp_path / "demo"
    shutil.copytree(ROOT / "config", root / "config")
    (root / "wsgi.py").write_text('raise RuntimeError("broken on purpose")\n')
    with demo(folder, root=root) as running:
        assert running.wait(60) == 1, said(folder)
    (log,) = left_behind(folder)
    told = said(folder)
    assert "expected: the web process" in told
    assert str(folder / log) in told
    assert "broken on purpose" in (folder / log).read_text("utf-8")


def test_away_from_the_projects_root_it_says_what_it_misses(tmp_path):
    with contextlib.chdir(tmp_path):
        done = CliRunner().invoke(program, ["demo"])
    assert done.exit_code == 2
    assert "wsgi.py, config/gunicorn.conf.py not found" in done.stderr


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ('{"at": "2026-11-23T10:00:00.000Z", "level": "error", "message": "it went wrong"}', True),
        ('{"at": "2026-11-23T10:00:00.000Z", "level": "critical", "message": "WORKER TIMEOUT"}', True),
        ("10:00:00 ERROR   worker       it went wrong", True),
        ("Traceback (most recent call last):", True),
        ('{"level": "warning", "message": "push=refused cause=signature"}', False),
    ],
)
def test_an_error_in_the_log_is_a_surprise(line, trouble):
    assert first_trouble(f"a quiet line\n{line}\nanother") == (line if trouble else None)


# -- the verdict -----------------------------------------------------------------------------------------


@pytest.fixture
def platform():
    platform = Component.made_up().platform()
    for shop in SHOPS:
        platform.authorize(shop.appid, user_name=shop.user_name, nick_name=shop.name)
    return platform


def test_a_quiet_wechat_is_as_told(platform):
    check([], [], platform)


@pytest.mark.parametrize(
    ("call", "seen"),
    [
        (Call(0.0, "release", DINER.appid, 0, effective=True), "effective releases of Deer Diner"),
        (Call(0.0, "release", TEA.appid, None, fault="timeout_before"), "calls of release for Corner Tea"),
        (Call(0.0, "revertcoderelease", BOOKS.appid, 0), "calls that nobody asked for"),
        (Call(0.0, "getversioninfo", BOOKS.appid, 40001), "calls that WeChat refused"),
    ],
)
def test_a_call_too_many_is_a_surprise(platform, call, seen):
    platform.record(call)
    with pytest.raises(Surprise, match=seen):
        check([], [], platform)


@pytest.mark.parametrize(
    ("state", "release_calls", "seen"),
    [
        ("pending", 1, "the state of Deer Diner 1.0"),
        ("released", 2, "the recorded calls of release"),
        ("released", 1, "effective releases of Deer Diner"),
    ],
)
def test_a_record_that_differs_from_wechats_side_is_a_surprise(platform, state, release_calls, seen):
    row = Row(DINER.appid, DINER.name, "1.0", state, 0.1, 5, release_calls)
    with pytest.raises(Surprise, match=seen):
        check([Approved(DINER, "1.0", 0.0, 1)], [row], platform)
