"""Catalog's tables. Indexes and why they are there: `migrations/versions`."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

from markethall.kit.outbox import outbox_table

metadata = MetaData()

categories = Table(
    "categories",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("slug", Text(collation="C"), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("parent_id", BigInteger, ForeignKey("categories.id")),
    Column("position", Integer, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("image", Text),
)

# JSON, not JSONB: these are shown in the order in which they were written, and never searched.
products = Table(
    "products",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("slug", Text(collation="C"), nullable=False, unique=True),
    Column("version", BigInteger, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("category_id", BigInteger, ForeignKey("categories.id")),
    Column("attributes", JSON, nullable=False),
    Column("options", JSON, nullable=False),
    Column("images", JSON, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("name_key", Text(collation="C"), nullable=False),
    Column("option_keys", ARRAY(Text), nullable=False),
    Column("search", TSVECTOR, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

# A retired variant is one that its product has no more. Its SKU stays with that product for good,
# for old orders name it.
variants = Table(
    "variants",
    metadata,
    Column("sku", Text(collation="C"), primary_key=True),
    Column("product_id", Uuid, ForeignKey("products.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("retired", Boolean, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("options", JSON, nullable=False),
    Column("option_keys", ARRAY(Text), nullable=False),
)

# An active product stands on the shelf of its category and of each category above it, with what
# lists are sorted by: so a page of any category, in any order, is a piece of one index.
shelves = Table(
    "shelves",
    metadata,
    Column("category_id", BigInteger, ForeignKey("categories.id"), primary_key=True),
    Column("number", BigInteger, ForeignKey("products.number"), primary_key=True),
    Column("price", BigInteger, nullable=False),
    Column("name_key", Text(collation="C"), nullable=False),
)

# What was uploaded, by its digest. `unused_since` is null while a product or a category refers to it.
pictures = Table(
    "pictures",
    metadata,
    Column("digest", Text(collation="C"), primary_key=True),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("uploaded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("unused_since", DateTime(timezone=True), server_default=func.now()),
)

outbox = outbox_table(metadata)
