"""Catalogues from files: how they are read, checked and put into a shop, whoever asks for it."""
