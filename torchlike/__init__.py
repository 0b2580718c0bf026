"""torchlike: PyTorch code that runs through JAX and XLA on CPU, GPU and TPU. `import torchlike as torch`.

Names only: what each does stands where it is defined.
"""

from __future__ import annotations

import math as _math
from importlib import import_module as _import_module
from typing import Any as _Any

from torchlike import _startup
from torchlike import autograd as autograd
from torchlike import engine as engine
from torchlike import ops as ops
from torchlike import tensor as _tensor
from torchlike.amp.autocast_mode import (
    autocast,
    autocast_decrement_nesting,
    autocast_increment_nesting,
    clear_autocast_cache,
    get_autocast_cpu_dtype,
    get_autocast_dtype,
    get_autocast_gpu_dtype,
    is_autocast_cache_enabled,
    is_autocast_cpu_enabled,
    is_autocast_enabled,
    set_autocast_cache_enabled,
    set_autocast_dtype,
    set_autocast_enabled,
)  # fmt: skip
from torchlike.autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)  # fmt: skip
from torchlike.base import dtypes as _dtypes
from torchlike.base import settings as _settings
from torchlike.base.device import default_device as get_default_device
from torchlike.base.device import device, set_default_device
from torchlike.base.dtypes import DTYPES as _DTYPES
from torchlike.base.dtypes import QUANTIZED as _QUANTIZED
from torchlike.base.dtypes import UNHELD as _UNHELD
from torchlike.base.dtypes import dtype, get_default_dtype, set_default_dtype
from torchlike.base.errors import OutOfMemoryError
from torchlike.base.errors import missing as _missing
from torchlike.base.layout import channels_last, channels_last_3d, contiguous_format, memory_format, preserve_format
from torchlike.base.layout import contiguous_format as legacy_contiguous_format
from torchlike.base.layouts import (
    jagged,
    layout,
    sparse_bsc,
    sparse_bsr,
    sparse_coo,
    sparse_csc,
    sparse_csr,
    strided,
)  # fmt: skip
from torchlike.base.numeric import finfo, iinfo
from torchlike.base.promotion import can_cast, promote_types
from torchlike.base.qschemes import SCHEMES as _SCHEMES
from torchlike.base.qschemes import qscheme
from torchlike.base.size import Size
from torchlike.tensor import Tensor
from torchlike.tensor import attach as _attach
from torchlike.tensor import functions as _functions
from torchlike.tensor.printing import get_printoptions, printoptions, set_printoptions
from torchlike.tensor.random import Generator
from torchlike.tensor.random import default as default_generator
from torchlike.tensor.typed import TYPES as _TYPES
from torchlike.tensor.typed_storages import NAMES as _STORAGES
from torchlike.version import __version__

for _d in (*_DTYPES.values(), *_UNHELD.values()):
    globals()[_d.name] = _d
    if _d.short:
        globals()[_d.short] = _d
globals()["bool"] = _dtypes.bool_
globals().update(_QUANTIZED)
globals().update(_SCHEMES)
globals().update(_TYPES)
globals().update({_name: getattr(_settings, _name) for _name in _settings.NAMES})
globals().update(_attach.public_functions())
torch = _import_module(__name__)  # `torch.torch` is torch
inf, nan, pi, e = _math.inf, _math.nan, _math.pi, _math.e
newaxis = None

_ROWS = _attach.public_rows("torch")
# Loaded when first used: whole subsystems, and what libraries only ask about.
_LAZY = frozenset(
    "_C __config__ _dynamo _inductor _jit_internal _linalg_utils _logging _tensor_str _utils accelerator ao backends compiler "
    "distributed distributions export functional futures fx hub jit library mps multiprocessing onnx overrides profiler "
    "quantization quasirandom return_types testing types xpu".split()
)
_LAZY_FROM = {
    "DeviceObjType": "_C",
    "Future": "futures",
    "GradScaler": "amp",
    "_amp_foreach_non_finite_check_and_unscale_": "amp.unscale",
    "_amp_update_scale_": "amp.unscale",
    "compile": "compiler.compiled",
    "get_device_module": "_devices",
    "PyTorchFileReader": "_C",
    "PyTorchFileWriter": "_C",
    "ScriptFunction": "jit",
    "ScriptModule": "jit",
    **dict.fromkeys("eig lstsq matrix_rank solve symeig".split(), "tensor.removed"),
    **dict.fromkeys(
        "_assert _assert_async _check _check_index _check_is_size _check_not_implemented _check_tensor_all "
        "_check_tensor_all_with _check_type _check_value _check_with SymBool SymFloat SymInt sym_float sym_int "
        "sym_ite sym_max sym_min sym_not sym_sum".split(),
        "_checks",
    ),
}


def __getattr__(name: str) -> _Any:
    row = _ROWS.get(name)
    if row is None:
        if name in _LAZY:
            return _import_module(f"torchlike.{name}")
        if name in _LAZY_FROM or name.startswith("_foreach_"):
            found = globals()[name] = getattr(_import_module(f"torchlike.{_LAZY_FROM.get(name, '_foreach')}"), name)
            return found
        if name == "Storage":  # of the default dtype, as it is now
            return globals()[_STORAGES[get_default_dtype()]]
        if name.startswith("__"):
            raise AttributeError(f"module 'torchlike' has no attribute {name!r}")
        raise _missing(f"torch.{name}")
    found = globals()[name] = getattr(_functions, row)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROWS, *_LAZY, *_LAZY_FROM})


from torchlike import (  # noqa: E402  # they use what stands above
    amp,
    aten,
    cpu,
    cuda,
    fft,
    func,
    linalg,
    masked,
    nn,
    optim,
    random,
    serialization,
    signal,
    sparse,
    special,
    storage,
    utils,
    version,
)
from torchlike.autograd.control_flow import cond, while_loop  # noqa: E402  # likewise
from torchlike.autograd.vmap import vmap  # noqa: E402  # likewise
from torchlike.serialization import load, save  # noqa: E402  # likewise

nn.modules.module._compilers["compile"] = lambda fn, *args, **options: __getattr__("compile")(fn, *args, **options)
# torch.ops.aten and the namespaces of the user's operators; `ops` itself is the op table, below all that they are made of.
vars(ops).update(aten=aten, __getattr__=lambda name: _import_module("torchlike._library.operator").namespace(name))
_startup.done()
