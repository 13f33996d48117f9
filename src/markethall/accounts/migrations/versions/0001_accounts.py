"""Users, their sessions, the keys that sign, the counts that slow down, the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_normalised", sa.Text(collation="C"), nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("users_admins", "users", ["id"], postgresql_where=sa.text("'admin' = ANY (roles)"))
    op.create_table(
        "erased_users",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("erased_at", moment, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("family", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("previous_hash", sa.LargeBinary),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("rotated_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("ended_at", moment),
    )
    op.create_index("sessions_of_user", "sessions", ["user_id", "rotated_at"])
    op.create_index("sessions_by_expiry", "sessions", ["expires_at"])
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text, primary_key=True),
        sa.Column("private_key", sa.LargeBinary, nullable=False),
        sa.Column("active_from", moment, nullable=False),
    )
    op.create_table(
        "attempts",
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("latest", sa.Double, nullable=False),
        sa.Column("forget_at", sa.Double, nullable=False),
    )
    op.create_index("attempts_by_end", "attempts", ["forget_at"])
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("message_id", sa.Uuid, nullable=False, server_default=sa.func.gen_random_uuid()),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("reply_to", sa.Text),
        sa.Column("created_at", moment, nullable=False, server_default=sa.func.now()),
    )
