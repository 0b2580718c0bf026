"""`torch.utils.cpp_extension`: extensions in C++ and CUDA call libtorch, which is not here; they cannot be built.

What one does instead: write the operator with tensor operations, or as a JAX function (Pallas for a kernel of one's own)
through `torchlike.func.from_jax`, with its gradient in `torch.autograd.Function` or `torch.library.register_autograd`.
"""

from __future__ import annotations

from typing import Any

from torchlike.base.errors import missing

__all__ = ["BuildExtension", "CUDAExtension", "CppExtension", "include_paths", "load", "load_inline"]

_ADVICE = (
    "extensions in C++ and CUDA call libtorch, which is not here; write the operator with tensor operations, or as a JAX "
    "function (Pallas for a kernel of your own) through torchlike.func.from_jax"
)
CUDA_HOME = ROCM_HOME = CUDNN_HOME = SYCL_HOME = None
IS_HIP_EXTENSION = False
IS_WINDOWS = IS_MACOS = False
IS_LINUX = True


def load(name: str, sources: Any, *args: Any, **options: Any) -> Any:
    """Raises NotImplementedError."""
    raise missing("torch.utils.cpp_extension.load", f"{name}: {_ADVICE}")


def load_inline(name: str, cpp_sources: Any, *args: Any, **options: Any) -> Any:
    """Raises NotImplementedError."""
    raise missing("torch.utils.cpp_extension.load_inline", f"{name}: {_ADVICE}")


def CppExtension(name: str, sources: Any, *args: Any, **options: Any) -> Any:
    """Raises NotImplementedError."""
    raise missing("torch.utils.cpp_extension.CppExtension", f"{name}: {_ADVICE}")


def CUDAExtension(name: str, sources: Any, *args: Any, **options: Any) -> Any:
    """Raises NotImplementedError."""
    raise missing("torch.utils.cpp_extension.CUDAExtension", f"{name}: {_ADVICE}")


class BuildExtension:
    """The command that builds extensions. Making one raises NotImplementedError."""

    def __init__(self, *args: Any, **options: Any):
        raise missing("torch.utils.cpp_extension.BuildExtension", _ADVICE)

    @classmethod
    def with_options(cls, **options: Any) -> type[BuildExtension]:
        """The class itself."""
        return cls


def include_paths(device_type: str = "cpu") -> list[str]:
    """No headers: an empty list."""
    return []


def library_paths(device_type: str = "cpu") -> list[str]:
    """No libraries: an empty list."""
    return []


def is_ninja_available() -> bool:
    """False."""
    return False
