"""`save`, `async_save` and `load`.

A checkpoint is a folder. Each save writes a new one within it and names it only when everything is there, so that a process
that is killed amid leaves the last whole one to be loaded.
"""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import jax

from torchlike.distributed import lifecycle, objects
from torchlike.distributed import process_group as groups
from torchlike.distributed.checkpoint.arrays import described, flattened, name_of, put_back, to_array
from torchlike.engine import flush
from torchlike.engine.processes import world
from torchlike.tensor import Tensor

_PREFIX = "version-"


class CheckpointException(RuntimeError):
    """What went wrong in saving or loading."""


class FileSystemWriter:
    """Writes to a folder: `save(state, storage_writer=FileSystemWriter(path))` is `save(state, checkpoint_id=path)`."""

    def __init__(self, path: str | os.PathLike, *args: Any, **options: Any):
        self.path = Path(path)


class FileSystemReader(FileSystemWriter):
    """Reads from a folder."""


def _orbax() -> Any:
    try:
        import orbax.checkpoint as orbax
    except ImportError as error:
        raise ImportError("torch.distributed.checkpoint needs orbax: pip install 'torchlike[checkpoint]'") from error
    return orbax


def _folder(checkpoint_id: Any, storage: Any) -> Path:
    if storage is not None:
        return Path(storage.path).absolute()
    if checkpoint_id is None:
        raise RuntimeError("a checkpoint_id (a folder) or a storage must be given")
    return Path(checkpoint_id).absolute()


def _versions(folder: Path) -> list[int]:
    """The checkpoints in a folder that are whole, oldest first."""
    found = [p.name.removeprefix(_PREFIX) for p in folder.glob(f"{_PREFIX}*") if (p / "objects.pkl").exists()]
    return sorted(int(n) for n in found if n.isdigit())


def _together(value: Any) -> list[Any]:
    return objects.exchanged(groups.chosen(None), value, "checkpoint") if groups.is_initialized() else [value]


class AsyncSave:
    """A save that goes on in the background (torch's future of `async_save`)."""

    def __init__(self, checkpointer: Any, finish: Any):
        self._checkpointer, self._finish = checkpointer, finish

    def result(self, timeout: float | None = None) -> None:
        """Wait for it. Raises what went wrong. Every rank calls this, or `wait`."""
        if self._finish is not None:
            with lifecycle.awaiting("saving a checkpoint"):
                self._checkpointer.wait_until_finished()
                self._checkpointer.close()
            finish, self._finish = self._finish, None
            finish()

    wait = result

    def done(self) -> bool:
        return self._finish is None


def async_save(
    state_dict: dict[str, Any], *, checkpoint_id: Any = None, storage_writer: Any = None, planner: Any = None,
    process_group: Any = None, **options: Any,
) -> AsyncSave:  # fmt: skip
    """Start to save: values are taken now, and written while the program goes on. `result()` waits, and makes it valid."""
    orbax = _orbax()
    flush()
    folder = _folder(checkpoint_id, storage_writer)
    rank = world.rank
    if rank == 0:
        folder.mkdir(parents=True, exist_ok=True)
    number = _together(max(_versions(folder), default=0) + 1 if rank == 0 else None)[0]
    target = folder / f"{_PREFIX}{number}"
    if rank == 0 and target.exists():  # left by a save that did not come to its end
        shutil.rmtree(target)
    _together(None)
    leaves = list(flattened(state_dict))
    arrays = {name_of(path): to_array(value) for path, value in leaves if isinstance(value, Tensor)}
    rest = {path: value for path, value in leaves if not isinstance(value, Tensor)}
    checkpointer = orbax.AsyncCheckpointer(orbax.StandardCheckpointHandler())
    with jax.enable_x64(True), lifecycle.awaiting("saving a checkpoint"):
        checkpointer.save(target / "arrays", args=orbax.args.StandardSave(arrays or {"": jax.numpy.zeros(1)}))
    kept = pickle.dumps({"objects": rest, "arrays": sorted(arrays)})

    def finish() -> None:
        _together(None)  # everybody has written
        if rank == 0:
            partial = target / "objects.tmp"
            partial.write_bytes(kept)
            os.replace(partial, target / "objects.pkl")  # from here on it is valid
            for old in _versions(folder)[:-1]:
                shutil.rmtree(folder / f"{_PREFIX}{old}", ignore_errors=True)
        _together(None)

    return AsyncSave(checkpointer, finish)


