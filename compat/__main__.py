"""The command `torchlike` (also `python -m torchlike.compat`)."""

from __future__ import annotations

import argparse
import sys

from . import check, compare, run


def main(arguments: list[str] | None = None) -> int:
    """Parse and run. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="torchlike", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for part in (run, check, compare):
        part.add(commands)
    parity = commands.add_parser("parity", help="compare with real torch; needs it installed")
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["parity"]:  # everything else runs where there is no torch
        from .parity import command, ledger, model_command

        kinds = parity.add_subparsers(required=True, metavar="what")
        for part in (command, model_command, ledger):
            part.add(kinds)
    options = parser.parse_args(arguments)
    return options.run(options)


if __name__ == "__main__":
    sys.exit(main())
