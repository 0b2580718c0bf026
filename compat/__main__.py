"""The command `torchlike` (also `python -m torchlike.compat`)."""

from __future__ import annotations

import argparse
import sys

from . import run
from .parity import command, ledger, model_command


def main(arguments: list[str] | None = None) -> int:
    """Parse and run. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="torchlike", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    run.add(commands)
    parity = commands.add_parser("parity", help="compare with real torch").add_subparsers(required=True, metavar="what")
    command.add(parity)
    model_command.add(parity)
    ledger.add(parity)
    options = parser.parse_args(arguments)
    return options.run(options)


if __name__ == "__main__":
    sys.exit(main())
