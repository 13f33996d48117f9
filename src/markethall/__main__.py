"""`python -m markethall`."""

from markethall.cli import main

main()