def save(
    state_dict: dict[str, Any], *, checkpoint_id: Any = None, storage_writer: Any = None, planner: Any = None,
    process_group: Any = None, no_dist: bool = False, **options: Any,
) -> None:  # fmt: skip
    """Save nested dictionaries of tensors and picklable objects; every rank calls it, and writes its own parts.

    Args:
        checkpoint_id: a folder that all ranks reach.

    Raises:
        ImportError: without orbax (`pip install 'torchlike[checkpoint]'`).
    """
    keywords = {"checkpoint_id": checkpoint_id, "storage_writer": storage_writer}
    async_save(state_dict, **keywords).result()


def load(
    state_dict: dict[str, Any], *, checkpoint_id: Any = None, storage_reader: Any = None, planner: Any = None,
    process_group: Any = None, no_dist: bool = False,
) -> None:  # fmt: skip
    """Fill a state dictionary in place from what was saved last, whatever mesh it was saved from.

    Raises:
        CheckpointException: where nothing whole is there, or a key or a shape is another.
    """
    orbax = _orbax()
    flush()
    folder = _folder(checkpoint_id, storage_reader)
    versions = _versions(folder)
    if not versions:
        raise CheckpointException(f"there is no complete checkpoint in {folder}")
    source = folder / f"{_PREFIX}{versions[-1]}"
    kept = pickle.loads((source / "objects.pkl").read_bytes())
    leaves = list(flattened(state_dict))
    tensors = {name_of(path): value for path, value in leaves if isinstance(value, Tensor)}
    missing = sorted(set(tensors) - set(kept["arrays"])) + [
        name_of(p) for p, v in leaves if not isinstance(v, Tensor) and p not in kept["objects"]
    ]
    if missing:
        raise CheckpointException(f"Missing key in checkpoint state_dict: {', '.join(missing[:5])} (of {len(missing)}).")
    with jax.enable_x64(True):
        wanted = {name: described(t) for name, t in tensors.items()}
    with (
        lifecycle.awaiting("loading a checkpoint"),
        orbax.Checkpointer(orbax.PyTreeCheckpointHandler()) as checkpointer,
        jax.enable_x64(True),
    ):
        options = orbax.checkpoint_utils.construct_restore_args(wanted)
        arguments = orbax.args.PyTreeRestore(item=wanted, restore_args=options, partial_restore=True)
        _check_shapes(checkpointer, source / "arrays", wanted)
        found = checkpointer.restore(source / "arrays", args=arguments)
    for name, tensor in tensors.items():
        put_back(tensor, found[name])
    _restore_objects(state_dict, kept["objects"], leaves)


def _check_shapes(checkpointer: Any, path: Path, wanted: dict[str, Any]) -> None:
    metadata = checkpointer.metadata(path)
    tree = getattr(getattr(metadata, "item_metadata", metadata), "tree", None) or {}
    for name, asked in wanted.items():
        there = getattr(tree.get(name), "shape", None) if hasattr(tree, "get") else None
        if there is not None and tuple(there) != tuple(asked.shape):
            now = tuple(asked.shape)
            raise CheckpointException(f"Size mismatch between saved {tuple(there)} and current: {now} for {name}")


def _restore_objects(state: dict[str, Any], saved: dict[tuple, Any], leaves: list[tuple[tuple, Any]]) -> None:
    """Put back what is no tensor: into dictionaries in place, into stateful objects through their `load_state_dict`."""
    for key, value in state.items():
        if hasattr(value, "load_state_dict") and not isinstance(value, Tensor):
            inner = value.state_dict()
            _fill(inner, (key,), saved)
            value.load_state_dict(inner)
        elif isinstance(value, (dict, list)):
            _fill(value, (key,), saved)
        elif (key,) in saved and not isinstance(value, Tensor):
            state[key] = saved[key,]


def _fill(node: Any, path: tuple, saved: dict[tuple, Any]) -> None:
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        here = (*path, key)
        if here in saved and not isinstance(value, Tensor):
            node[key] = saved[here]
        elif isinstance(value, (dict, list)):
            _fill(value, here, saved)


save_state_dict, load_state_dict = save, load
