"""What can be wrong with a field of a request, or a cell of a file: stable names, for programs and translators."""

from collections.abc import Mapping
from typing import Literal

FieldCode = Literal[
    # Of any field
    "invalid",
    "needed",
    "unknown_field",
    "wrong_type",
    "wrong_form",
    "too_short",
    "too_long",
    "too_small",
    "too_large",
    "too_few",
    "too_many",
    "twice",
    "zero",
    "either",
    "other_currency",
    # Of products and categories
    "options_differ",
    "no_such_value",
    "same_options",
    "unknown_category",
    "unknown_picture",
    "below_itself",
    "too_many_levels",
    "unknown_option",
    "needs_search",
    # Of periods
    "unknown_time_zone",
    "no_offset",
    "period_too_long",
    "period_reversed",
    # Of orders and accounts
    "unknown_country",
    "not_an_email",
    "wrong_password",
    # Of files
    "not_utf8",
    "not_csv",
    "semicolons",
    "column_missing",
    "column_unknown",
    "column_twice",
    "column_name",
    "column_unnamed",
    "cells",
    "not_a_slug",
    "not_a_sku",
    "not_a_path",
    "not_an_address",
    "not_an_amount",
    "comma",
    "too_fine",
    "not_a_count",
    "on_line",
    "other_than_before",
    "same_variant",
    "spelt_otherwise",
    "other_product",
    "nul",
]

Values = Mapping[str, str | int]
"""What a message names: the bound that is passed, the value that is meant."""
