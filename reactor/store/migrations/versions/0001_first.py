"""The first schema: component, authorizers, events, releases, calls, history, leases, workers, tallies."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "authorizers",
        sa.Column("id", _ID, nullable=False),
        sa.Column("authorizer_appid", sa.String(length=18), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=True),
        sa.Column("nick_name", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("authorization_at", sa.Double(), nullable=True),
        sa.Column("func_ids", sa.Text(), nullable=True),
        sa.Column("refresh_token_sealed", sa.Text(), nullable=True),
        sa.Column("access_token_sealed", sa.Text(), nullable=True),
        sa.Column("access_token_refresh_at", sa.Double(), nullable=True),
        sa.Column("access_token_expires_at", sa.Double(), nullable=True),
        sa.Column("code_sealed", sa.Text(), nullable=True),
        sa.Column("code_due_at", sa.Double(), nullable=True),
        sa.Column("code_turns", sa.Integer(), server_default="0", nullable=False),
        sa.Column("code_lease_holder", sa.Text(), nullable=True),
        sa.Column("live_version", sa.Text(), nullable=True),
        sa.Column("audit_status", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_authorizers"),
        sa.UniqueConstraint("authorizer_appid", name="uq_authorizers_authorizer_appid"),
    )
    op.create_index(
        "ix_authorizers_code_due",
        "authorizers",
        ["code_due_at"],
        unique=False,
        sqlite_where=sa.text("code_sealed IS NOT NULL"),
        postgresql_where=sa.text("code_sealed IS NOT NULL"),
    )
    op.create_index("ix_authorizers_user_name", "authorizers", ["user_name"], unique=False)
    op.create_table(
        "calls",
        sa.Column("id", _ID, nullable=False),
        sa.Column("release_id", _ID, nullable=True),
        sa.Column("authorizer_appid", sa.String(length=18), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("call", sa.String(length=40), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("errcode", sa.BigInteger(), nullable=True),
        sa.Column("errmsg", sa.Text(), nullable=True),
        sa.Column("rid", sa.Text(), nullable=True),
        sa.Column("ms", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
    )
    op.create_index("ix_calls_release_id", "calls", ["release_id"], unique=False)
    op.create_table(
        "component",
        sa.Column("component_appid", sa.String(length=18), nullable=False),
        sa.Column("ticket_sealed", sa.Text(), nullable=True),
        sa.Column("ticket_created_at", sa.Double(), nullable=True),
        sa.Column("ticket_received_at", sa.Double(), nullable=True),
        sa.Column("access_token_sealed", sa.Text(), nullable=True),
        sa.Column("access_token_refresh_at", sa.Double(), nullable=True),
        sa.Column("access_token_expires_at", sa.Double(), nullable=True),
        sa.Column("paused", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("blocked_by", sa.String(length=16), nullable=True),
        sa.Column("blocked_reason", sa.Text(), nullable=True),
        sa.Column("blocked_since", sa.Double(), nullable=True),
        sa.Column("next_probe_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("component_appid", name="pk_component"),
    )
    op.create_table(
        "events",
        sa.Column("id", _ID, nullable=False),
        sa.Column("identity", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=True),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("authorizer_appid", sa.String(length=18), nullable=True),
        sa.Column("to_user_name", sa.Text(), nullable=True),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("deliveries", sa.Integer(), server_default="1", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("stale", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("identity", name="uq_events_identity"),
    )
    op.create_index("ix_events_authorizer_appid", "events", ["authorizer_appid"], unique=False)
    op.create_table(
        "history",
        sa.Column("id", _ID, nullable=False),
        sa.Column("release_id", _ID, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("from_state", sa.String(length=16), nullable=True),
        sa.Column("to_state", sa.String(length=16), nullable=False),
        sa.Column("happening", sa.String(length=24), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
    )
    op.create_index("ix_history_release_id", "history", ["release_id"], unique=False)
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "releases",
        sa.Column("id", _ID, nullable=False),
        sa.Column("authorizer_appid", sa.String(length=18), nullable=False),
        sa.Column("to_user_name", sa.Text(), nullable=True),
        sa.Column("event_id", _ID, nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("audit_id", sa.BigInteger(), nullable=True),
        sa.Column("user_version", sa.Text(), nullable=True),
        sa.Column("user_desc", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=True),
        sa.Column("waits_for", sa.String(length=16), nullable=True),
        sa.Column("released_at", sa.Double(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("errcode", sa.Integer(), nullable=True),
        sa.Column("errmsg", sa.Text(), nullable=True),
        sa.Column("rid", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("lease_holder", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.Column("woken", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_releases"),
    )
    op.create_index("ix_releases_authorizer_id", "releases", ["authorizer_appid", "id"], unique=False)
    op.create_index("ix_releases_state_due", "releases", ["state", "due_at"], unique=False)
    op.create_index("ix_releases_event_id", "releases", ["event_id"], unique=False)
    op.create_index("ix_releases_state_id", "releases", ["state", "id"], unique=False)
    op.create_index(
        "uq_releases_one_in_flight",
        "releases",
        ["authorizer_appid"],
        unique=True,
        sqlite_where=sa.text("state = 'releasing'"),
        postgresql_where=sa.text("state = 'releasing'"),
    )
    op.create_table(
        "tallies",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_tallies"),
    )
    op.create_table(
        "workers",
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("holder", name="pk_workers"),
    )
