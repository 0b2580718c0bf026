"""A lock between processes that is a file: who makes it has the baton (torch.utils.file_baton)."""

from __future__ import annotations

import os
import time
import warnings

__all__ = ["FileBaton"]


class FileBaton:
    """One of several processes gets the baton; the others wait until it is released.

    Args:
        lock_file_path: the file that stands for it.
        wait_seconds: how often `wait` looks.
        warn_after_seconds: how long `wait` takes before it warns once, naming the file.

    >>> import tempfile, os
    >>> baton = FileBaton(os.path.join(tempfile.mkdtemp(), "lock"))
    >>> baton.try_acquire(), baton.try_acquire()
    (True, False)
    >>> baton.release()
    """

    def __init__(self, lock_file_path: str, wait_seconds: float = 0.1, warn_after_seconds: float | None = None) -> None:
        self.lock_file_path = lock_file_path
        self.wait_seconds = wait_seconds
        self.warn_after_seconds = warn_after_seconds
        self.fd: int | None = None

    def try_acquire(self) -> bool:
        """Whether this process gets the baton now."""
        try:
            self.fd = os.open(self.lock_file_path, os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            return False
        return True

    def wait(self) -> None:
        """Until whoever has the baton releases it."""
        start, limit = time.monotonic(), self.warn_after_seconds
        while os.path.exists(self.lock_file_path):
            time.sleep(self.wait_seconds)
            if limit is not None and time.monotonic() - start > limit:
                warnings.warn(f'Waited on lock file "{self.lock_file_path}" for {limit} seconds.', stacklevel=2)
                limit = None

    def release(self) -> None:
        """Give the baton back: the file goes."""
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None
        os.remove(self.lock_file_path)
