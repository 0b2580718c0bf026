"""Random indices, as text."""

from __future__ import annotations

import torch

from tests.fuzz.builder import Builder


def slices(b: Builder, shape: tuple[int, ...]) -> str:
    """Ints, slices, None and an ellipsis: a view."""
    rng, items = b.rng, []
    left = len(shape)
    while left and b.chance(0.75):
        left -= 1
        kind = rng.randrange(4)
        if kind == 0:
            size = shape[len(shape) - left - 1]
            items.append(str(rng.randrange(-size, size) if size and not b.chance(0.03) else 5))
        else:
            ends = [rng.choice(["", "", "0", "1", "-1", "-2", "2"]) for _ in range(2)]
            items.append(":".join([*ends, "2"] if b.chance(0.3) else ends))
    if b.chance(0.3):
        items.insert(rng.randint(0, len(items)), "None")
    if b.chance(0.25):
        items.insert(rng.randint(0, len(items)), "...")
    return ", ".join(items) or "..."


def index(b: Builder, n: int, twice: bool) -> str:
    """An index with masks or index tensors. `twice`: the same place may come up several times."""
    rng, shape = b.rng, b.of(n).shape
    masks = [m for m in b.live if b.of(m).dtype is torch.bool and b.of(m).ndim > 0 and b.of(m).shape == shape[: b.of(m).ndim]]
    if b.chance(0.25) and masks:
        return f"t{rng.choice(masks)}"
    if b.chance(0.15) and b.rough[n] == 0:
        return f"t{n} > 0"
    items: list[str] = []
    used = 0
    while used < len(shape) and (not items or b.chance(0.6)):
        size = max(shape[used], 1)
        used += 1
        many = [rng.randrange(-size, size) for _ in range(2)] if twice else rng.sample(range(size), min(size, 2))
        kinds = [
            str(rng.randrange(size)),
            ":",
            "1:",
            "::2",
            str(many),
            f"torch.tensor({many})",
            str(many),
            f"torch.tensor({many})",
        ]
        if twice:
            kinds += [f"torch.tensor({[many, many[::-1]]})"]
        kinds += [f"torch.tensor({[b.chance(0.6) for _ in range(shape[used - 1])]})" if shape[used - 1] else ":"]
        items.append(rng.choice(kinds))
    if b.chance(0.12):
        items.insert(rng.randint(0, len(items)), "None")
    if b.chance(0.2):
        items.insert(rng.randint(0, len(items)), "...")
    return ", ".join(items)


def broadcasts(source: tuple[int, ...], target: tuple[int, ...]) -> bool:
    try:
        return torch.broadcast_shapes(source, target) == torch.Size(target)
    except RuntimeError:
        return False
