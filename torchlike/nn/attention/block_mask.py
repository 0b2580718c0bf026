"""Masks of attention in blocks: which blocks of keys each block of queries looks at."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable
from typing import Any

from torchlike.base.dtypes import bool_, int8, int32
from torchlike.nn import functional as F
from torchlike.tensor import Tensor, creation
from torchlike.tensor import functions as ops
from torchlike.tensor.overloads.ranges import arange

_DEFAULT_SPARSE_BLOCK_SIZE = 128
_LARGE_SPARSE_BLOCK_SIZE = 1 << 30

# (score, batch, head, query index, key index) -> score, and the same without score -> bool.
_score_mod_signature = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]
_mask_mod_signature = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def noop_mask(batch: Any, head: Any, token_q: Any, token_kv: Any) -> Tensor:
    """Everything is seen."""
    return batch.new_ones((), dtype=bool_)


def _sliced_mask_mod_error(batch: Any, head: Any, token_q: Any, token_kv: Any) -> Any:
    raise RuntimeError(
        "Cannot use mask_mod from a sliced BlockMask. When you slice a BlockMask using [], the mask_mod attribute is reset. "
        "You must set it from the original BlockMask's mask_mod."
    )


def places(shape: Any, device: Any) -> tuple[Any, Any, Any, Any]:
    """Batch, head, query and key indices, shaped so that they broadcast to `shape`, (B, H, Q, KV).

    torch calls a mod for each element, under vmap; here it is called once, with all indices.
    """
    b, h, q, kv = (arange(n, device=device).view([-1 if i == dim else 1 for i in range(4)]) for dim, n in enumerate(shape))
    return b, h, q, kv


def _ordered_to_dense(num_blocks: Any, indices: Any, columns: int) -> Any:
    """(counts `(*, rows)`, indices `(*, rows, n)`) -> int32 zeros and ones `(*, rows, columns)`."""
    listed = arange(indices.shape[-1], device=indices.device) < num_blocks.unsqueeze(-1)  # (*, rows, n)
    at = arange(columns, device=indices.device)
    return ((indices.unsqueeze(-1) == at) & listed.unsqueeze(-1)).any(-2).to(int32)


def _dense_to_ordered(dense: Any) -> tuple[Any, Any]:
    """Zeros and ones `(*, rows, columns)` -> the counts of ones, and the columns with the ones first."""
    dense = dense.to(int32)
    return dense.sum(-1).to(int32), ops.argsort(dense, dim=-1, descending=True, stable=True).to(int32)


def _transposed(num_blocks: Any, indices: Any) -> tuple[Any, Any]:
    if num_blocks is None:
        return None, None
    return _dense_to_ordered(_ordered_to_dense(num_blocks, indices, indices.shape[-1]).transpose(-2, -1))


class BlockMask:
    """A mask of attention `(B, H, Q, KV)` in blocks: those to be looked at element by element, and those seen whole.

    Attributes:
        kv_num_blocks: `(B, H, rows)`, how many blocks of keys each block of queries looks at; kv_indices:
            `(B, H, rows, columns)`, which they are, those that count first.
        full_kv_num_blocks, full_kv_indices: likewise of the blocks without any masked element, or None.
        q_num_blocks ...: the same from the side of the keys.
        BLOCK_SIZE: (of queries, of keys). seq_lengths: (Q, KV).
        mask_mod: (batch, head, query index, key index) -> whether it is seen.
    """

    _TENSOR_ATTRS = [
        "kv_num_blocks", "kv_indices", "full_kv_num_blocks", "full_kv_indices",
        "q_num_blocks", "q_indices", "full_q_num_blocks", "full_q_indices",
    ]  # fmt: skip
    # Whether the blocks may say more than `mask_mod` does: not where they were made from it.
    _blocks_decide = True

    def __init__(
        self,
        seq_lengths: tuple[int, int],
        kv_num_blocks: Any,
        kv_indices: Any,
        full_kv_num_blocks: Any,
        full_kv_indices: Any,
        q_num_blocks: Any,
        q_indices: Any,
        full_q_num_blocks: Any,
        full_q_indices: Any,
        BLOCK_SIZE: tuple[int, int] = (_DEFAULT_SPARSE_BLOCK_SIZE, _DEFAULT_SPARSE_BLOCK_SIZE),
        mask_mod: Any = noop_mask,
    ) -> None:
        if kv_indices.dim() < 2:
            raise RuntimeError("BlockMask must have at least 2 dimensions")
        if (full_kv_num_blocks is None) != (full_kv_indices is None):
            raise AssertionError("full_kv_num_blocks and full_kv_indices must be both provided or omitted")
        if (full_q_num_blocks is None) != (full_q_indices is None):
            raise AssertionError("full_q_num_blocks and full_q_indices must be both provided or omitted")
        self.seq_lengths = seq_lengths
        self.kv_num_blocks, self.kv_indices = kv_num_blocks, kv_indices
        self.full_kv_num_blocks, self.full_kv_indices = full_kv_num_blocks, full_kv_indices
        self.q_num_blocks, self.q_indices = q_num_blocks, q_indices
        self.full_q_num_blocks, self.full_q_indices = full_q_num_blocks, full_q_indices
        self.BLOCK_SIZE = BLOCK_SIZE
        self.mask_mod = mask_mod

    @classmethod
    def from_kv_blocks(
        cls,
        kv_num_blocks: Any,
        kv_indices: Any,
        full_kv_num_blocks: Any = None,
        full_kv_indices: Any = None,
        BLOCK_SIZE: int | tuple[int, int] = _DEFAULT_SPARSE_BLOCK_SIZE,
        mask_mod: Any = None,
        seq_lengths: tuple[int, int] | None = None,
        compute_q_blocks: bool = True,
    ) -> BlockMask:
        """A mask from its blocks; `mask_mod` counts within those that are not full."""
        if kv_indices.dim() < 2:
            raise RuntimeError("BlockMask must have at least 2 dimensions")
        if (full_kv_num_blocks is None) != (full_kv_indices is None):
            raise AssertionError("full_kv_num_blocks and full_kv_indices must be both provided or omitted")
        none = (None, None)
        of_q = _transposed(kv_num_blocks, kv_indices) if compute_q_blocks else none
        of_full_q = _transposed(full_kv_num_blocks, full_kv_indices) if compute_q_blocks else none
        size = (BLOCK_SIZE, BLOCK_SIZE) if isinstance(BLOCK_SIZE, int) else BLOCK_SIZE
        if seq_lengths is None:
            seq_lengths = (kv_indices.shape[-2] * size[0], kv_indices.shape[-1] * size[1])
        blocks = (kv_num_blocks, kv_indices, full_kv_num_blocks, full_kv_indices, *of_q, *of_full_q)
        arguments: list[Any] = [seq_lengths, *blocks, size, noop_mask if mask_mod is None else mask_mod]
        return cls(*arguments)

    def _seen(self, b: Any, h: Any, q: Any, kv: Any) -> Any:
        """The mask element by element: what is in full blocks, or in other blocks and seen by `mask_mod`."""
        seen = self.mask_mod(b, h, q, kv)
        if not self._blocks_decide or self.BLOCK_SIZE[1] == _LARGE_SPARSE_BLOCK_SIZE:
            return seen
        seen = seen & self._element(self.kv_num_blocks, self.kv_indices)
        if self.full_kv_num_blocks is None:
            return seen
        return seen | self._element(self.full_kv_num_blocks, self.full_kv_indices)

    def _element(self, num_blocks: Any, indices: Any) -> Any:
        """Blocks as a mask of elements, `(B, H, Q, KV)`."""
        dense = _ordered_to_dense(num_blocks, indices, indices.shape[-1]).to(bool_)
        for dim, size, length in zip((-2, -1), self.BLOCK_SIZE, self.seq_lengths, strict=True):
            dense = dense.repeat_interleave(size, dim).narrow(dim, 0, length)
        return dense

    def as_tuple(self, flatten: bool = True) -> tuple:
        """Everything in torch's order: lengths, tensors, what orders gradients (nothing here), block size, `mask_mod`."""
        tensors = [getattr(self, name) for name in self._TENSOR_ATTRS]
        lengths, size = (self.seq_lengths, self.BLOCK_SIZE) if flatten else ((self.seq_lengths,), (self.BLOCK_SIZE,))
        return (*lengths, *tensors, None, None, None, None, *size, self.mask_mod)

    @property
    def shape(self) -> tuple[int, ...]:
        """(B, H, Q, KV)."""
        return (*self.kv_indices.shape[:-2], *self.seq_lengths)

    def numel(self) -> int:
        """The number of elements, masked or not."""
        return math.prod(self.shape)

    def sparsity(self) -> float:
        """The share of elements, in percent, that lie in blocks that are not looked at. Reads numbers back."""
        looked_at = self.kv_num_blocks.sum()
        if self.full_kv_num_blocks is not None:
            looked_at = looked_at + self.full_kv_num_blocks.sum()
        return 100 * (1 - looked_at.item() * self.BLOCK_SIZE[0] * self.BLOCK_SIZE[1] / self.numel())

    def to_dense(self) -> Any:
        """int32 ones for the blocks that are looked at, `(B, H, rows, columns)`."""
        dense = _ordered_to_dense(self.kv_num_blocks, self.kv_indices, self.kv_indices.shape[-1])
        if self.full_kv_num_blocks is None:
            return dense
        return dense | _ordered_to_dense(self.full_kv_num_blocks, self.full_kv_indices, self.full_kv_indices.shape[-1])

    def to(self, device: Any) -> BlockMask:
        """The same mask on another device."""
        moved = [None if t is None else t.to(device) for t in (getattr(self, name) for name in self._TENSOR_ATTRS)]
        arguments: list[Any] = [self.seq_lengths, *moved, self.BLOCK_SIZE, self.mask_mod]
        made = type(self)(*arguments)
        made._blocks_decide = self._blocks_decide
        return made

    def __getitem__(self, index: Any) -> BlockMask:
        """Some batches, heads or rows of blocks; `mask_mod` has to be set anew. A number keeps its dimension."""
        given = index if isinstance(index, tuple) else (index,)
        at = tuple(slice(i, i + 1 or None) if isinstance(i, int) else i for i in given)
        tensors = [getattr(self, name) for name in self._TENSOR_ATTRS[:4]]
        cut = [None if t is None else t[at] for t in tensors]
        return self._like(*cut, mask_mod=_sliced_mask_mod_error, seq_lengths=self.seq_lengths)

    def _like(self, *blocks: Any, mask_mod: Any, seq_lengths: tuple[int, int]) -> BlockMask:
        again = self.q_indices is not None
        arguments: list[Any] = [*blocks, self.BLOCK_SIZE, mask_mod, seq_lengths, again]
        return self.from_kv_blocks(*arguments)

    def _adjust(self, new_q_len: int, new_kv_len: int) -> BlockMask:
        """The upper left corner of the mask."""
        rows = math.ceil(new_q_len / self.BLOCK_SIZE[0])
        columns = math.ceil(new_kv_len / self.BLOCK_SIZE[1])

        def cut(num_blocks: Any, indices: Any) -> tuple[Any, Any]:
            if num_blocks is None:
                return None, None
            return _dense_to_ordered(_ordered_to_dense(num_blocks, indices, indices.shape[-1])[..., :rows, :columns])

        blocks = (*cut(self.kv_num_blocks, self.kv_indices), *cut(self.full_kv_num_blocks, self.full_kv_indices))
        made = self._like(*blocks, mask_mod=self.mask_mod, seq_lengths=(new_q_len, new_kv_len))
        made._blocks_decide = self._blocks_decide
        return made

    def __repr__(self) -> str:
        shapes = {name: getattr(self, name) for name in self._TENSOR_ATTRS}
        lines = [f"    {name}={None if t is None else t.shape},\n" for name, t in shapes.items()]
        mod = getattr(self.mask_mod, "__name__", self.mask_mod)
        return (
            f"BlockMask(\n{''.join(lines)}    BLOCK_SIZE={self.BLOCK_SIZE},\n    shape={self.shape},\n"
            f"    sparsity={self.sparsity():.2f}%,\n    mask_mod={mod}\n)"
        )

    def __str__(self) -> str:
        return f"BlockMask(shape={self.shape}, sparsity={self.sparsity():.2f}%, \n{self.to_string().strip()}\n)"

    def to_string(self, grid_size: int | tuple[int, int] = (20, 20), limit: int = 4) -> str:
        """A picture of each batch and head: full, partly full and empty cells of a grid of at most `grid_size`."""
        dense = self.to_dense().to(bool_).numpy()
        *batch, rows, columns = dense.shape
        most = (grid_size, grid_size) if isinstance(grid_size, int) else grid_size
        down, along = (max(1, math.ceil(n / m)) for n, m in zip((rows, columns), most, strict=True))
        pictures = []
        for count, at in enumerate(itertools.product(*map(range, batch))):
            if count == limit:
                pictures += [
                    "...", "To print out more, set BlockMask.to_string(limit=N)",
                    "You can also index (BlockMask[batch, head]) to choose a specific batch or head",
                ]  # fmt: skip
                break
            cells = [
                [dense[at][r : r + down, c : c + along].mean() for c in range(0, columns, along)] for r in range(0, rows, down)
            ]
            drawn = ["".join(2 * ("█" if x == 1 else " " if x == 0 else "░") for x in row) for row in cells]
            pictures.append(f"{at}\n" + "".join(f"{line}\n" for line in drawn))
        return "\n".join(pictures)


