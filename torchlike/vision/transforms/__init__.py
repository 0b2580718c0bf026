"""`torchvision.transforms`: changes to images, PIL's and tensors, with torchvision's random numbers."""

from torchlike.base.errors import absent
from torchlike.vision.transforms import autoaugment, functional
from torchlike.vision.transforms.autoaugment import AugMix, AutoAugment, AutoAugmentPolicy, RandAugment, TrivialAugmentWide
from torchlike.vision.transforms.transforms import *
from torchlike.vision.transforms.transforms import __all__ as _transforms

__all__ = [
    "AugMix", "AutoAugment", "AutoAugmentPolicy", "RandAugment", "TrivialAugmentWide", "autoaugment", "functional",
    *_transforms,
]  # fmt: skip

__getattr__ = absent("torchvision.transforms")
