"""Starting a script of `scripts/` on several ranks, and what it said."""

from __future__ import annotations

import sys
from pathlib import Path

from torchlike.distributed.elastic.agent import Job, launch
from torchlike.distributed.elastic.multiprocessing.errors import ChildFailedError

SCRIPTS = Path(__file__).parent / "scripts"


def ranks(script: str, count: int, folder: Path, *args: str, devices: int = 0) -> list[str]:
    """Run it; the standard output of each rank.

    Raises:
        AssertionError: where a rank fails, with what all have said.
    """
    command = [sys.executable, "-u", str(SCRIPTS / script), *args]
    try:
        launch(Job(command, count, redirects=3, log_dir=str(folder), devices=devices))
    except ChildFailedError as error:
        raise AssertionError(f"{error}\n{said(folder)}") from error
    return [(folder / "attempt_0" / str(r) / "stdout.log").read_text() for r in range(count)]


def said(folder: Path) -> str:
    """Everything that the ranks have written."""
    logs = sorted(folder.glob("attempt_*/*/*.log"))
    return "\n".join(f"--- {log.parent.name} {log.name}\n{log.read_text()[-3000:]}" for log in logs)
