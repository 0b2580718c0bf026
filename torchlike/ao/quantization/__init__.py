"""`torch.ao.quantization`: models on 8-bit integers, quantized as they run, after calibration, or in training.

Integers are multiplied as integers, by XLA, with 32-bit sums. The eager workflow is here; graph modes (`prepare_fx`, PT2E) need
`torch.fx` and are not.
"""

from __future__ import annotations

from torchlike.ao.quantization.fake_quantize import *
from torchlike.ao.quantization.fake_quantize import FakeQuantizeBase
from torchlike.ao.quantization.fuse_modules import fuse_known_modules, fuse_modules, fuse_modules_qat
from torchlike.ao.quantization.fuser_method_mappings import *
from torchlike.ao.quantization.observer import *
from torchlike.ao.quantization.qconfig import *
from torchlike.ao.quantization.qconfig_mapping import *
from torchlike.ao.quantization.quant_api import *
from torchlike.ao.quantization.quant_type import QuantType
from torchlike.ao.quantization.quantization_mappings import *
from torchlike.ao.quantization.quantize import *
from torchlike.ao.quantization.stubs import DeQuantStub, QuantStub, QuantWrapper
from torchlike.ao.quantization.utils import get_combined_dict
from torchlike.base.errors import absent

__getattr__ = absent("torch.ao.quantization")
