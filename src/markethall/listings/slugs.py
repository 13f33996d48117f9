"""Addresses made from names."""

import re
import unicodedata


def slug_of(text: str) -> str:
    """Lower-case ASCII words joined by hyphens; empty where nothing of the text is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
