"""Markethall: a webshop made of separate services that keeps selling."""

__version__ = "0.1.0"
