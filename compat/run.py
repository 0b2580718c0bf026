"""`torchlike run`: a script or module with `import torch` redirected, in its own process and in those that it starts."""

from __future__ import annotations

import argparse
import builtins
import os
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from torchlike.base.flags import DEVICES, flags

from .check import quick
from .redirect import install

PATH = Path(__file__).resolve().parent / "path"


def add(commands: Any) -> None:
    """Add the commands `run` and `path`."""
    run = commands.add_parser("run", help="run a script or module with `import torch` redirected to torchlike")
    run.add_argument("-m", dest="module", action="store_true", help="what follows is a module's name")
    run.add_argument("script", help="script, or module with -m")
    run.add_argument(
        "--device", choices=DEVICES, default=flags.device,
        help="what 'cuda' means: the GPU (auto, gpu), the TPU, or the CPU where a script asks for a GPU and there is none",
    )  # fmt: skip
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
    os.environ["TORCHLIKE_DEVICE"] = flags.device = options.device
    script = Path(options.script)
    if options.check and not options.module:
        missing, fatal = quick(script)
        for line in missing:
            print(f"torchlike: {line}", file=sys.stderr)
        if fatal:
            print("torchlike: so it would fail, and has not been started; --no-check starts it", file=sys.stderr)
            return 1
    if not options.module and script.is_file() and script.suffix == ".py":
        return start(options.script, options.arguments)
    command = [sys.executable, *(["-m"] if options.module else []), options.script, *options.arguments]
    if os.name == "posix":  # the same process, so that signals, exit status and `__main__` are the script's own
        sys.stdout.flush()
        os.execve(sys.executable, command, environment())
    return subprocess.call(command, env=environment())


def start(script: str, arguments: list[str]) -> int:
    """Run a script as `__main__` of this process, which has imported torchlike already: another would do so again."""
    os.environ.update(environment())  # for the processes that it starts
    install()
    path = os.path.abspath(script)
    main = ModuleType("__main__")
    vars(main).update(__file__=path, __loader__=SourceFileLoader("__main__", path), __builtins__=builtins, __cached__=None)
    sys.modules["__main__"] = main
    sys.argv = [script, *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(script))
    try:
        exec(compile(Path(path).read_bytes(), path, "exec", dont_inherit=True), vars(main))
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        below = error.__traceback__.tb_next if error.__traceback__ else None  # without the line above
        sys.excepthook(type(error), error.with_traceback(below), below)
        return 1
    return 0


def _path(options: argparse.Namespace) -> int:
    print(PATH)
    return 0
