"""The house as it is meant to be: who may import whom, what core may touch, how large things may grow."""

import ast
import graphlib
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "reactor").rglob("*.py"))
TREES = {path: ast.parse(path.read_bytes()) for path in FILES}
MIGRATIONS = ROOT / "reactor" / "store" / "migrations"

_CALLING = {
    "core",
    "store",
    "wechat",
    "logs",
    "refresher",
    "tokens",
    "tools",
    "breaker",
    "authorization",
    "errands",
    "ledger",
    "permission",
    "rings",
    "tide",
    "turn",
    "staged",
    "rollback",
}
_KEEPING = _CALLING | {"audits", "heeding", "openings", "pulse", "sweep", "undecided"}
_HOUSE = _KEEPING | {
    "pictures",
    "notify",
    "post",
    "telling",
    "steps",
    "surroundings",
    "roster",
    "invitations",
    "upkeep",
    "worker",
    "values",
    "settings",
    "audits",
    "intake",
    "tally",
    "desk",
    "present",
    "records",
    "web",
}
# Room → rooms it may use, itself included. A new room needs a line, and with it a decision.
MAY_USE = {
    "core": {"core"},
    "words": {"core", "words"},
    "store": {"core", "store"},
    "wechat": {"core", "wechat"},
    "values": {"core"},
    "settings": {"core", "values"},
    "notify": {"core", "notify"},
    "telling": {"core", "words"},
    "post": {"core", "store", "notify", "surroundings", "telling"},
    "refresher": {"core", "store"},
    "tokens": {"core", "store", "wechat", "refresher"},
    "surroundings": {"store", "notify"},
    "logs": set(),
    "tally": {"core", "store"},
    "pictures": {"core", "words", "store", "pictures"},
    "tools": {"core", "store", "wechat", "tokens"},
    "authorization": _CALLING,
    "errands": {*_CALLING, "tide"},
    "roster": _CALLING,
    "invitations": {"core", "store"},
    "ledger": _CALLING,
    "permission": {"core", "rings", "store", "tools"},
    "rings": {"core", "store", "tools"},
    "tide": {"core", "rings", "store", "tools"},
    "turn": _CALLING,
    "staged": _CALLING,
    "rollback": _CALLING,
    "breaker": {"core", "store", "wechat", "tools"},
    "pulse": {"core", "store"},
    "sweep": _KEEPING,
    "upkeep": _KEEPING,
    "chaining": {"core", "store", "tools"},
    "heeding": {"core", "store", "tools"},
    "undecided": {"core", "store", "tools"},
    "steps": _CALLING,
    "worker": {"chaining", "core", "store", "post", "pulse", "steps", "sweep", "tide", "tools", "upkeep"},
    "openings": {"core", "store"},
    "audits": {"core", "store", "openings"},
    "intake": {"core", "store", "audits", "openings", "tally"},
    "desk": {"core", "store"},
    "admission": {"core", "store"},
    "wellbeing": {"core", "store"},
    "present": {"core", "store", "reactor"},
    "records": {"core", "store", "present"},
    "story": {"core", "store", "words"},
    "web": {
        *("core", "words", "store", "intake", "desk", "present", "records", "settings", "admission"),
        *("wellbeing", "story", "reactor", "logs", "tally", "pictures", "doctor", "invitations", "web"),
    },
    "simulator": {"core.crypto", "core.errors", "simulator"},
    "configuring": {"core", "logs", "settings", "store", "words"},
    "following": {"core", "configuring"},
    "forecast": {"core", "store"},
    "doctor": {"core", "store", "settings"},
    "trial": {"core", "settings", "tools", "wechat"},
    "clinic": {"bootstrap", "core", "doctor", "settings", "store", "surroundings", "trial"},
    "bootstrap": _HOUSE | {"configuring", "doctor", "following", "forecast", "words"},
    "cli": {
        *("reactor", "configuring", "bootstrap", "clinic", "settings", "core", "words"),
        *("joining", "forecast"),
        *("store.audit", "store.rotation", "notify", "post", "telling", "simulator", "demo", "cli"),
    },
    "joining": {
        "core",
        "store",
        "bootstrap",
        "configuring",
        "errands",
        "invitations",
        "roster",
        "settings",
        "surroundings",
    },
    "demo": {"bootstrap", "simulator", "words", "demo"},
    "__main__": {"cli"},
    "reactor": set(),
}
# The far ends of the house: what speaks HTTP, SQL or XML lives in one place.
OUTSIDE = {
    "requests": {"wechat", "simulator"},
    "urllib3": {"wechat"},
    "http": {"wechat", "simulator", "notify"},
    "smtplib": {"notify"},
    "socket": {"wechat", "simulator", "pulse", "notify"},
    "socketserver": {"simulator"},
    "flask": {"web", "bootstrap"},
    "jinja2": {"web"},
    "werkzeug": {"web"},
    "prometheus_client": {"web"},
    "alembic": {"store"},
    "sqlite3": {"store"},
    "psycopg": {"store"},
    "xmltodict": {"core"},
    "cryptography": {"core", "store"},
}
# All that core may import: values in, values out.
PURE = {
    *(
        "base64",
        "binascii",
        "collections.abc",
        "cryptography",
        "dataclasses",
        "datetime",
        "enum",
        "functools",
        "hashlib",
        "hmac",
    ),
    *("html", "json", "re", "tomllib", "typing", "unicodedata", "urllib.parse", "xml.parsers", "xmltodict"),
}
IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "__import__", "now", "utcnow", "today"}
# Where anything at all may go wrong, and something must go on or be said.
CATCH_ALL = {
    ("tally", "_run"),  # nor does a row that nobody can count
    ("worker", "_supervise"),  # a step that raised does not end its thread
    ("steps", "_take_turn"),  # a poisoned release waits longer and longer, the others go on
    ("steps", "_exchange"),  # the same of a code
    ("steps", "_do"),  # and of an errand
    ("wechat.client", "_exchange"),  # of anything unforeseen we know only that it may have left
    ("store.together", "_carry_out"),  # it is raised again, to the one it belongs to
    ("notify.others", "send_by_apprise"),  # one of many plugins, and its words may hold the URL
    ("wechat.connection", "_dial"),  # whatever it was, there is no connection
}


