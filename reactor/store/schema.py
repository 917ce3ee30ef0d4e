"""The tables, for SQLite and PostgreSQL alike. Times are Unix seconds; secrets are sealed by the vault."""

import sqlalchemy as sa

from reactor.core.lifecycle import AuditStatus
from reactor.store import schema_ops  # noqa: F401 -- more tables of the same schema
from reactor.store.ground import ID as _ID
from reactor.store.ground import TIME as _TIME
from reactor.store.ground import metadata

component = sa.Table(
    "component",
    metadata,
    sa.Column("component_appid", sa.String(18), primary_key=True),
    sa.Column("ticket_sealed", sa.Text),
    sa.Column("ticket_created_at", _TIME),
    sa.Column("ticket_received_at", _TIME),
    sa.Column("access_token_sealed", sa.Text),
    sa.Column("access_token_refresh_at", _TIME),
    sa.Column("access_token_expires_at", _TIME),
    sa.Column("paused", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("blocked_by", sa.String(16)),
    sa.Column("blocked_reason", sa.Text),
    sa.Column("blocked_since", _TIME),
    sa.Column("next_probe_at", _TIME),
    # The authorizers whose last turns met a WeChat that answers nothing of use, since it last did.
    sa.Column("strikers", sa.Text),
    # Pushes may have been missed before this: whoever was asked earlier is asked soon.
    sa.Column("ask_all_since", _TIME),
    # When people were last told that the ticket grows old.
    sa.Column("ticket_told_at", _TIME),
    # The policy that the workers follow, and what is wrong with a newer file that they cannot.
    sa.Column("policy_digest", sa.String(64)),
    sa.Column("policy_problem", sa.Text),
)

authorizers = sa.Table(
    "authorizers",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("authorizer_appid", sa.String(18), nullable=False, unique=True),
    sa.Column("user_name", sa.Text, index=True),
    # Sorted by bytes, whatever the language of the database: so its beginning is found by the index.
    sa.Column("nick_name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql")),
    sa.Column("state", sa.String(24), nullable=False),
    sa.Column("authorization_at", _TIME),
    sa.Column("func_ids", sa.Text),
    sa.Column("refresh_token_sealed", sa.Text),
    sa.Column("access_token_sealed", sa.Text),
    sa.Column("access_token_refresh_at", _TIME),
    sa.Column("access_token_expires_at", _TIME),
    sa.Column("code_sealed", sa.Text),
    sa.Column("code_due_at", _TIME),
    sa.Column("code_turns", sa.Integer, nullable=False, server_default="0"),
    sa.Column("code_lease_holder", sa.Text),
    sa.Column("live_version", sa.Text),
    sa.Column("audit_status", sa.Integer),
    sa.Column("reason", sa.Text),
    sa.Column("asked_at", _TIME, nullable=False, server_default="0"),
    sa.Column("ask_again_at", _TIME),
    sa.Column("settled_audit_id", sa.BigInteger),
    # The release that a sweep opened, and the submission and the moment it lies between.
    sa.Column("swept_release_id", _ID),
    sa.Column("swept_from", _TIME),
    sa.Column("swept_until", _TIME),
    # False of an official account, which has no versions: nobody asks it about them.
    sa.Column("mini_program", sa.Boolean),
    # Of its latest authorization code: by it a merchant who comes back from WeChat is known.
    sa.Column("code_digest", sa.String(64), index=True),
    # An operator holds back whatever is approved for it.
    sa.Column("paused", sa.Boolean, nullable=False, server_default=sa.false()),
)
sa.Index(
    "ix_authorizers_code_due",
    authorizers.c.code_due_at,
    sqlite_where=authorizers.c.code_sealed.is_not(None),
    postgresql_where=authorizers.c.code_sealed.is_not(None),
)

