"""Pictures that were uploaded, and the picture of a category."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE pictures (
        digest text COLLATE "C" PRIMARY KEY,
        width integer NOT NULL,
        height integer NOT NULL,
        uploaded_at timestamptz NOT NULL DEFAULT now(),
        unused_since timestamptz DEFAULT now()
    )
    """,
    "CREATE INDEX pictures_unused ON pictures (unused_since) WHERE unused_since IS NOT NULL",
    "ALTER TABLE categories ADD COLUMN image text",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