def name_of(path):
    parts = path.relative_to(ROOT / "reactor").with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__") or "reactor"


MODULES = {name_of(path): TREES[path] for path in FILES if MIGRATIONS not in path.parents}


def room(module):
    return module.split(".")[0]


def imports(tree):
    """Every module a tree names in an import, wherever it stands: (absolute name, the node)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"a relative import in line {node.lineno}"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield (inner if inner.removeprefix("reactor.") in MODULES else node.module), node


def uses(tree):
    """The modules of this project that a tree imports, by their names inside reactor/."""
    named = (module for module, _ in imports(tree))
    return {name.removeprefix("reactor.") for name in named if name.split(".")[0] == "reactor"}


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def is_within(module, allowed):
    return any(module == one or module.startswith(f"{one}.") for one in allowed)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_its_room_may_use(module):
    strangers = {used for used in uses(MODULES[module]) if not is_within(used, MAY_USE[room(module)])}
    assert not strangers


def test_wsgi_and_gunicorn_reach_the_house_only_through_bootstrap():
    for path in (ROOT / "wsgi.py", ROOT / "config" / "gunicorn.conf.py"):
        assert uses(ast.parse(path.read_bytes())) <= {"bootstrap", "logs", "settings"}, path


def test_a_callback_cannot_reach_wechat_by_any_chain_of_imports():
    reached, ahead = set(), {module for module in MODULES if room(module) == "web"}
    while ahead:
        reached |= ahead
        ahead = {used for module in ahead for used in uses(MODULES[module])} - reached
    assert not {room(module) for module in reached} & {"wechat", "tokens", "tools", "turn", "worker"}


@pytest.mark.parametrize("module", MODULES)
def test_http_sql_and_xml_stay_in_the_rooms_that_speak_them(module):
    named = {name.split(".")[0] for name, _ in imports(MODULES[module])}
    assert not {name for name in named if room(module) not in OUTSIDE.get(name, {room(module)})}


def test_modules_load_in_some_order_without_a_circle():
    sorter = graphlib.TopologicalSorter({module: uses(tree) for module, tree in MODULES.items()})
    sorter.prepare()  # CycleError names the circle


@pytest.mark.parametrize("module", [module for module in MODULES if room(module) == "core"])
def test_core_is_pure(module):
    tree = MODULES[module]
    named = {name for name, _ in imports(tree) if name.split(".")[0] != "reactor"}
    assert not {name for name in named if not is_within(name, PURE)}
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    called = {getattr(func, "id", getattr(func, "attr", "")) for func in calls}
    assert not called & IMPURE_CALLS
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Global | ast.Nonlocal)]


# What the modules stand on is loaded before, so that only our own doings are seen.
_WATCH = """
import importlib, sys
outside, inside = (part.split() for part in sys.argv[1:])
for name in outside:
    importlib.import_module(name)
seen = []
def watch(event, args):
    code = event == "open" and str(args[0]).endswith((".py", ".pyc"))
    if not code and event.startswith(EVENTS):
        seen.append((event, str(args)[:200]))
