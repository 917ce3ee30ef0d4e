"""The operator's house: sessions, messages, numbers, invitations, and what was said in each call."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns and tables."""
    _columns()
    _pages()
    _messages()
    _numbers()
    _invitations()
    _indexes()


def _columns() -> None:
    op.add_column("component", sa.Column("ticket_told_at", sa.Double(), nullable=True))
    op.add_column("events", sa.Column("message", sa.Text(), nullable=True))
    op.add_column("releases", sa.Column("submitted_at", sa.Double(), nullable=True))
    op.add_column("calls", sa.Column("request", sa.Text(), nullable=True))
    op.add_column("calls", sa.Column("answer", sa.Text(), nullable=True))


def _pages() -> None:
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_sessions"),
    )
    op.create_table(
        "tries",
        sa.Column("id", _ID, nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tries"),
    )
    op.create_index("ix_tries_at", "tries", ["at"], unique=False)
    op.create_index("ix_tries_address_at", "tries", ["address", "at"], unique=False)
    live = sa.text("released_at IS NOT NULL")
    op.create_index(
        "ix_releases_released_at",
        "releases",
        ["released_at"],
        unique=False,
        sqlite_where=live,
        postgresql_where=live,
    )


def _messages() -> None:
    op.create_table(
        "notices",
        sa.Column("id", _ID, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("release_id", _ID, nullable=True),
        sa.Column("authorizer_appid", sa.String(length=18), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("told_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    untold = sa.text("told_at IS NULL")
    op.create_index(
        "ix_notices_untold", "notices", ["id"], unique=False, sqlite_where=untold, postgresql_where=untold
    )
    op.create_index("ix_notices_told", "notices", ["kind", "told_at"], unique=False)
    op.create_table(
        "messages",
        sa.Column("id", _ID, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=True),
        sa.Column("turns", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_at", sa.Double(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
    )
    unsent = sa.text("due_at IS NOT NULL")
    op.create_index(
        "ix_messages_due",
        "messages",
        ["channel", "due_at"],
        unique=False,
        sqlite_where=unsent,
        postgresql_where=unsent,
    )


def _numbers() -> None:
    op.create_table(
        "numbers",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", "labels", name="pk_numbers"),
    )
    connection = op.get_bind()
    counted = connection.execute(sa.text("SELECT kind, count FROM tallies")).all()
    moved = sa.text("INSERT INTO numbers (name, labels, value) VALUES ('pushes', :labels, :value)")
    for kind, count in counted:
        connection.execute(moved, {"labels": json.dumps([kind]), "value": count})
    op.drop_table("tallies")


def _invitations() -> None:
    op.add_column("authorizers", sa.Column("mini_program", sa.Boolean(), nullable=True))
    op.add_column("authorizers", sa.Column("code_digest", sa.String(length=64), nullable=True))
    op.create_index("ix_authorizers_code_digest", "authorizers", ["code_digest"], unique=False)
    for name, column, state in (
        ("ix_authorizers_asked", "asked_at", "authorized"),
        ("ix_authorizers_under_way", "asked_at", "authorized"),
        ("ix_authorizers_ask_again", "ask_again_at", "authorized"),
        ("ix_authorizers_lost", "asked_at", "needs_reauthorization"),
    ):
        _index_without_official_accounts(name, column, state)
    op.create_table(
        "links",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("auth_type", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("pre_auth_code_sealed", sa.Text(), nullable=True),
        sa.Column("pre_auth_expires_at", sa.Double(), nullable=True),
        sa.Column("authorizer_appid", sa.String(length=18), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name="pk_links"),
    )
    op.create_index("ix_links_expires_at", "links", ["expires_at"], unique=False)
    op.create_table(
        "errands",
        sa.Column("id", _ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("payload_sealed", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("turns", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_holder", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_errands"),
        sa.UniqueConstraint("kind", "subject", name="uq_errands_kind_subject"),
    )
    op.create_index("ix_errands_due_at", "errands", ["due_at"], unique=False)


def _indexes() -> None:
    """What the pages leaf through."""
    op.drop_index("ix_events_authorizer_appid", "events")
    op.create_index("ix_events_authorizer_id", "events", ["authorizer_appid", "id"], unique=False)
    partial = (
        ("ix_events_kind_id", "events", ["kind", "id"], "kind != 'audit_success'"),
        ("ix_events_verdict_id", "events", ["verdict", "id"], "verdict != 'accepted'"),
        ("ix_authorizers_not_ours", "authorizers", ["state", "id"], "state != 'authorized'"),
        (
            "ix_authorizers_cannot_release",
            "authorizers",
            ["id"],
            "(',' || func_ids || ',') NOT LIKE '%,18,%'",
        ),
    )
    for name, table, columns, condition in partial:
        op.create_index(
            name,
            table,
            columns,
            unique=False,
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    if op.get_context().dialect.name == "postgresql":
        op.alter_column("authorizers", "nick_name", type_=sa.Text(collation="C"))
    op.create_index("ix_authorizers_nick_name", "authorizers", ["nick_name", "id"], unique=False)


def _index_without_official_accounts(name: str, column: str, state: str) -> None:
    rows = sa.and_(sa.column("state") == state, sa.column("mini_program", sa.Boolean()).is_not(sa.false()))
    if name == "ix_authorizers_under_way":
        rows = sa.and_(rows, sa.or_(*(sa.column("audit_status") == status for status in (2, 4))))
    elif name == "ix_authorizers_ask_again":
        rows = sa.and_(rows, sa.column("ask_again_at").is_not(None))
    op.drop_index(name, "authorizers")
    op.create_index(name, "authorizers", [column], sqlite_where=rows, postgresql_where=rows)
