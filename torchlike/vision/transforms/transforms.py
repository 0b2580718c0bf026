"""`torchvision.transforms.transforms`: every transform of one image, by name."""

from torchlike.base.errors import absent
from torchlike.vision.transforms import _colours, _containers, _convert, _places, _turns
from torchlike.vision.transforms.functional import InterpolationMode

__all__ = ["InterpolationMode"]

for _module in (_containers, _convert, _places, _turns, _colours):
    globals().update({_name: getattr(_module, _name) for _name in _module.__all__})
    __all__ += _module.__all__

__getattr__ = absent("torchvision.transforms.transforms")
