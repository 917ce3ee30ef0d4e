"""What a platform asks before it sends traffic; no token is needed, and nothing of it is a secret."""

import sqlalchemy as sa

ALIVE = {"status": "ok"}


def get(house, path, **more):
    return house.app.test_client().get(path, **more)


def change(house, statement):
    with house.store.write() as connection:
        connection.execute(sa.text(statement))


def test_a_process_that_runs_is_healthy_and_one_with_its_store_is_ready(house):
    for path in ("/healthz", "/readyz"):
        answer = get(house, path)
        assert (answer.status_code, answer.get_json()) == (200, ALIVE)


def test_neither_asks_for_a_token_nor_looks_at_one(build_house):
    house = build_house(REACTOR_API_TOKEN="another-token-of-the-tests")
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        assert get(house, "/healthz", headers=headers).status_code == 200
        assert get(house, "/readyz", headers=headers).status_code == 200


def test_a_store_that_was_never_migrated_is_not_ready_but_the_process_is_healthy(house):
    change(house, "DROP TABLE alembic_version")
    assert get(house, "/readyz").status_code == 503
    assert get(house, "/healthz").status_code == 200


def test_a_store_of_another_version_is_not_ready(house):
    change(house, "UPDATE alembic_version SET version_num = '0000'")
    assert get(house, "/readyz").status_code == 503
    change(house, "DELETE FROM alembic_version")
    assert get(house, "/readyz").status_code == 503


def test_it_is_ready_again_without_a_restart_once_the_store_is_back(house):
    change(house, "ALTER TABLE alembic_version RENAME TO gone")
    assert get(house, "/readyz").status_code == 503
    change(house, "ALTER TABLE gone RENAME TO alembic_version")
    assert get(house, "/readyz").status_code == 200


def test_a_refusal_says_what_is_wrong_without_saying_where(house):
    change(house, "DROP TABLE alembic_version")
    told = get(house, "/readyz").get_data(as_text=True)
    assert "database" in told or "schema" in told
    for secret in (house.settings.database_url, "Traceback", "SELECT", "sqlalchemy"):
        assert secret not in told


def test_other_methods_and_nearly_right_paths_are_refused_without_a_redirect(house):
    client = house.app.test_client()
    for path in ("/healthz", "/readyz"):
        assert client.post(path).status_code == 405
        for other in (path + "/", "/" + path, path.upper()):
            answer = client.get(other)
            assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
            assert "Location" not in answer.headers
