"""Errors of exporting."""

from __future__ import annotations

from torchlike.base.errors import absent

__all__ = ["OnnxExporterError", "OnnxExporterWarning"]


class OnnxExporterWarning(UserWarning):
    """What exporting warns of."""


class OnnxExporterError(RuntimeError):
    """A model that cannot be exported, or whose export computes other numbers."""


__getattr__ = absent("torch.onnx.errors")
