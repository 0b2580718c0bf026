"""See `torchlike.autograd.control_flow`."""

from torchlike.autograd.control_flow import scan

__all__ = ["scan"]
