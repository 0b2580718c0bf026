"""torch.cpu: what scripts ask of the CPU as a device."""

from torchlike.cpu import amp
