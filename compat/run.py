"""`torchlike run`: a script or module with `import torch` redirected, in its own process and in those that it starts."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from .check import quick

PATH = Path(__file__).resolve().parent / "path"


def add(commands: Any) -> None:
    """Add the commands `run` and `path`."""
    run = commands.add_parser("run", help="run a script or module with `import torch` redirected to torchlike")
    run.add_argument("-m", dest="module", action="store_true", help="what follows is a module's name")
    run.add_argument("script", help="script, or module with -m")
    run.add_argument("--no-check", dest="check", action="store_false", help="do not look for missing APIs first")
    run.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments")
    run.set_defaults(run=_run)
    path = commands.add_parser("path", help="print the folder that redirects every Python with it on PYTHONPATH")
    path.set_defaults(run=_path)


def environment() -> dict[str, str]:
    """The environment under which every Python process is redirected."""
    paths = [str(PATH), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)), "TORCHLIKE_REDIRECT": "1"}


def _run(options: argparse.Namespace) -> int:
    command = [sys.executable, *(["-m"] if options.module else []), options.script, *options.arguments]
    if options.check and not options.module:
        missing, fatal = quick(Path(options.script))
        for line in missing:
            print(f"torchlike: {line}", file=sys.stderr)
        if fatal:
            print("torchlike: so it would fail, and has not been started; --no-check starts it", file=sys.stderr)
            return 1
    if os.name == "posix":  # the same process, so that signals, exit status and `__main__` are the script's own
        sys.stdout.flush()
        os.execve(sys.executable, command, environment())
    return subprocess.call(command, env=environment())


def _path(options: argparse.Namespace) -> int:
    print(PATH)
    return 0
