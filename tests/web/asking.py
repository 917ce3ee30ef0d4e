"""How the tests of the API ask, and what an error of it looks like."""

from http import HTTPStatus

from known import API_TOKEN

LISTS = ("/releases", "/events", "/authorizers")
TOKEN = {"Authorization": f"Bearer {API_TOKEN}"}


def ask(house, path, method="GET", headers=TOKEN, **more):
    return house.app.test_client().open(f"/api/v1{path}", method=method, headers=headers, **more)


def is_problem(answer, status):
    """An error as RFC 9457 has it, in words, and nothing of our inside in them."""
    told = answer.get_json()
    assert answer.status_code == status, told
    assert answer.mimetype == "application/problem+json"
    assert told["status"] == status
    assert told["type"] == "about:blank"
    assert told["title"] == HTTPStatus(status).phrase
    assert told["detail"]
    assert "Traceback" not in told["detail"]
    return True
