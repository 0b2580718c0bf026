"""See `torchlike.autograd.control_flow`."""

from torchlike.autograd.control_flow import while_loop

__all__ = ["while_loop"]
