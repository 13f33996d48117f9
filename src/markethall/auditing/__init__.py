"""The audit: what must hold in the databases of a shop, at any time."""
