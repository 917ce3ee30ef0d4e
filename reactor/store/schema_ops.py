"""The tables around the engine: who is logged in, what people are told, what is counted, who was invited."""

import sqlalchemy as sa

from reactor.store.ground import ID, TIME, metadata

# -- the pages -------------------------------------------------------------------------------------------

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("seen_at", TIME, nullable=False),
)

tries = sa.Table(
    "tries",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("at", TIME, nullable=False, index=True),
)
sa.Index("ix_tries_address_at", tries.c.address, tries.c.at)

# -- messages --------------------------------------------------------------------------------------------

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("at", TIME, nullable=False),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("release_id", ID),
    sa.Column("authorizer_appid", sa.String(18)),
    sa.Column("detail", sa.Text),
    sa.Column("told_at", TIME),
)
_UNTOLD = notices.c.told_at.is_(None)
sa.Index("ix_notices_untold", notices.c.id, sqlite_where=_UNTOLD, postgresql_where=_UNTOLD)
sa.Index("ix_notices_told", notices.c.kind, notices.c.told_at)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("due_at", TIME),
    sa.Column("turns", sa.Integer, nullable=False, server_default="0"),
    sa.Column("sent_at", TIME),
    sa.Column("reason", sa.Text),
)
_UNSENT = messages.c.due_at.is_not(None)
sa.Index(
    "ix_messages_due", messages.c.channel, messages.c.due_at, sqlite_where=_UNSENT, postgresql_where=_UNSENT
)

# -- numbers ---------------------------------------------------------------------------------------------

numbers = sa.Table(
    "numbers",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("labels", sa.Text, primary_key=True),
    sa.Column("value", sa.Double, nullable=False),
)

# -- invitations -----------------------------------------------------------------------------------------

links = sa.Table(
    "links",
    metadata,
    # Of the nonce in its address, which is kept nowhere.
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("expires_at", TIME, nullable=False, index=True),
    sa.Column("auth_type", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("pre_auth_code_sealed", sa.Text),
    sa.Column("pre_auth_expires_at", TIME),
    sa.Column("authorizer_appid", sa.String(18)),
    sa.Column("reason", sa.Text),
)

# What the web, or a command, wants of the worker: only that one speaks to WeChat.
errands = sa.Table(
    "errands",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("subject", sa.String(64), nullable=False),
    sa.Column("payload_sealed", sa.Text),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("due_at", TIME, nullable=False, index=True),
    sa.Column("turns", sa.Integer, nullable=False, server_default="0"),
    sa.Column("lease_holder", sa.Text),
    sa.Column("reason", sa.Text),
    sa.UniqueConstraint("kind", "subject"),
)

# -- the policy ------------------------------------------------------------------------------------------

# One version on its way through the rings; a row is made by the first release of it that comes to its turn.
waves = sa.Table(
    "waves",
    metadata,
    sa.Column("user_version", sa.Text, primary_key=True),
    sa.Column("opened_at", TIME, nullable=False),
    # Up to which ring releases may go.
    sa.Column("ring", sa.Integer, nullable=False, server_default="0"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("changed_at", TIME),
    # Failures that a person looked at and let pass.
    sa.Column("forgiven", sa.Integer, nullable=False, server_default="0"),
    # The names of the rings that the numbers of this row and of its releases go by, as JSON.
    sa.Column("rings", sa.Text, nullable=False),
)
UNDONE = waves.c.state != sa.literal_column("'done'")
sa.Index("ix_waves_undone", waves.c.user_version, sqlite_where=UNDONE, postgresql_where=UNDONE)
sa.Index("ix_waves_opened_at", waves.c.opened_at)

# -- the record ------------------------------------------------------------------------------------------

# One row: where the chain of history begins and ends, signed with a key that the database does not hold.
chain = sa.Table(
    "chain",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("first_seq", sa.BigInteger, nullable=False),
    sa.Column("first_digest", sa.String(64), nullable=False),
    sa.Column("last_seq", sa.BigInteger, nullable=False),
    sa.Column("last_digest", sa.String(64), nullable=False),
    sa.Column("signature", sa.String(80), nullable=False),
)
