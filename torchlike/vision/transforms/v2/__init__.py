"""`torchvision.transforms.v2`: transforms of samples of any structure, images together with their masks and boxes."""

from torchlike.base.errors import absent
from torchlike.vision.transforms.autoaugment import AutoAugmentPolicy
from torchlike.vision.transforms.v2 import _colours, _containers, _places, _types, functional
from torchlike.vision.transforms.v2._transform import Transform
from torchlike.vision.transforms.v2.functional import InterpolationMode

__all__ = ["AutoAugmentPolicy", "InterpolationMode", "Transform", "functional"]

for _module in (_containers, _types, _places, _colours):
    globals().update({_name: getattr(_module, _name) for _name in _module.__all__})
    __all__ += _module.__all__

__getattr__ = absent("torchvision.transforms.v2")
