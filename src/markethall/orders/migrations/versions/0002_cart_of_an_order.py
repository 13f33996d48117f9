"""An order remembers the cart it came from, so that a rejected one can give its lines back."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # No foreign key, for a cart may be deleted while its order stays. And no index: nobody looks for
    # orders by cart, and settling an order stays heap-only.
    op.execute("ALTER TABLE orders ADD COLUMN cart_id uuid")
