"""Many dynos: paces and pulses over all processes, and what the sweep for missed pushes keeps."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ASKED = "state = 'authorized'"


def upgrade() -> None:
    """Add the columns and tables."""
    op.add_column("component", sa.Column("strikers", sa.Text(), nullable=True))
    op.add_column("component", sa.Column("ask_all_since", sa.Double(), nullable=True))
    op.add_column("authorizers", sa.Column("asked_at", sa.Double(), server_default="0", nullable=False))
    op.add_column("authorizers", sa.Column("ask_again_at", sa.Double(), nullable=True))
    op.add_column("authorizers", sa.Column("settled_audit_id", sa.BigInteger(), nullable=True))
    op.add_column("authorizers", sa.Column("swept_release_id", _ID, nullable=True))
    op.add_column("authorizers", sa.Column("swept_from", sa.Double(), nullable=True))
    op.add_column("authorizers", sa.Column("swept_until", sa.Double(), nullable=True))
    for name, column, condition in (
        ("asked", "asked_at", _ASKED),
        ("under_way", "asked_at", f"{_ASKED} AND (audit_status = 2 OR audit_status = 4)"),
        ("ask_again", "ask_again_at", f"{_ASKED} AND ask_again_at IS NOT NULL"),
        ("lost", "asked_at", "state = 'needs_reauthorization'"),
    ):
        op.create_index(
            f"ix_authorizers_{name}",
            "authorizers",
            [column],
            unique=False,
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    alone = sa.text("release_id IS NULL")
    op.create_index(
        "ix_calls_alone", "calls", ["id"], unique=False, sqlite_where=alone, postgresql_where=alone
    )
    op.create_table(
        "pulses",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("machine", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_pulses"),
    )
    op.create_table(
        "paces",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("next_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_paces"),
    )
