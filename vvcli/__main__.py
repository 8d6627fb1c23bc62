"""`python -m vvcli`."""

from vvcli.cli.entry import main

main()
