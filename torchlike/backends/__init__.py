"""`torch.backends`: settings and questions about kernel libraries. XLA has its own; the settings are kept and read back."""

from __future__ import annotations

from torchlike.backends import cpu, cuda, cudnn, mha, mkl, mkldnn, mps, openmp, opt_einsum, quantized, xnnpack
from torchlike.base.errors import absent

__all__ = ["cpu", "cuda", "cudnn", "mha", "mkl", "mkldnn", "mps", "openmp", "opt_einsum", "quantized", "xnnpack"]

__getattr__ = absent("torch.backends")
