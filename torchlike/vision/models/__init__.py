"""`torchvision.models`: networks that classify images, with torchvision's names and state_dict keys."""

from torchlike.base.errors import absent
from torchlike.vision.models import (
    alexnet as _alexnet,
)
from torchlike.vision.models import (
    convnext as _convnext,
)
from torchlike.vision.models import (
    densenet as _densenet,
)
from torchlike.vision.models import (
    efficientnet as _efficientnet,
)
from torchlike.vision.models import (
    googlenet as _googlenet,
)
from torchlike.vision.models import (
    inception,
    mnasnet,
    mobilenetv2,
    mobilenetv3,
    regnet,
    resnet,
    shufflenetv2,
    squeezenet,
    swin_transformer,
    vgg,
    vision_transformer,
)
from torchlike.vision.models._api import (
    Weights,
    WeightsEnum,
    get_model,
    get_model_builder,
    get_model_weights,
    get_weight,
    list_models,
    register_model,
)

__all__ = [
    "Weights", "WeightsEnum", "get_model", "get_model_builder", "get_model_weights", "get_weight", "list_models",
    "register_model",
]  # fmt: skip

# A network of a module's own name (alexnet) takes the module's place, as in torchvision.
for _module in (
    _alexnet, _convnext, _densenet, _efficientnet, _googlenet, inception, mnasnet, mobilenetv2, mobilenetv3, regnet, resnet,
    shufflenetv2, squeezenet, swin_transformer, vgg, vision_transformer,
):  # fmt: skip
    globals().update({_name: getattr(_module, _name) for _name in _module.__all__})
    __all__ += _module.__all__

__getattr__ = absent("torchvision.models")
