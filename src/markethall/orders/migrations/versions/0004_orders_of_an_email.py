"""The back office finds orders by their e-mail address."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # Written when an order is placed, and when its person is forgotten; not when it is settled.
    op.execute("CREATE INDEX orders_of_email ON orders (lower(email), number) WHERE email IS NOT NULL")