EVENTS = ("open", "socket.", "os.", "subprocess.", "sqlite3.", "shutil.", "tempfile.", "signal.")
QUIET = {"os.listdir", "os.scandir", "os.stat"}
sys.addaudithook(watch)
for name in inside:
    importlib.import_module(name)
threads = importlib.import_module("threading").enumerate()  # Python 3.11 has no event for them
seen += [("thread", one.name) for one in threads if one.name != "MainThread"]
seen = [found for found in seen if found[0] not in QUIET]
assert not seen, seen
"""


def watched(*modules, before=(), folder=ROOT):
    """What Python complains about while it imports `modules` under the watch, after those `before`."""
    done = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", _WATCH, " ".join(before), " ".join(modules)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stderr


def test_nothing_happens_at_import():
    inside = [f"reactor.{module}" for module in MODULES if module not in ("reactor", "__main__")]
    trees = [tree for module, tree in MODULES.items() if module != "__main__"]
    outside = {name for tree in trees for name, _ in imports(tree) if name.split(".")[0] != "reactor"}
    assert watched(*inside, before=sorted(outside)) == ""


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ("open('written', 'w')", "open"),
        ("import socket; socket.socket()", "socket."),
        ("from threading import Timer; t = Timer(3, int); t.daemon = True; t.start()", "thread"),
        ("import sqlite3; sqlite3.connect('made.db')", "sqlite3."),
    ],
)
def test_the_watch_sees_what_happens_at_import(tmp_path, line, event):
    (tmp_path / "busy.py").write_text(line)
    assert f"AssertionError: [('{event}" in watched("busy", before=("sqlite3",), folder=tmp_path)


def own_lines(function):
    """The lines of a function without those of the functions inside it, which are counted by themselves."""
    lines = set(range(function.lineno, function.end_lineno + 1))
    for inner in functions(function)[1:]:
        lines -= set(range(inner.lineno, inner.end_lineno + 1))
    return len(lines)


def test_functions_and_modules_stay_small():
    trees = {path: tree for path, tree in TREES.items() if MIGRATIONS not in path.parents}
    large = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in trees}
    assert {name: lines for name, lines in large.items() if lines > 300} == {}
    long = {(name_of(path), f.name): own_lines(f) for path, tree in trees.items() for f in functions(tree)}
    assert {name: lines for name, lines in long.items() if lines > 60} == {}


def public(tree):
    """The tree itself, its public classes and functions, and their public methods."""
    yield tree
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            yield from public(node) if isinstance(node, ast.ClassDef) else [node]


@pytest.mark.parametrize("module", MODULES)
def test_everything_public_says_what_it_is(module):
    silent = [node for node in public(MODULES[module]) if not (ast.get_docstring(node) or "").strip()]
    assert [getattr(node, "name", "the module") for node in silent] == []


def test_only_named_places_catch_everything():
    found = set()
    for module, tree in MODULES.items():
        for function in functions(tree):
            for node in ast.walk(function):
                kinds = ast.walk(node.type) if isinstance(node, ast.ExceptHandler) and node.type else ()
                bare = isinstance(node, ast.ExceptHandler) and node.type is None
                names = {getattr(kind, "id", getattr(kind, "attr", "")) for kind in kinds}
                if bare or names & {"Exception", "BaseException"}:
                    found.add((module, function.name))
    assert found <= CATCH_ALL


def test_every_file_is_named_after_what_it_does():
    vague = {"utils", "util", "helpers", "helper", "base", "manager", "managers", "service", "services"}
    named = [path for folder in ("reactor", "tests", "config") for path in (ROOT / folder).rglob("*.py")]
    assert [path for path in named if path.stem in vague or path.parent.name in vague] == []


def test_a_package_holds_three_modules_and_its_init_only_names_them():
    for init in (path for path in FILES if path.name == "__init__.py"):
        assert len([path for path in init.parent.iterdir() if path.suffix == ".py"]) > 3, init
        for node in TREES[init].body[1:]:
            names = [getattr(target, "id", "") for target in getattr(node, "targets", ())]
            assert isinstance(node, ast.ImportFrom) or names in (["__all__"], ["__version__"]), init


def test_the_top_level_holds_what_the_owner_asked_for_and_what_a_platform_looks_for():
    allowed = {"pyproject.toml", "wsgi.py", "reactor", "config", "tests", "Procfile", "README.md"}
    allowed |= {"requirements.txt"}
    made = (ROOT / ".gitignore").read_text("utf-8").replace("/", "").split()
    there = [path.name for path in ROOT.iterdir() if not path.name.startswith(".")]
    assert {name for name in there if not any(fnmatch(name, pattern) for pattern in made)} <= allowed