MAY_HAVE_VERSIONS = authorizers.c.mini_program.is_not(sa.false())
_ASKED = sa.and_(authorizers.c.state == "authorized", MAY_HAVE_VERSIONS)
sa.Index("ix_authorizers_asked", authorizers.c.asked_at, sqlite_where=_ASKED, postgresql_where=_ASKED)
IS_UNDER_WAY = sa.or_(
    authorizers.c.audit_status == AuditStatus.UNDER_AUDIT, authorizers.c.audit_status == AuditStatus.DELAYED
)
_UNDER_WAY = sa.and_(_ASKED, IS_UNDER_WAY)
sa.Index(
    "ix_authorizers_under_way", authorizers.c.asked_at, sqlite_where=_UNDER_WAY, postgresql_where=_UNDER_WAY
)
_AGAIN = sa.and_(_ASKED, authorizers.c.ask_again_at.is_not(None))
sa.Index("ix_authorizers_ask_again", authorizers.c.ask_again_at, sqlite_where=_AGAIN, postgresql_where=_AGAIN)
# A literal: with a parameter in its place SQLite does not know the index again.
LOST = sa.and_(authorizers.c.state == sa.literal_column("'needs_reauthorization'"), MAY_HAVE_VERSIONS)
sa.Index("ix_authorizers_lost", authorizers.c.asked_at, sqlite_where=LOST, postgresql_where=LOST)
# For the pages; without those that are authorized, or it would be taken where these are put in order.
NOT_OURS = authorizers.c.state != sa.literal_column("'authorized'")
sa.Index(
    "ix_authorizers_not_ours",
    authorizers.c.state,
    authorizers.c.id,
    sqlite_where=NOT_OURS,
    postgresql_where=NOT_OURS,
)
CANNOT_RELEASE = (sa.literal_column("','") + authorizers.c.func_ids + sa.literal_column("','")).not_like(
    sa.literal_column("'%,18,%'")
)
sa.Index(
    "ix_authorizers_cannot_release",
    authorizers.c.id,
    sqlite_where=CANNOT_RELEASE,
    postgresql_where=CANNOT_RELEASE,
)
# Its id would be read along the table otherwise, which for a few paused ones is most of it.
IS_PAUSED = authorizers.c.paused.is_(sa.true())
sa.Index("ix_authorizers_paused", authorizers.c.id, sqlite_where=IS_PAUSED, postgresql_where=IS_PAUSED)
sa.Index("ix_authorizers_nick_name", authorizers.c.nick_name, authorizers.c.id)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("identity", sa.String(64), nullable=False, unique=True),
    sa.Column("received_at", _TIME, nullable=False),
    sa.Column("created_at", _TIME),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("authorizer_appid", sa.String(18)),
    sa.Column("to_user_name", sa.Text),
    sa.Column("verdict", sa.String(16), nullable=False),
    sa.Column("deliveries", sa.Integer, nullable=False, server_default="1"),
    sa.Column("reason", sa.Text),
    sa.Column("stale", sa.Boolean, nullable=False, server_default=sa.false()),
    # The decrypted text, with its secrets masked.
    sa.Column("message", sa.Text),
)
sa.Index("ix_events_authorizer_id", events.c.authorizer_appid, events.c.id)
# What comes all the time is found without an index, and pays for none.
RARE_KIND = events.c.kind != sa.literal_column("'audit_success'")
RARE_VERDICT = events.c.verdict != sa.literal_column("'accepted'")
for _column, _rare in ((events.c.kind, RARE_KIND), (events.c.verdict, RARE_VERDICT)):
    sa.Index(f"ix_events_{_column.name}_id", _column, events.c.id, sqlite_where=_rare, postgresql_where=_rare)

