"""`python -m vvcli.voicelab COMMAND`: the embedded voice, step by step."""

from vvcli.voicelab.command_line import parse


def main() -> None:
    """Run the command that the command line names."""
    options = parse()
    # Only now: help and mistakes are told at once.
    from vvcli.voicelab.commands import run

    run(options)


if __name__ == "__main__":
    main()
