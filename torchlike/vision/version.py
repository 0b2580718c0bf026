"""The version of torchvision whose interface this is: the one that goes with the version of torch."""

__version__ = "0.28.0"
