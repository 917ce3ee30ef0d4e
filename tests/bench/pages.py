"""`python -m tests.bench.pages`: what each page costs beside 100,000 releases, and how large it is.

The server's own time, without a network: each page is asked for inside the process, a median of twenty,
on both databases, beside a bare view of the same framework. The aim: under 100 ms and 100 kB each.
"""

import argparse
import contextlib
import re
import statistics
import sys
import tempfile
import time

from flask import Flask

from reactor.bootstrap import build_web
from reactor.settings import load_settings
from tests.bench.history import careless, fill
from tests.bench.serving import databases, environment
from tests.known import COMPONENT

AIM_MS, AIM_KB, ROUNDS = 100.0, 100.0, 20
PASSWORD = "ops-password-of-the-benches"
HERE = {"base_url": "http://localhost"}
# Beside what went well: many that failed, many held, a queue, and authorizers that are lost.
_TROUBLE = (
    "UPDATE releases SET state = 'failed', errcode = 85052, released_at = NULL WHERE id / 50 * 50 = id - 3",
    "UPDATE releases SET state = 'held', released_at = NULL, due_at = NULL WHERE id / 50 * 50 = id - 4",
    "UPDATE releases SET state = 'pending', released_at = NULL WHERE id / 50 * 50 = id - 5",
    "UPDATE authorizers SET state = 'needs_reauthorization' WHERE id / 20 * 20 = id - 3",
)


def measured(client, path):
    """The median of ROUNDS in milliseconds, and the size in kB, of what was answered with 200."""
    took = []
    for _ in range(ROUNDS + 2):
        began = time.perf_counter()
        answer = client.get(path, **HERE)
        took.append(time.perf_counter() - began)
        assert answer.status_code == 200, (path, answer.status)
    return statistics.median(took[2:]) * 1000, len(answer.data) / 1000


def bare():
    """What a view that says `success` costs, asked in the same way."""
    app = Flask("bare")
    app.add_url_rule("/", view_func=lambda: "success")
    return measured(app.test_client(), "/")[0]


def log_in(app):
    """A client that came through the door."""
    client = app.test_client()
    page = client.get("/ops/login", **HERE).get_data(as_text=True)
    token = re.search(r'name="form_token" value="(\w+)"', page)[1]
    answer = client.post("/ops/login", data={"form_token": token, "password": PASSWORD}, **HERE)
    assert answer.status_code == 303
    return client


def pages_of(app, rows):
    """Every page of this house, and the lists with each filter that their chips offer."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/ops") and "GET" in rule.methods and "static" not in rule.rule:
            path = re.sub(r"<int:[^>]*>", str(rows // 2), rule.rule)
            path = re.sub(r"<appid:[^>]*>", f"wx{rows // 2:016x}", path)
            path = re.sub(r"<any\((\w+)[^>]*>", r"\1", path)
            if path not in ("/ops/", "/ops/login") and "csv" not in path:
                yield path


def linked(client, path):
    """The filters and the next page that a list leads to."""
    html = client.get(path, **HERE).get_data(as_text=True)
    links = re.findall(rf'href="({re.escape(path)}\?[^"]*)"', html)
    return sorted({link.replace("&amp;", "&") for link in links})[:12]


def run(kind, folder, *, rows, shops):
    """Fill one database, ask for every page, and say what of the aim is missed."""
    print(f"{kind}: {rows} releases, events, calls and rows of history, {shops} authorizers", flush=True)
    missed = []
    with databases(kind, folder, "b_pages") as (url,), contextlib.ExitStack() as stack:
        if kind == "postgresql":
            careless(url)
        variables = environment(url, "http://127.0.0.1:1", REACTOR_OPS_PASSWORD=PASSWORD)
        app = build_web(load_settings({k: v for k, v in variables.items() if k != "PORT"}))
        stack.callback(app.extensions["reactor"].stop)
        store = app.extensions["reactor"].store
        store.migrate()
        now = float(int(time.time()))
        fill(store, rows=rows, shops=shops, now=now)
        for statement in _TROUBLE:
            with store.write() as connection:
                connection.exec_driver_sql(statement)
        with store.write() as connection:
            statement = "INSERT INTO component (component_appid, ticket_received_at) VALUES ('{}', {})"
            connection.exec_driver_sql(statement.format(COMPONENT, now))
        client = log_in(app)
        print(f"  {'a bare view':<58}{bare():>8.2f} ms")
        for page in pages_of(app, rows):
            for path in (page, *linked(client, page)):
                ms, kb = measured(client, path)
                over = "" if ms < AIM_MS and kb < AIM_KB else "  over"
                print(f"  {path:<58}{ms:>8.2f} ms{kb:>8.1f} kB{over}", flush=True)
                missed += [f"{kind} {path}"] if over else []
    return missed


def main():
    """Both databases, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="releases, and events")
    parser.add_argument("--authorizers", type=int, default=100_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    given = parser.parse_args()
    missed = []
    for kind in given.database or ["sqlite", "postgresql"]:
        with tempfile.TemporaryDirectory() as folder:
            missed += run(kind, folder, rows=given.rows, shops=given.authorizers)
    for name in missed:
        print(f"over the aim: {name}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
