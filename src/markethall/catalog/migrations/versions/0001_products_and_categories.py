"""Products, their variants, the tree of categories, and the shelves that lists are read from."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE categories (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        slug text COLLATE "C" NOT NULL UNIQUE,
        name text NOT NULL,
        parent_id bigint REFERENCES categories (id),
        position integer NOT NULL,
        version bigint NOT NULL,
        CHECK (parent_id <> id)
    )
    """,
    "CREATE INDEX categories_parent ON categories (parent_id)",
    "CREATE INDEX categories_by_position ON categories (position, slug)",
    """
    CREATE TABLE products (
        id uuid PRIMARY KEY,
        number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
        slug text COLLATE "C" NOT NULL UNIQUE,
        version bigint NOT NULL,
        active boolean NOT NULL,
        name text NOT NULL,
        description text NOT NULL,
        category_id bigint REFERENCES categories (id),
        attributes json NOT NULL,
        options json NOT NULL,
        images json NOT NULL,
        price bigint NOT NULL CHECK (price >= 0),
        name_key text COLLATE "C" NOT NULL,
        option_keys text[] NOT NULL,
        search tsvector NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX products_category ON products (category_id)",
    # A page of the whole shop, in each order.
    "CREATE INDEX products_by_number ON products (number) WHERE active",
    "CREATE INDEX products_by_price ON products (price, number) WHERE active",
    "CREATE INDEX products_by_name ON products (name_key, number) WHERE active",
    # Without a pending list, which every search would have to read through.
    "CREATE INDEX products_matching ON products USING gin (search, option_keys) WITH (fastupdate = off) WHERE active",
    """
    CREATE TABLE variants (
        sku text COLLATE "C" PRIMARY KEY,
        product_id uuid NOT NULL REFERENCES products (id),
        position integer NOT NULL,
        retired boolean NOT NULL,
        price bigint NOT NULL CHECK (price >= 0),
        options json NOT NULL,
        option_keys text[] NOT NULL
    )
    """,
    "CREATE INDEX variants_product ON variants (product_id)",
    """
    CREATE TABLE shelves (
        category_id bigint REFERENCES categories (id),
        number bigint REFERENCES products (number),
        price bigint NOT NULL,
        name_key text COLLATE "C" NOT NULL,
        PRIMARY KEY (category_id, number)
    )
    """,
    "CREATE INDEX shelves_product ON shelves (number)",
    "CREATE INDEX shelves_by_price ON shelves (category_id, price, number)",
    "CREATE INDEX shelves_by_name ON shelves (category_id, name_key, number)",
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
