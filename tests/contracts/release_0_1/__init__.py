"""The contracts of release 0.1, as recorded then."""