releases = sa.Table(
    "releases",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("authorizer_appid", sa.String(18), nullable=False),
    sa.Column("to_user_name", sa.Text),
    sa.Column("event_id", _ID, index=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("mode", sa.String(16), nullable=False),
    sa.Column("audit_id", sa.BigInteger),
    sa.Column("user_version", sa.Text),
    sa.Column("user_desc", sa.Text),
    sa.Column("approved_at", _TIME, nullable=False),
    sa.Column("created_at", _TIME, nullable=False),
    sa.Column("due_at", _TIME),
    sa.Column("waits_for", sa.String(16)),
    sa.Column("released_at", _TIME),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("errcode", sa.Integer),
    sa.Column("errmsg", sa.Text),
    sa.Column("rid", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("lease_holder", sa.Text),
    sa.Column("lease_until", _TIME),
    # What it may come to wait for ended while its turn was still under way.
    sa.Column("woken", sa.Boolean, nullable=False, server_default=sa.false()),
    # When WeChat says that the version was submitted for its audit.
    sa.Column("submitted_at", _TIME),
    # The rule of the policy that decided last, and the person who approved it, if one did.
    sa.Column("rule", sa.Text),
    sa.Column("approved_by", sa.Text),
    # A person would not wait for the delay of the policy.
    sa.Column("hurried", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("held_since", _TIME),
    sa.Column("reminded_at", _TIME),
    # The stage of its version's wave.
    sa.Column("ring", sa.Integer),
    # Of a gray release that is ours: the share we last asked for, when; WeChat's own time of the plan, and
    # the share that it last showed.
    sa.Column("gray_percentage", sa.Integer),
    sa.Column("gray_asked_at", _TIME),
    sa.Column("gray_plan_at", _TIME),
    sa.Column("gray_shown", sa.Integer),
)
sa.Index("ix_releases_state_due", releases.c.state, releases.c.due_at)
sa.Index("ix_releases_state_id", releases.c.state, releases.c.id)
# A literal: with a parameter in its place SQLite does not know the index again.
IS_HELD = releases.c.state == sa.literal_column("'held'")
sa.Index(
    "ix_releases_held",
    releases.c.held_since,
    releases.c.reminded_at,
    sqlite_where=IS_HELD,
    postgresql_where=IS_HELD,
)
_LIVE = releases.c.released_at.is_not(None)
sa.Index("ix_releases_released_at", releases.c.released_at, sqlite_where=_LIVE, postgresql_where=_LIVE)
sa.Index("ix_releases_authorizer_id", releases.c.authorizer_appid, releases.c.id)
# All that the counts of a wave are made of, so that the rows themselves are not read.
_IN_A_RING = releases.c.ring.is_not(None)
sa.Index(
    "ix_releases_ring",
    *(releases.c[name] for name in ("user_version", "ring", "state", "released_at", "authorizer_appid")),
    sqlite_where=_IN_A_RING,
    postgresql_where=_IN_A_RING,
)
sa.Index(
    "uq_releases_one_in_flight",
    releases.c.authorizer_appid,
    unique=True,
    sqlite_where=releases.c.state == "releasing",
    postgresql_where=releases.c.state == "releasing",
)

calls = sa.Table(
    "calls",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("release_id", _ID, index=True),
    sa.Column("authorizer_appid", sa.String(18)),
    sa.Column("at", _TIME, nullable=False),
    sa.Column("call", sa.String(40), nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("http_status", sa.Integer),
    sa.Column("errcode", sa.BigInteger),
    sa.Column("errmsg", sa.Text),
    sa.Column("rid", sa.Text),
    sa.Column("ms", sa.Integer),
    # What was sent and what came back, with secrets masked.
    sa.Column("request", sa.Text),
    sa.Column("answer", sa.Text),
)

_ALONE = calls.c.release_id.is_(None)
sa.Index("ix_calls_alone", calls.c.id, sqlite_where=_ALONE, postgresql_where=_ALONE)

history = sa.Table(
    "history",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("release_id", _ID, nullable=False, index=True),
    sa.Column("at", _TIME, nullable=False),
    sa.Column("from_state", sa.String(16)),
    sa.Column("to_state", sa.String(16), nullable=False),
    sa.Column("happening", sa.String(24), nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("detail", sa.Text),
    # Said again, so that the record speaks for itself when the release is long gone.
    sa.Column("authorizer_appid", sa.String(18)),
    sa.Column("user_version", sa.Text),
    sa.Column("rule", sa.Text),
    # Its place in the chain, and the digest of it and of all before it; empty until the chain is written on.
    sa.Column("seq", sa.BigInteger),
    sa.Column("digest", sa.String(64)),
)
_LOOSE = history.c.seq.is_(None)
sa.Index("ix_history_loose", history.c.id, sqlite_where=_LOOSE, postgresql_where=_LOOSE)
sa.Index("uq_history_seq", history.c.seq, unique=True)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("until", _TIME, nullable=False),
)

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("holder", sa.Text, primary_key=True),
    sa.Column("started_at", _TIME, nullable=False),
    sa.Column("seen_at", _TIME, nullable=False),
)

pulses = sa.Table(
    "pulses",
    metadata,
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("at", _TIME, nullable=False),
    sa.Column("machine", sa.Text, nullable=False),
)

paces = sa.Table(
    "paces",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("next_at", _TIME, nullable=False),
)
