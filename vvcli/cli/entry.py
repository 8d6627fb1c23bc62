"""Entry point of the process: quiet on ^C before anything else is imported."""

from __future__ import annotations

# Not `signal`, whose import takes a millisecond in which ^C would end in a traceback.
import _signal  # type: ignore[import-not-found]


def main() -> None:
    """Run the command line.

    Until `vvcli.cli.main` knows how to clean up there is nothing to clean up, and SIGINT ends the
    process as it ends a program in C. One that the parent had ignored stays ignored.
    """
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    from vvcli.cli.main import main as run

    run()
