"""See `torchlike.autograd.control_flow`."""

from torchlike.autograd.control_flow import cond

__all__ = ["cond"]
