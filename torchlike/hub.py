"""`torch.hub`: checkpoints from URLs, and models from a folder with a `hubconf.py`."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlparse as urlparse  # libraries take it from here

from torchlike.base import progress
from torchlike.base.errors import absent, missing
from torchlike.serialization import load as _load

__all__ = ["download_url_to_file", "get_dir", "list", "load", "load_state_dict_from_url", "set_dir"]

HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")
_dir: str | None = None
_list = list


def _get_torch_home() -> str:
    """Where torch keeps what it downloads: $TORCH_HOME, else ~/.cache/torch."""
    home = os.environ.get("TORCH_HOME") or os.path.join(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "torch")
    return os.path.expanduser(home)


def get_dir() -> str:
    """Where downloads are kept: `set_dir`, else $TORCH_HOME/hub, else ~/.cache/torch/hub."""
    return _dir or os.path.join(_get_torch_home(), "hub")


def set_dir(d: str | os.PathLike) -> None:
    """Keep downloads elsewhere."""
    global _dir
    _dir = os.path.expanduser(d)


def download_url_to_file(url: str, dst: str, hash_prefix: str | None = None, progress: bool = True) -> None:
    """Download into a file, which appears when it is complete.

    Raises:
        RuntimeError: if its SHA-256 does not begin with `hash_prefix`.
    """
    digest = hashlib.sha256()
    target = Path(dst).expanduser()
    with urllib.request.urlopen(url) as source, tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
        try:
            while block := source.read(1 << 20):
                digest.update(block)
                file.write(block)
            if hash_prefix and not digest.hexdigest().startswith(hash_prefix):
                raise RuntimeError(f'invalid hash value (expected "{hash_prefix}", got "{digest.hexdigest()}")')
            file.close()
            os.replace(file.name, target)
        except BaseException:
            file.close()
            os.unlink(file.name)
            raise


def load_state_dict_from_url(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = False,
) -> Any:
    """`load` of a file that is downloaded once. Only weights are read, unless `weights_only` is given as False by name."""
    folder = Path(model_dir or os.path.join(get_dir(), "checkpoints"))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (file_name or os.path.basename(urlparse(url).path))
    if not path.exists():
        found = HASH_REGEX.search(path.name) if check_hash else None
        download_url_to_file(url, str(path), found.group(1) if found else None, progress)
    return _load(path, map_location, weights_only=weights_only)


def _hubconf(folder: str, source: str) -> Any:
    if source != "local":
        raise missing(f"torch.hub with source={source!r}", "clone the repository and use source='local'")
    sys.path.insert(0, folder)
    try:
        spec = importlib.util.spec_from_file_location("hubconf", os.path.join(folder, "hubconf.py"))
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(folder)


def load(repo_or_dir: str, model: str, *args: Any, source: str = "github", **kwargs: Any) -> Any:
    """The model that a function of a folder's `hubconf.py` makes. `source` must be "local".

    Raises:
        RuntimeError: if it has no such function.
    """
    for name in ("trust_repo", "force_reload", "verbose", "skip_validation"):
        kwargs.pop(name, None)
    entry = getattr(_hubconf(repo_or_dir, source), model, None)
    if not callable(entry):
        raise RuntimeError(f"Cannot find callable {model} in hubconf")
    return entry(*args, **kwargs)


def list(github: str, source: str = "github", **options: Any) -> _list[str]:
    """The functions of a folder's `hubconf.py`. `source` must be "local"."""
    module = _hubconf(github, source)
    return [name for name in dir(module) if callable(getattr(module, name)) and not name.startswith("_")]


def __getattr__(name: str) -> Any:
    if name == "tqdm":
        return progress.bar()
    return absent("torch.hub")(name)
