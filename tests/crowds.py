"""Crowds of shops and of approvals that wait, each put into the store by one statement."""

import sqlalchemy as sa

# Decimal digits are hex digits, too, and both databases count in the same words.
_EACH = "WITH RECURSIVE each(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM each WHERE n < :count)"
_APPID = "'wx' || substr(CAST(19000000000000000 + n AS TEXT), 2)"
_NAME = "'gh_' || substr(CAST(1900000000000 + n AS TEXT), 2)"
_SHOPS = f"""{_EACH} INSERT INTO authorizers (authorizer_appid, user_name, state, asked_at)
    SELECT {_APPID}, {_NAME}, 'authorized', :asked_at + n * :apart FROM each"""
_APPROVALS = f"""{_EACH} INSERT INTO releases (authorizer_appid, to_user_name, state, mode, approved_at,
    created_at, due_at) SELECT {_APPID}, {_NAME}, 'pending', 'auto', :now, :now, :now FROM each"""


def crowd(house, count, *, known=200, asked_at=0.0, apart=1e-6):
    """So many shops, of whom WeChat knows the first: nobody will come as far as to the others.

    They were last asked about their audits one after the other, so many seconds apart, from `asked_at` on.
    """
    for number in range(1, known + 1):
        shop = {"appid": f"wx9{number:015}", "user_name": f"gh_9{number:011}", "nick_name": "x"}
        house.platform.authorize(**shop, exchanged=True)
    _put(house, _SHOPS, count=count, asked_at=asked_at, apart=apart)


def approvals_wait(house, count):
    """An approval of each of them waits, and is due."""
    _put(house, _APPROVALS, count=count, now=house.clock())


def _put(house, statement, **values):
    with house.store.write() as connection:
        if not house.store.is_sqlite:
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.execute(sa.text(statement), values)
