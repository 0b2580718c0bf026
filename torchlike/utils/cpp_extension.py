"""`torch.utils.cpp_extension`: extensions in C++ and CUDA call libtorch, which is not here; those that do cannot be built.

What one does instead: write the operator with tensor operations, or as a JAX function (Pallas for a kernel of one's own)
through `torchlike.func.from_jax`, with its gradient in `torch.autograd.Function` or `torch.library.register_autograd`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from torchlike.base.errors import missing

try:
    from setuptools import Extension
    from setuptools.command.build_ext import build_ext
except ImportError:  # what libraries ask here when they are imported is there all the same; nobody builds without setuptools
    Extension = build_ext = object

__all__ = ["BuildExtension", "CUDAExtension", "CppExtension", "include_paths", "load", "load_inline"]

_ADVICE = (
    "extensions in C++ and CUDA call libtorch, which is not here; write the operator with tensor operations, or as a JAX "
    "function (Pallas for a kernel of your own) through torchlike.func.from_jax"
)
_HEADER = re.compile(r'^\s*#\s*include\s*[<"](torch|ATen|c10|THC?)/', re.MULTILINE)
CUDA_HOME = os.environ.get("CUDA_HOME") or os.environ.get("CUDA_PATH")
ROCM_HOME = CUDNN_HOME = SYCL_HOME = None
IS_HIP_EXTENSION = False
IS_WINDOWS = IS_MACOS = False
IS_LINUX = True


def load(name: str, sources: Any, *args: Any, **options: Any) -> Any:
    """Raises NotImplementedError."""
    raise missing("torch.utils.cpp_extension.load", f"{name}: {_ADVICE}")


def load_inline(name: str, cpp_sources: Any, *args: Any, **options: Any) -> Any:
    """Raises NotImplementedError."""
    raise missing("torch.utils.cpp_extension.load_inline", f"{name}: {_ADVICE}")


def CppExtension(name: str, sources: Any, *args: Any, **options: Any) -> Extension:
    """An extension in C++ for `BuildExtension`, which builds it if it does without torch's headers."""
    options["include_dirs"] = [*options.get("include_dirs", ()), *include_paths()]
    return Extension(name, sources, *args, **{**options, "language": "c++"})


def CUDAExtension(name: str, sources: Any, *args: Any, **options: Any) -> Any:
    """Raises NotImplementedError; where CUDA_HOME is not set OSError, as torch does."""
    if CUDA_HOME is None:
        raise OSError("CUDA_HOME environment variable is not set. Please set it to your CUDA install root.")
    raise missing("torch.utils.cpp_extension.CUDAExtension", f"{name}: {_ADVICE}")


class BuildExtension(build_ext):
    """setuptools' command that builds extensions, for those that do without torch's headers.

    Raises:
        NotImplementedError: at the build of an extension in CUDA, or that includes one of torch's headers.
    """

    def __init__(self, *args: Any, **options: Any):
        self.no_python_abi_suffix = options.pop("no_python_abi_suffix", False)
        self.use_ninja = options.pop("use_ninja", False)
        super().__init__(*args, **options)

    @classmethod
    def with_options(cls, **options: Any) -> type[BuildExtension]:
        """The command with other defaults."""

        class WithOptions(cls):  # type: ignore[valid-type, misc]  # of the class it is asked of
            def __init__(self, *args: Any, **others: Any):
                super().__init__(*args, **{**options, **others})

        return WithOptions

    def build_extensions(self) -> None:
        """Build them, each with the flags for C++ of its own."""
        for extension in self.extensions:
            for source in extension.sources:
                if _needs_torch(source):
                    raise missing(f"the extension {extension.name}", f"{source}: {_ADVICE}")
            flags = extension.extra_compile_args
            if isinstance(flags, dict):
                extension.extra_compile_args = flags.get("cxx", [])
        super().build_extensions()


def _needs_torch(source: Any) -> bool:
    path = Path(source)
    return path.suffix in (".cu", ".cuh") or (path.exists() and _HEADER.search(path.read_text(errors="replace")) is not None)


def include_paths(device_type: str = "cpu") -> list[str]:
    """No headers: an empty list."""
    return []


def library_paths(device_type: str = "cpu") -> list[str]:
    """No libraries: an empty list."""
    return []


def is_ninja_available() -> bool:
    """False."""
    return False
