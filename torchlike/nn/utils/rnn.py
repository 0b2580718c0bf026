"""Sequences of different lengths in one batch: padded, and packed for recurrent layers.

XLA compiles a program for each shape, and packed data has as many rows as the lengths add up to, a number that differs in
every batch. So a sequence that was packed from a padded batch goes on as that, with its lengths, through recurrent layers and
back into a padded one; its packed `data` is made when somebody asks for it.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from torchlike.base import device as devices
from torchlike.base import dtypes
from torchlike.tensor import Tensor, creation
from torchlike.tensor import functions as ops
from torchlike.tensor.overloads.recurrent import Packing, check_steps, packed, padded, padded_input, read_lengths, read_packing
from torchlike.tensor.random_draw import placed

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence",
    "unpack_sequence", "unpad_sequence",
]  # fmt: skip


class PackedSequence_(NamedTuple):
    data: Any
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(PackedSequence_):
    """Sequences of different lengths, packed step by step. Made by `pack_padded_sequence` and `pack_sequence`.

    Attributes:
        data: `(N, *)`: the first step of all sequences, then the second of those that have one, and so on.
        batch_sizes: `(T,)` int64 on the CPU: how many sequences have each step.
        sorted_indices: `(B,)`: where each sequence, longest first, stood in the batch; None if they were sorted.
        unsorted_indices: `(B,)`: the inverse of that.

    Example:
        >>> import torchlike as torch
        >>> p = torch.nn.utils.rnn.pack_sequence([torch.tensor([1, 2, 3]), torch.tensor([4, 5])])
        >>> p.data, p.batch_sizes
        (tensor([1, 4, 2, 5, 3]), tensor([2, 2, 1]))
    """

    _padded: Tensor | None = None  # (T, B, *), instead of data until that is asked for
    _packing: Packing | None = None

    def __new__(
        cls, data: Any, batch_sizes: Tensor | None = None, sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:  # fmt: skip
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:  # (data, batch_sizes) in one
            if not (isinstance(data, (list, tuple)) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        elif batch_sizes.device.type != "cpu":
            raise ValueError(
                "batch_sizes should always be on CPU. Instances of PackedSequence should never be created manually. "
                "They should be instantiated by functions like pack_sequence and pack_padded_sequences in nn.utils.rnn. "
                "https://pytorch.org/docs/stable/nn.html#torch.nn.utils.rnn.pack_sequence"
            )
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    @classmethod
    def _of_padded(cls, by_time: Tensor, packing: Packing, batch_sizes: Tensor, *indices: Tensor | None) -> PackedSequence:
        """From a padded batch `(T, B, *)`, longest sequence first."""
        self = cls(None, batch_sizes, *indices)
        self._padded, self._packing = by_time, packing
        return self

    def _as_padded(self) -> tuple[Tensor, Packing]:
        """The padded batch `(T, B, *)`, and how it is packed."""
        if self._packing is None:
            self._packing = read_packing(self.batch_sizes)
        if self._padded is not None:
            return self._padded, self._packing
        return padded(self.data, self._packing, len(self._packing.batch_sizes)), self._packing

    @property
    def data(self) -> Tensor:
        """`(N, *)`."""
        if self._padded is not None:
            assert self._packing is not None
            # From now on this is the truth: the user may write to it.
            self.__dict__["_data"], self._padded = packed(self._padded, self._packing), None
        return self.__dict__["_data"] if "_data" in self.__dict__ else tuple.__getitem__(self, 0)

    def __iter__(self) -> Iterator[Any]:
        return iter((self.data, self.batch_sizes, self.sorted_indices, self.unsorted_indices))

    def __getitem__(self, index: Any) -> Any:
        return tuple(self)[index]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"{type(self).__name__}({shown})"

    def __getnewargs__(self) -> tuple:
        return tuple(self)

    def __getstate__(self) -> None:
        return None  # all of it is in the arguments

    def _converted(self, convert: Callable[[Tensor], Tensor], follow: Callable[[Tensor], Tensor]) -> PackedSequence:
        """With `convert` applied to the data and `follow` to the indices; itself where the data stay the same tensor."""
        old = self.data if self._padded is None else self._padded
        new = convert(old)
        if new is old:
            return self
        indices = [None if i is None else follow(i) for i in (self.sorted_indices, self.unsorted_indices)]
        if self._padded is None:
            return type(self)(new, self.batch_sizes, *indices)
        assert self._packing is not None
        return self._of_padded(new, self._packing, self.batch_sizes, *indices)

    def pin_memory(self) -> PackedSequence:
        """In memory that an accelerator can read directly, where that means something."""
        return self._converted(lambda x: x.pin_memory(), lambda x: x.pin_memory())

    def is_pinned(self) -> bool:
        """Whether the data is in such memory."""
        return self.data.is_pinned()

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The data converted as by `Tensor.to`; the indices follow to its device. Itself where nothing changes."""
        data = self.data if self._padded is None else self._padded
        where = data.to(*args, **kwargs).device
        return self._converted(lambda x: x.to(*args, **kwargs), lambda x: x.to(where))

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """On a GPU."""
        return self._moved("cuda", args, kwargs)

    def cpu(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """On the CPU."""
        return self._moved("cpu", args, kwargs)

    def _moved(self, kind: str, args: tuple, kwargs: dict[str, Any]) -> PackedSequence:
        example = creation.empty(0, device=self.batch_sizes.device if self._padded is None else self._padded.device)
        if (args or kwargs) and example.to(*args, **kwargs).device.type == kind:
            return self.to(*args, **kwargs)
        return self.to(*args, **{**kwargs, "device": kind})

    def double(self) -> PackedSequence:
        return self.to(dtype=dtypes.float64)

    def float(self) -> PackedSequence:
        return self.to(dtype=dtypes.float32)

    def half(self) -> PackedSequence:
        return self.to(dtype=dtypes.float16)

    def long(self) -> PackedSequence:
        return self.to(dtype=dtypes.int64)

    def int(self) -> PackedSequence:
        return self.to(dtype=dtypes.int32)

    def short(self) -> PackedSequence:
        return self.to(dtype=dtypes.int16)

    def char(self) -> PackedSequence:
        return self.to(dtype=dtypes.int8)

    def byte(self) -> PackedSequence:
        return self.to(dtype=dtypes.uint8)

    @property
    def is_cuda(self) -> bool:
        """Whether the data is on a GPU."""
        return (self.data if self._padded is None else self._padded).is_cuda


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The inverse of a permutation `(B,)`; None of None.

    >>> import torchlike as torch
    >>> invert_permutation(torch.tensor([2, 0, 1]))
    tensor([1, 2, 0])
    """
    return None if permutation is None else ops.argsort(permutation)


def pack_padded_sequence(
    input: Tensor, lengths: Tensor | list[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack a padded batch.

    Args:
        input: `(T, B, *)`, or `(B, T, *)` if `batch_first`.
        lengths: `(B,)` on the CPU, at least 1 and at most T each.
        enforce_sorted: the sequences are sorted already, longest first; without, they are sorted here.

    Raises:
        RuntimeError: for lengths that do not fit, are not sorted or not positive; for an empty input.
    """
    if not isinstance(lengths, Tensor):
        lengths = placed(np.asarray(lengths, np.int64), devices.CPU)
    indices: tuple[Tensor | None, Tensor | None] = (None, None)
    if not enforce_sorted and lengths.ndim == 1:
        given = lengths._read().numpy().astype(np.int64)
        order = np.argsort(-given, kind="stable")
        lengths = placed(given[order], devices.CPU)
        indices = (placed(order, input.device), placed(np.argsort(order), input.device))
        input = input.index_select(0 if batch_first else 1, indices[0])
    by_time = padded_input(input, batch_first)
    packing = Packing.of_lengths(read_lengths(lengths, by_time.shape[1]))
    check_steps(packing, by_time.shape[0])
    # What stands after the end must not reach a sum, not even times zero: it may be nan.
    clean = ops._after_the_end(by_time, placed(packing.lengths, input.device), 0)
    return PackedSequence._of_padded(clean, packing, placed(packing.batch_sizes, devices.CPU), *indices)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """The padded batch `(T, B, *)` of a packed one, in the order in which it was packed, and the lengths `(B,)`.

    Args:
        total_length: pad to that many steps.

    Raises:
        ValueError: `total_length` is less than the longest sequence.
    """
    longest = sequence.batch_sizes.shape[0]
    if total_length is not None and total_length < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {longest}"
        )
    steps = longest if total_length is None else total_length
    by_time, packing = sequence._as_padded()
    if by_time.shape[0] < steps:
        by_time = ops.cat([by_time, by_time.new_zeros((steps - by_time.shape[0], *by_time.shape[1:]))])
    elif by_time.shape[0] > steps:
        by_time = by_time[:steps]
    made = ops._after_the_end(by_time, placed(packing.lengths, by_time.device), padding_value)
    lengths = packing.lengths
    if sequence.unsorted_indices is not None:
        made = made.index_select(1, sequence.unsorted_indices)
        lengths = lengths[sequence.unsorted_indices._read().numpy()]
    return made.transpose(0, 1) if batch_first else made, placed(np.array(lengths), devices.CPU)


