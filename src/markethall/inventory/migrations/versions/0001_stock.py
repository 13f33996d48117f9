"""Stock, reservations, the ledger, and what surrounds them."""

from alembic import op

revision = "0001"
down_revision = None

# The rows of `stock` and `reservations` are updated in place of being replaced: half of each page
# stays free, so that the new version of a row fits beside the old one and no index is touched (HOT).
# A reservation grows by the time of its end.
STATEMENTS = (
    """
    CREATE TABLE stock (
        sku text COLLATE "C" PRIMARY KEY,
        on_hand bigint NOT NULL DEFAULT 0,
        reserved bigint NOT NULL DEFAULT 0,
        version bigint NOT NULL DEFAULT 1,
        CONSTRAINT stock_never_oversold CHECK (reserved BETWEEN 0 AND on_hand),
        CONSTRAINT stock_on_hand_bounded CHECK (on_hand <= 1000000000000)
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE reservations (
        order_id uuid PRIMARY KEY,
        state text NOT NULL,
        skus text[] NOT NULL,
        quantities bigint[] NOT NULL,
        shortages jsonb,
        settled_at timestamptz,
        ended_at timestamptz,
        CONSTRAINT reservations_state CHECK (
            state IN ('reserved', 'rejected', 'cancelled', 'released', 'dispatched')
        )
    ) WITH (fillfactor = 45)
    """,
    # No foreign key to stock: it would cost a lookup for every line of every order, and rows of
    # stock are never deleted.
    """
    CREATE TABLE movements (
        id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
        sku text COLLATE "C" NOT NULL,
        kind text NOT NULL,
        on_hand_delta bigint NOT NULL,
        reserved_delta bigint NOT NULL,
        order_id uuid,
        reference text,
        at timestamptz NOT NULL,
        PRIMARY KEY (sku, id),
        CONSTRAINT movements_kind CHECK (
            kind IN ('receipt', 'correction', 'replenishment', 'reservation', 'release', 'dispatch')
        )
    )
    """,
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the ledger of stock movements only grows' USING ERRCODE = 'restrict_violation';
    END
    $$
    """,
    """
    CREATE TRIGGER movements_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON movements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TABLE receipts (
        key text NOT NULL,
        sku text COLLATE "C" NOT NULL REFERENCES stock,
        fingerprint bytea NOT NULL,
        answer bytea NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (key, sku)
    )
    """,
    """
    CREATE TABLE replenishments (
        sku text COLLATE "C" PRIMARY KEY REFERENCES stock,
        target bigint NOT NULL,
        interval_seconds integer NOT NULL,
        next_at timestamptz NOT NULL,
        CONSTRAINT replenishments_target CHECK (target > 0),
        CONSTRAINT replenishments_interval CHECK (interval_seconds > 0)
    )
    """,
    "CREATE INDEX replenishments_next_at ON replenishments (next_at)",
    """
    CREATE TABLE catalog_copy (
        only_row boolean PRIMARY KEY DEFAULT true,
        stream_identity text NOT NULL,
        completed_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT catalog_copy_only_row CHECK (only_row)
    )
    """,
    """
    CREATE TABLE outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        message_id uuid NOT NULL DEFAULT gen_random_uuid(),
        subject text NOT NULL,
        payload bytea NOT NULL,
        reply_to text,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
