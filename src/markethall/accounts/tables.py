"""The tables of accounts, as the newest migration leaves them."""

from sqlalchemy import (
    ARRAY,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)

from markethall.kit.outbox import outbox_table

metadata = MetaData()

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", Text, nullable=False),
    # By code point, so that the unique index answers prefixes and pages too.
    Column("email_normalised", Text(collation="C"), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("version", Integer, nullable=False),
    Index("users_admins", "id", postgresql_where=text("'admin' = ANY (roles)")),
)

erased_users = Table(
    "erased_users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("erased_at", DateTime(timezone=True), nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    # Named in access tokens (claim `sid`), so known to whoever sees one.
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    # Named in refresh tokens only.
    Column("family", LargeBinary, nullable=False, unique=True),
    Column("token_hash", LargeBinary, nullable=False),
    Column("previous_hash", LargeBinary),
    Column("generation", Integer, nullable=False),
    Column("rotated_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Index("sessions_of_user", "user_id", "rotated_at"),
    Index("sessions_by_expiry", "expires_at"),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    # The 32 raw bytes of an Ed25519 private key.
    Column("private_key", LargeBinary, nullable=False),
    Column("active_from", DateTime(timezone=True), nullable=False),
)

# One row for each account, client address, or account seen from an address, that has a count.
# The key is a hash: what was typed by mistake (a password in the wrong field) is not kept.
attempts = Table(
    "attempts",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("number", Integer, nullable=False),
    # Unix seconds, by the database's clock: the replicas agree on it.
    Column("latest", Double, nullable=False),
    Column("forget_at", Double, nullable=False),
    Index("attempts_by_end", "forget_at"),
)

outbox = outbox_table(metadata)