def _on_host(sequences: tuple) -> list[np.ndarray] | None:
    """The sequences as they lie in the host's memory, where all of them do and none needs a gradient."""
    if any(not isinstance(s, Tensor) or s.requires_grad for s in sequences):
        return None
    arrays = [s._read().array for s in sequences]
    return arrays if all(isinstance(a, np.ndarray) for a in arrays) else None


def pad_sequence(
    sequences: Tensor | Iterable[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Stack sequences `(T_i, *)`, filled up to the longest: `(T, B, *)`, or `(B, T, *)` if `batch_first`.

    Sequences that are still in the host's memory (a collate function's) are put together there: their lengths are another
    each time, and nothing needs to be compiled for them.

    Args:
        padding_side: "right" or "left".

    Raises:
        RuntimeError: for no sequences, or ones that differ in more than the length.
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}")
    parts = tuple(sequences)
    if not parts:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    if any(not p.ndim for p in parts):
        raise RuntimeError("pad_sequence: a sequence needs a dimension of time, but got a zero-dimensional tensor")
    left = padding_side == "left"
    arrays = _on_host(parts)
    if arrays is None or any(a.shape[1:] != arrays[0].shape[1:] for a in arrays):
        return ops._pad_sequence(parts, batch_first, padding_value, left)
    longest = max(len(a) for a in arrays)
    made = np.full((len(arrays), longest, *arrays[0].shape[1:]), padding_value, arrays[0].dtype)
    for row, array in zip(made, arrays, strict=True):
        row[longest - len(array) if left else 0 : longest if left else len(array)] = array
    return placed(made if batch_first else np.ascontiguousarray(np.swapaxes(made, 0, 1)), parts[0].device)


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The sequences `(T_i, *)` of a padded batch. (torch also transposes its argument in place unless `batch_first`.)"""
    by_batch = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [by_batch[i, :length] for i, length in enumerate(lengths.tolist())]


def pack_sequence(sequences: list[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences `(T_i, *)`; without `enforce_sorted` in any order, with it longest first.

    Raises:
        RuntimeError: as `pad_sequence` and `pack_padded_sequence`.
    """
    lengths = [builtins.int(s.shape[0]) for s in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences that were packed, in their order."""
    padded_sequences, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded_sequences, lengths, batch_first=True)
