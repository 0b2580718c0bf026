"""Marks in a model: where integers begin, and where they end."""

from __future__ import annotations

from torchlike.ao.nn.stubs import DeQuantStub, QuantStub, QuantWrapper

__all__ = ["DeQuantStub", "QuantStub", "QuantWrapper"]
