"""What is remembered of a transform is its structure, never a tensor."""

import gc
import weakref

import torchlike as torch
from torchlike._higher_order_ops import scan


def _run() -> list:
    x, w = torch.ones(4, 3), torch.ones(3)
    torch.vmap(lambda v: (v * w).sum())(x)
    torch.func.jacrev(lambda v: v * w)(w + 1)
    scan(lambda c, v: (c + v * w, c), torch.zeros(3), x)
    torch.cond(w.sum() > 0, lambda v: v * w, lambda v: v, (w,))
    torch.while_loop(lambda v: v.sum() < 9, lambda v: (v + w,), (w,))
    torch.engine.flush()
    return [weakref.ref(t._storage) for t in (x, w)]


def test_values_die_with_their_tensors():
    seen = _run()
    gc.collect()
    assert all(ref() is None for ref in seen)