# ---- making masks ------------------------------------------------------------------------------------------------


def _positional(mod: Any) -> int:
    """How many indices a mod takes: 4 with those of a mask, 5 with a score too."""
    required = [p for p in inspect.signature(mod).parameters.values() if p.default is inspect.Parameter.empty]
    if len(required) not in (4, 5):
        raise AssertionError(f"Expected 4 or 5 positional args, got {len(required)}")
    return len(required)


def create_mask(mod_fn: Any, B: int | None, H: int | None, Q_LEN: int, KV_LEN: int, device: Any = None) -> Any:
    """The bool mask `(B, H, Q_LEN, KV_LEN)` that a mask mod gives, or that a score mod makes with minus infinity."""
    shape = (B or 1, H or 1, Q_LEN, KV_LEN)
    at = places(shape, device)
    if _positional(mod_fn) == 5:
        return ~ops.isneginf(mod_fn(creation.zeros(shape, device=device), *at)).expand(shape)
    return mod_fn(*at).expand(shape)


def create_block_mask(
    mask_mod: Any,
    B: int | None,
    H: int | None,
    Q_LEN: int,
    KV_LEN: int,
    device: Any = None,
    BLOCK_SIZE: int | tuple[int, int] = _DEFAULT_SPARSE_BLOCK_SIZE,
    _compile: bool = False,
    separate_full_blocks: bool = True,
) -> BlockMask:
    """The blocks of a mask.

    Args:
        mask_mod: (batch, head, query index, key index) -> whether it is seen. It is called with all indices at once,
            shaped to broadcast, so it must be made of element-wise operations and indexing.
        B, H: None where the mask is the same for every batch or head.
        separate_full_blocks: list blocks without a masked element apart.
        _compile: taken for torch's sake.

    Raises:
        AssertionError: for a mod that takes a score.
    """
    if _positional(mask_mod) != 4:
        raise AssertionError(f"create-block_mask requires a mask_mod function! Got {mask_mod}")
    size = (BLOCK_SIZE, BLOCK_SIZE) if isinstance(BLOCK_SIZE, int) else BLOCK_SIZE
    mask = create_mask(mask_mod, B, H, Q_LEN, KV_LEN, device)
    partial, full = _convert_mask_to_block_mask(mask, *size, separate_full_blocks)
    blocks: list[Any] = [*_dense_to_ordered(partial), *((None, None) if full is None else _dense_to_ordered(full))]
    made = BlockMask.from_kv_blocks(*[*blocks, size, mask_mod, (Q_LEN, KV_LEN)])
    made._blocks_decide = False
    return made


