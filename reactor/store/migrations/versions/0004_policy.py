"""The policy: who decided what, waves, gray releases, pauses of one authorizer, and the chained record."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and tables."""
    _component()
    _releases()
    _history()
    _waves()


def _component() -> None:
    op.add_column("component", sa.Column("policy_digest", sa.String(length=64), nullable=True))
    op.add_column("component", sa.Column("policy_problem", sa.Text(), nullable=True))
    op.add_column("authorizers", sa.Column("paused", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        "ix_authorizers_paused",
        "authorizers",
        ["id"],
        unique=False,
        sqlite_where=sa.text("paused IS 1"),
        postgresql_where=sa.text("paused IS true"),
    )


def _releases() -> None:
    for name in ("rule", "approved_by"):
        op.add_column("releases", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("releases", sa.Column("hurried", sa.Boolean(), server_default=sa.false(), nullable=False))
    for name, kind in (
        ("held_since", sa.Double()),
        ("reminded_at", sa.Double()),
        ("ring", sa.Integer()),
        ("gray_percentage", sa.Integer()),
        ("gray_asked_at", sa.Double()),
        ("gray_plan_at", sa.Double()),
        ("gray_shown", sa.Integer()),
    ):
        op.add_column("releases", sa.Column(name, kind, nullable=True))
    # What waits for a person already: since its last row of history says so.
    op.execute(
        "UPDATE releases SET held_since = coalesce("
        "(SELECT at FROM history WHERE history.release_id = releases.id AND to_state = 'held' "
        "ORDER BY history.id DESC LIMIT 1), created_at) WHERE state = 'held'"
    )
    held = sa.text("state = 'held'")
    op.create_index(
        "ix_releases_held",
        "releases",
        ["held_since", "reminded_at"],
        unique=False,
        sqlite_where=held,
        postgresql_where=held,
    )
    in_a_ring = sa.text("ring IS NOT NULL")
    op.create_index(
        "ix_releases_ring",
        "releases",
        ["user_version", "ring", "state", "released_at", "authorizer_appid"],
        unique=False,
        sqlite_where=in_a_ring,
        postgresql_where=in_a_ring,
    )


def _history() -> None:
    op.add_column("history", sa.Column("authorizer_appid", sa.String(length=18), nullable=True))
    for name in ("user_version", "rule"):
        op.add_column("history", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("history", sa.Column("seq", sa.BigInteger(), nullable=True))
    op.add_column("history", sa.Column("digest", sa.String(length=64), nullable=True))
    loose = sa.text("seq IS NULL")
    op.create_index(
        "ix_history_loose", "history", ["id"], unique=False, sqlite_where=loose, postgresql_where=loose
    )
    op.create_index("uq_history_seq", "history", ["seq"], unique=True)
    op.create_table(
        "chain",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("first_digest", sa.String(length=64), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_digest", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chain"),
    )


def _waves() -> None:
    op.create_table(
        "waves",
        sa.Column("user_version", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("ring", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.Double(), nullable=True),
        sa.Column("forgiven", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rings", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user_version", name="pk_waves"),
    )
    undone = sa.text("state != 'done'")
    op.create_index(
        "ix_waves_undone",
        "waves",
        ["user_version"],
        unique=False,
        sqlite_where=undone,
        postgresql_where=undone,
    )
    op.create_index("ix_waves_opened_at", "waves", ["opened_at"], unique=False)
