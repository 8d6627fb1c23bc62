"""`python -m vvcli`."""

from vvcli.cli.main import main

main()