def _convert_mask_to_block_mask(
    mask: Any,
    Q_BLOCK_SIZE: int = _DEFAULT_SPARSE_BLOCK_SIZE,
    KV_BLOCK_SIZE: int = _DEFAULT_SPARSE_BLOCK_SIZE,
    separate_full_blocks: bool = False,
) -> tuple[Any, Any]:
    """int8 marks `(B, H, rows, columns)` of the blocks that are seen in part, and of those seen whole (or None)."""
    B, H, Q, KV = mask.shape
    mask = F.pad(mask, (0, -KV % KV_BLOCK_SIZE, 0, -Q % Q_BLOCK_SIZE))
    blocks = mask.view(B, H, -(-Q // Q_BLOCK_SIZE), Q_BLOCK_SIZE, -(-KV // KV_BLOCK_SIZE), KV_BLOCK_SIZE)
    count = blocks.sum(dim=(-3, -1))
    if not separate_full_blocks:
        return (count > 0).to(int8), None
    whole = Q_BLOCK_SIZE * KV_BLOCK_SIZE
    return ((count > 0) & (count < whole)).to(int8), (count == whole).to(int8)


def or_masks(*mask_mods: Any) -> Any:
    """A mask mod that sees what one of the given sees. Raises RuntimeError for what cannot be called."""
    _require_callable(mask_mods)

    def or_mask(b: Any, h: Any, q_idx: Any, kv_idx: Any) -> Any:
        result = b.new_zeros((), dtype=bool_)
        for mask in mask_mods:
            result = result | mask(b, h, q_idx, kv_idx)
        return result

    return or_mask


def and_masks(*mask_mods: Any) -> Any:
    """A mask mod that sees what all of the given see. Raises RuntimeError for what cannot be called."""
    _require_callable(mask_mods)

    def and_mask(b: Any, h: Any, q_idx: Any, kv_idx: Any) -> Any:
        result = b.new_ones((), dtype=bool_)
        for mask in mask_mods:
            result = result & mask(b, h, q_idx, kv_idx)
        return result

    return and_mask


def _require_callable(mask_mods: tuple) -> None:
    if not all(callable(mod) for mod in mask_mods):
        raise RuntimeError(f"All inputs should be callable mask_mods: {mask_mods}")
