"""Gradients averaged as they are, or in 16 bits. Each hook takes a process group (None: all ranks) and a bucket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlike.base.dtypes import bfloat16, dtype, float16
from torchlike.distributed import process_group as groups
from torchlike.distributed.collectives import all_reduce

__all__ = ["allreduce_hook", "bf16_compress_hook", "bf16_compress_wrapper", "fp16_compress_hook", "fp16_compress_wrapper"]

Hook = Callable[[Any, Any], Any]


def _averaged(process_group: Any, tensor: Any) -> Any:
    """A future of the average of a tensor, which it overwrites."""
    group = groups.chosen(process_group)
    tensor.div_(group.size())
    work: Any = all_reduce(tensor, group=group, async_op=True)
    return work.get_future().then(lambda future: future.value()[0])


def allreduce_hook(process_group: Any, bucket: Any) -> Any:
    """The average, as without a hook."""
    return _averaged(process_group, bucket.buffer())


def _compressed(kind: dtype, process_group: Any, bucket: Any) -> Any:
    buffer = bucket.buffer()
    return _averaged(process_group, buffer.to(kind)).then(lambda future: buffer.copy_(future.value()))


def fp16_compress_hook(process_group: Any, bucket: Any) -> Any:
    """The average in float16."""
    return _compressed(float16, process_group, bucket)


def bf16_compress_hook(process_group: Any, bucket: Any) -> Any:
    """The average in bfloat16."""
    return _compressed(bfloat16, process_group, bucket)


def _wrapped(kind: dtype, hook: Hook) -> Hook:
    def compressed(state: Any, bucket: Any) -> Any:
        buffer = bucket.buffer()
        bucket.set_buffer(buffer.to(kind))
        return hook(state, bucket).then(lambda future: buffer.copy_(_first(future.value())))

    return compressed


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, (list, tuple)) else value


def fp16_compress_wrapper(hook: Hook) -> Hook:
    """A hook that sees its gradients in float16."""
    return _wrapped(float16, hook)


def bf16_compress_wrapper(hook: Hook) -> Hook:
    """A hook that sees its gradients in bfloat16."""
    return _wrapped(bfloat16, hook)
