# Written by `python .ci/stubs.py`; changes go into what it reads: the op table and the functions themselves.
"""torchlike: PyTorch code that runs through JAX and XLA on CPU, GPU and TPU. `import torchlike as torch`."""

from builtins import bool as _bool
from builtins import float as _float
from builtins import int as _int
from collections.abc import Callable, Sequence
from typing import Any

from numpy import ndarray

from torchlike import amp as amp
from torchlike import aten as aten
from torchlike import autograd as autograd
from torchlike import cpu as cpu
from torchlike import cuda as cuda
from torchlike import engine as engine
from torchlike import fft as fft
from torchlike import func as func
from torchlike import linalg as linalg
from torchlike import masked as masked
from torchlike import nn as nn
from torchlike import ops as ops
from torchlike import optim as optim
from torchlike import random as random
from torchlike import serialization as serialization
from torchlike import signal as signal
from torchlike import sparse as sparse
from torchlike import special as special
from torchlike import storage as storage
from torchlike import utils as utils
from torchlike import version as version
from torchlike._C import DeviceObjType as DeviceObjType
from torchlike._C import PyTorchFileReader as PyTorchFileReader
from torchlike._C import PyTorchFileWriter as PyTorchFileWriter
from torchlike._checks import SymBool as SymBool
from torchlike._checks import SymFloat as SymFloat
from torchlike._checks import SymInt as SymInt
from torchlike.amp.autocast_mode import autocast as autocast
from torchlike.amp.autocast_mode import autocast_decrement_nesting as autocast_decrement_nesting
from torchlike.amp.autocast_mode import autocast_increment_nesting as autocast_increment_nesting
from torchlike.amp.autocast_mode import clear_autocast_cache as clear_autocast_cache
from torchlike.amp.autocast_mode import get_autocast_cpu_dtype as get_autocast_cpu_dtype
from torchlike.amp.autocast_mode import get_autocast_dtype as get_autocast_dtype
from torchlike.amp.autocast_mode import get_autocast_gpu_dtype as get_autocast_gpu_dtype
from torchlike.amp.autocast_mode import is_autocast_cache_enabled as is_autocast_cache_enabled
from torchlike.amp.autocast_mode import is_autocast_cpu_enabled as is_autocast_cpu_enabled
from torchlike.amp.autocast_mode import is_autocast_enabled as is_autocast_enabled
from torchlike.amp.autocast_mode import set_autocast_cache_enabled as set_autocast_cache_enabled
from torchlike.amp.autocast_mode import set_autocast_dtype as set_autocast_dtype
from torchlike.amp.autocast_mode import set_autocast_enabled as set_autocast_enabled
from torchlike.amp.grad_scaler import GradScaler as GradScaler
from torchlike.autograd import enable_grad as enable_grad
from torchlike.autograd import inference_mode as inference_mode
from torchlike.autograd import is_grad_enabled as is_grad_enabled
from torchlike.autograd import is_inference_mode_enabled as is_inference_mode_enabled
from torchlike.autograd import no_grad as no_grad
from torchlike.autograd import set_grad_enabled as set_grad_enabled
from torchlike.autograd.control_flow import cond as cond
from torchlike.autograd.control_flow import while_loop as while_loop
from torchlike.autograd.vmap import vmap as vmap
from torchlike.base.device import device as device
from torchlike.base.device import set_default_device as set_default_device
from torchlike.base.dtypes import dtype as dtype
from torchlike.base.dtypes import get_default_dtype as get_default_dtype
from torchlike.base.dtypes import set_default_dtype as set_default_dtype
from torchlike.base.errors import OutOfMemoryError as OutOfMemoryError
from torchlike.base.layout import channels_last as channels_last
from torchlike.base.layout import channels_last_3d as channels_last_3d
from torchlike.base.layout import contiguous_format as contiguous_format
from torchlike.base.layout import memory_format as memory_format
from torchlike.base.layout import preserve_format as preserve_format
from torchlike.base.layouts import jagged as jagged
from torchlike.base.layouts import layout as layout
from torchlike.base.layouts import sparse_bsc as sparse_bsc
from torchlike.base.layouts import sparse_bsr as sparse_bsr
from torchlike.base.layouts import sparse_coo as sparse_coo
from torchlike.base.layouts import sparse_csc as sparse_csc
from torchlike.base.layouts import sparse_csr as sparse_csr
from torchlike.base.layouts import strided as strided
from torchlike.base.numeric import finfo as finfo
from torchlike.base.numeric import iinfo as iinfo
from torchlike.base.promotion import can_cast as can_cast
from torchlike.base.promotion import promote_types as promote_types
from torchlike.base.qschemes import qscheme as qscheme
from torchlike.base.size import Size as Size
from torchlike.engine.random import Generator as _Generator
from torchlike.futures import Future as Future
from torchlike.jit.modules import ScriptFunction as ScriptFunction
from torchlike.jit.modules import ScriptModule as ScriptModule
from torchlike.serialization import load as load
from torchlike.serialization import save as save
from torchlike.tensor import Tensor as Tensor
from torchlike.tensor import return_types
from torchlike.tensor.printing import get_printoptions as get_printoptions
from torchlike.tensor.printing import printoptions as printoptions
from torchlike.tensor.printing import set_printoptions as set_printoptions
from torchlike.tensor.quantized import QuantizedTensor
from torchlike.tensor.random import Generator as Generator
from torchlike.tensor.sparse import SparseTensor
from torchlike.tensor.storages import UntypedStorage as UntypedStorage
from torchlike.tensor.surface import Number
from torchlike.tensor.typed import tensortype
from torchlike.tensor.typed_storages import TypedStorage as TypedStorage
from torchlike.tensor.typed_storages import _Legacy

__version__: str
BFloat16Storage: _Legacy
BFloat16Tensor: tensortype
BoolStorage: _Legacy
BoolTensor: tensortype
ByteStorage: _Legacy
ByteTensor: tensortype
CharStorage: _Legacy
CharTensor: tensortype
ComplexDoubleStorage: _Legacy
ComplexFloatStorage: _Legacy
DoubleStorage: _Legacy
DoubleTensor: tensortype
FloatStorage: _Legacy
FloatTensor: tensortype
HalfStorage: _Legacy
HalfTensor: tensortype
IntStorage: _Legacy
IntTensor: tensortype
LongStorage: _Legacy
LongTensor: tensortype
ShortStorage: _Legacy
ShortTensor: tensortype
bfloat16: dtype
bool: dtype
cdouble: dtype
cfloat: dtype
chalf: dtype
complex128: dtype
complex32: dtype
complex64: dtype
default_generator: Generator
double: dtype
e: _float
float: dtype
float16: dtype
float32: dtype
float64: dtype
float8_e4m3fn: dtype
float8_e4m3fnuz: dtype
float8_e5m2: dtype
float8_e5m2fnuz: dtype
float8_e8m0fnu: dtype
half: dtype
inf: _float
int: dtype
int16: dtype
int32: dtype
int64: dtype
int8: dtype
legacy_contiguous_format: memory_format
long: dtype
nan: _float
newaxis: None
per_channel_affine: qscheme
per_channel_affine_float_qparams: qscheme
per_channel_symmetric: qscheme
per_tensor_affine: qscheme
per_tensor_symmetric: qscheme
pi: _float
qint32: dtype
qint8: dtype
quint2x4: dtype
quint4x2: dtype
quint8: dtype
short: dtype
uint16: dtype
uint32: dtype
uint64: dtype
uint8: dtype

def abs(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The absolute value; its gradient at 0 (and at nan) is 0. Infinite where a part is, whatever the other one.

    Shapes: the result has the shape of `input`.
    Also called `absolute`. In place: `abs_`.
    """

def abs_(self: Tensor) -> Tensor:
    """The absolute value in place. Raises RuntimeError for complex tensors, whose absolute values are real."""

def absolute(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The absolute value; its gradient at 0 (and at nan) is 0. Infinite where a part is, whatever the other one.

    Shapes: the result has the shape of `input`.
    Also called `absolute`. In place: `abs_`.
    """

def absolute_(self: Tensor) -> Tensor:
    """The absolute value in place. Raises RuntimeError for complex tensors, whose absolute values are real."""

def acos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle in radians, in [0, pi], whose cosine is `input`; nan outside [-1, 1].

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    Also called `arccos`. In place: `acos_`.
    """

def acos_(input: Tensor) -> Tensor:
    """The angle in radians, in [0, pi], whose cosine is `input`; nan outside [-1, 1].

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def acosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of `cosh`; nan below 1.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    Also called `arccosh`. In place: `acosh_`.
    """

def acosh_(input: Tensor) -> Tensor:
    """The inverse of `cosh`; nan below 1.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """The mean of `output_size` windows that cover `(N, C, L)` evenly."""

def adaptive_max_pool1d(input: Any, output_size: Any) -> Any:
    """The maximum of `output_size` windows that cover `(N, C, L)` evenly, and its position."""

def add(input: Tensor, other: Tensor | Number, alpha: Tensor | Number = 1, *, out: Tensor | None = None) -> Tensor:
    """`input + alpha * other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: `add_`.
    """

def add_(input: Tensor, other: Tensor | Number, alpha: Tensor | Number = 1) -> Tensor:
    """`input + alpha * other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def addbmm(
    input: Tensor,
    batch1: Tensor | Number,
    batch2: Tensor | Number,
    beta: Tensor | Number = 1,
    alpha: Tensor | Number = 1,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """`beta * input + alpha * bmm(batch1, batch2).sum(0)`.

    In place: `addbmm_`.
    """

def addbmm_(
    input: Tensor, batch1: Tensor | Number, batch2: Tensor | Number, beta: Tensor | Number = 1, alpha: Tensor | Number = 1
) -> Tensor:
    """`beta * input + alpha * bmm(batch1, batch2).sum(0)`.

    In place: the result stands in `input`, which is returned.
    """

def addcdiv(
    input: Tensor, tensor1: Tensor | Number, tensor2: Tensor | Number, value: Tensor | Number = 1, *, out: Tensor | None = None
) -> Tensor:
    """`input + value * tensor1 / tensor2`. Raises RuntimeError for integers.

    Shapes: `input`, `tensor1`, `tensor2` broadcast; the result has the shape they meet in.
    In place: `addcdiv_`.
    """

def addcdiv_(input: Tensor, tensor1: Tensor | Number, tensor2: Tensor | Number, value: Tensor | Number = 1) -> Tensor:
    """`input + value * tensor1 / tensor2`. Raises RuntimeError for integers.

    Shapes: `input`, `tensor1`, `tensor2` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def addcmul(
    input: Tensor, tensor1: Tensor | Number, tensor2: Tensor | Number, value: Tensor | Number = 1, *, out: Tensor | None = None
) -> Tensor:
    """`input + value * tensor1 * tensor2`.

    Shapes: `input`, `tensor1`, `tensor2` broadcast; the result has the shape they meet in.
    In place: `addcmul_`.
    """

def addcmul_(input: Tensor, tensor1: Tensor | Number, tensor2: Tensor | Number, value: Tensor | Number = 1) -> Tensor:
    """`input + value * tensor1 * tensor2`.

    Shapes: `input`, `tensor1`, `tensor2` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def addmm(
    input: Tensor,
    mat1: Tensor | Number,
    mat2: Tensor | Number,
    beta: Tensor | Number = 1,
    alpha: Tensor | Number = 1,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """`beta * input + alpha * (mat1 @ mat2)`; `input` broadcasts to the product.

    In place: `addmm_`.
    """

def addmm_(
    input: Tensor, mat1: Tensor | Number, mat2: Tensor | Number, beta: Tensor | Number = 1, alpha: Tensor | Number = 1
) -> Tensor:
    """`beta * input + alpha * (mat1 @ mat2)`; `input` broadcasts to the product.

    In place: the result stands in `input`, which is returned.
    """

def addmv(
    input: Tensor,
    mat: Tensor | Number,
    vec: Tensor | Number,
    beta: Tensor | Number = 1,
    alpha: Tensor | Number = 1,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """`beta * input + alpha * (mat @ vec)`.

    In place: `addmv_`.
    """

def addmv_(
    input: Tensor, mat: Tensor | Number, vec: Tensor | Number, beta: Tensor | Number = 1, alpha: Tensor | Number = 1
) -> Tensor:
    """`beta * input + alpha * (mat @ vec)`.

    In place: the result stands in `input`, which is returned.
    """

def addr(
    input: Tensor,
    vec1: Tensor,
    vec2: Tensor,
    beta: Tensor | Number = 1,
    alpha: Tensor | Number = 1,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """`beta * input + alpha * outer(vec1, vec2)`.

    In place: `addr_`.
    """

def addr_(input: Tensor, vec1: Tensor, vec2: Tensor, beta: Tensor | Number = 1, alpha: Tensor | Number = 1) -> Tensor:
    """`beta * input + alpha * outer(vec1, vec2)`.

    In place: the result stands in `input`, which is returned.
    """

def adjoint(input: Tensor) -> Tensor:
    """The last two dimensions swapped and the elements conjugated: a view."""

def affine_grid_generator(theta: Tensor, size: Sequence[_int], align_corners: _bool) -> Tensor:
    """As `nn.functional.affine_grid`."""

def alias_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """As `alias`, with elements of its own instead of a view."""

def all(
    input: Tensor, dim: _int | Sequence[_int] | None = None, keepdim: _bool = False, *, out: Tensor | None = None
) -> Tensor:
    """Whether all elements over `dim` are true (nonzero). uint8 in, uint8 out, as torch.

    Shapes: the result has the shape of `input` without `dim` (with size 1 there where `keepdim`).
    """

def allclose(input: Tensor, other: Tensor, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> _bool:
    """Whether `|input - other| <= atol + rtol * |other|` everywhere."""

def alpha_dropout(input: Tensor, p: _float, train: _bool) -> Tensor:
    """Elements put to SELU's lowest value, mean and variance kept, each with probability `p`; the input itself if not
    `train`.
    """

def alpha_dropout_(input: Tensor, p: _float, train: _bool) -> Tensor:
    """`alpha_dropout` in place."""

def amax(input: Tensor, dim: _int | Sequence[_int] | None = (), keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """The largest element over `dim`; equal ones share the gradient evenly.

    Shapes: the result has the shape of `input` without `dim` (with size 1 there where `keepdim`).
    """

def amin(input: Tensor, dim: _int | Sequence[_int] | None = (), keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """The smallest element over `dim`; equal ones share the gradient evenly.

    Shapes: the result has the shape of `input` without `dim` (with size 1 there where `keepdim`).
    """

def aminmax(input: Tensor, *, dim: _int | None = None, keepdim: _bool = False, out: Any = None) -> Any:
    """`(min, max)` of all elements or along `dim`. Raises RuntimeError where `out` has another dtype."""

def angle(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle of each (complex) number in radians; the gradient at 0 is 0.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def any(
    input: Tensor, dim: _int | Sequence[_int] | None = None, keepdim: _bool = False, *, out: Tensor | None = None
) -> Tensor:
    """Whether any element over `dim` is true (nonzero). uint8 in, uint8 out, as torch.

    Shapes: the result has the shape of `input` without `dim` (with size 1 there where `keepdim`).
    """

def arange(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    *,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """Numbers from `start` below `end` in steps; int64 where all are ints, else the default dtype.

    Raises:
        RuntimeError: for a step of 0 or away from `end`, and for bounds that are not finite.
    """

def arccos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle in radians, in [0, pi], whose cosine is `input`; nan outside [-1, 1].

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    Also called `arccos`. In place: `acos_`.
    """

def arccos_(input: Tensor) -> Tensor:
    """The angle in radians, in [0, pi], whose cosine is `input`; nan outside [-1, 1].

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def arccosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of `cosh`; nan below 1.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    Also called `arccosh`. In place: `acosh_`.
    """

def arccosh_(input: Tensor) -> Tensor:
    """The inverse of `cosh`; nan below 1.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def arcsin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle in radians, in [-pi/2, pi/2], whose sine is `input`; nan outside [-1, 1].

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    Also called `arcsin`. In place: `asin_`.
    """

def arcsin_(input: Tensor) -> Tensor:
    """The angle in radians, in [-pi/2, pi/2], whose sine is `input`; nan outside [-1, 1].

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def arcsinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of `sinh`.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    Also called `arcsinh`. In place: `asinh_`.
    """

def arcsinh_(input: Tensor) -> Tensor:
    """The inverse of `sinh`.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def arctan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle in radians, in (-pi/2, pi/2), whose tangent is `input`.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    Also called `arctan`. In place: `atan_`.
    """

def arctan2(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The angle in radians, in [-pi, pi], of the point with height `input` and width `other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    Also called `arctan2`. In place: `atan2_`.
    """

def arctan2_(input: Tensor, other: Tensor | Number) -> Tensor:
    """The angle in radians, in [-pi, pi], of the point with height `input` and width `other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def arctan_(input: Tensor) -> Tensor:
    """The angle in radians, in (-pi/2, pi/2), whose tangent is `input`.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def arctanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of `tanh`; nan outside [-1, 1].

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    Also called `arctanh`. In place: `atanh_`.
    """

def arctanh_(input: Tensor) -> Tensor:
    """The inverse of `tanh`; nan outside [-1, 1].

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def are_deterministic_algorithms_enabled() -> _bool:
    """Whether `use_deterministic_algorithms` asked for them."""

def argmax(input: Tensor, dim: _int | None = None, keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """Where the largest element stands first, in `dim` or in the flattened tensor (int64).

    Shapes: the result has the shape of `input` without `dim` (with size 1 there where `keepdim`).
    """

def argmin(input: Tensor, dim: _int | None = None, keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """Where the smallest element stands first, in `dim` or in the flattened tensor (int64).

    Shapes: the result has the shape of `input` without `dim` (with size 1 there where `keepdim`).
    """

def argsort(
    input: Tensor, dim: _int = -1, descending: _bool = False, stable: _bool = False, *, out: Tensor | None = None
) -> Tensor:
    """Where the elements stand, in order along `dim` (always stable).

    Shapes: the result has the shape of `input`.
    """

def argwhere(input: Tensor) -> Tensor:
    """The indices of the elements that are not zero, (count, ndim) int64."""

def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: _int | None = None) -> Tensor:
    """A view of the storage with any sizes, strides and offset (in elements; the offset of `input` by default).

    Raises:
        RuntimeError: where it would leave the storage.
    """

def as_strided_(input: Tensor, size: Any, stride: Any, storage_offset: _int | None = None) -> Tensor:
    """`as_strided` in place: this tensor becomes that view of itself."""

def as_strided_copy(input: Tensor, size: Any, stride: Any, storage_offset: _int | None = None, *, out: Any = None) -> Tensor:
    """As `as_strided`, with elements of its own instead of a view."""

def as_strided_scatter(
    input: Tensor, src: Tensor, size: Sequence[_int], stride: Sequence[_int], storage_offset: _int | None = None
) -> Tensor:
    """A contiguous copy of `input` with `src` in place of `as_strided(size, stride, storage_offset)`.

    Shapes: the result has the shape of `input`.
    """

def as_tensor(data: Any, dtype: dtype | None = None, device: device | str | _int | None = None) -> Tensor:
    """`data` as a tensor; a tensor that already is what is asked for comes back itself, a numpy array shares its elements."""

def asarray(
    obj: Any,
    *,
    dtype: dtype | None = None,
    device: device | str | _int | None = None,
    copy: Any = None,
    requires_grad: _bool = False,
) -> Tensor:
    """`obj` as a tensor, copied where `copy` says so.

    Raises:
        ValueError: where `copy=False` cannot be kept.
    """

def asin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle in radians, in [-pi/2, pi/2], whose sine is `input`; nan outside [-1, 1].

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    Also called `arcsin`. In place: `asin_`.
    """

def asin_(input: Tensor) -> Tensor:
    """The angle in radians, in [-pi/2, pi/2], whose sine is `input`; nan outside [-1, 1].

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def asinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of `sinh`.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    Also called `arcsinh`. In place: `asinh_`.
    """

def asinh_(input: Tensor) -> Tensor:
    """The inverse of `sinh`.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def atan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle in radians, in (-pi/2, pi/2), whose tangent is `input`.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    Also called `arctan`. In place: `atan_`.
    """

def atan2(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The angle in radians, in [-pi, pi], of the point with height `input` and width `other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    Also called `arctan2`. In place: `atan2_`.
    """

def atan2_(input: Tensor, other: Tensor | Number) -> Tensor:
    """The angle in radians, in [-pi, pi], of the point with height `input` and width `other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def atan_(input: Tensor) -> Tensor:
    """The angle in radians, in (-pi/2, pi/2), whose tangent is `input`.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def atanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of `tanh`; nan outside [-1, 1].

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    Also called `arctanh`. In place: `atanh_`.
    """

def atanh_(input: Tensor) -> Tensor:
    """The inverse of `tanh`; nan outside [-1, 1].

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def atleast_1d(*tensors: Any) -> Any:
    """Each tensor with at least so many dimensions, a view; the tensor itself where it has them."""

def atleast_2d(*tensors: Any) -> Any:
    """Each tensor with at least so many dimensions, a view; the tensor itself where it has them."""

def atleast_3d(*tensors: Any) -> Any:
    """Each tensor with at least so many dimensions, a view; the tensor itself where it has them."""

def avg_pool1d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: Any = False, count_include_pad: Any = True
) -> Any:
    """The mean of each window of `(N, C, L)` or `(C, L)`."""

def baddbmm(
    input: Tensor,
    batch1: Tensor | Number,
    batch2: Tensor | Number,
    beta: Tensor | Number = 1,
    alpha: Tensor | Number = 1,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """`beta * input + alpha * bmm(batch1, batch2)`; `input` broadcasts to the product.

    In place: `baddbmm_`.
    """

def baddbmm_(
    input: Tensor, batch1: Tensor | Number, batch2: Tensor | Number, beta: Tensor | Number = 1, alpha: Tensor | Number = 1
) -> Tensor:
    """`beta * input + alpha * bmm(batch1, batch2)`; `input` broadcasts to the product.

    In place: the result stands in `input`, which is returned.
    """

def bartlett_window(
    window_length: _int,
    periodic: _bool = True,
    *args: _float,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    pin_memory: _bool = False,
    requires_grad: _bool = False,
    **own: _float,
) -> Tensor:
    """A triangle. `window_length` points, periodic by default. Raises RuntimeError for a negative length."""

def batch_norm(
    input: Any,
    weight: Any,
    bias: Any,
    running_mean: Any,
    running_var: Any,
    training: Any,
    momentum: Any,
    eps: Any,
    cudnn_enabled: Any = False,
) -> Any:
    """As `nn.functional.batch_norm`, parameters before statistics."""

def bernoulli(input: Tensor, p: Any = None, *, generator: Generator | None = None, out: Tensor | None = None) -> Tensor:
    """0 or 1, each 1 with the probability that `input` holds there (or `p`). The gradient is zero.

    Raises:
        RuntimeError: for a probability outside [0, 1].
    """

def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """out_k = input1 @ weight_k @ input2 + bias_k. `(*, a)`, `(*, b)`, `(out, a, b)`, `(out,)` -> `(*, out)`."""

def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, pos_weight: Tensor | None = None, reduction: _int = 0
) -> Tensor:
    """Binary cross entropy of `sigmoid(input)`; `pos_weight` multiplies the positive examples."""

def bincount(input: Tensor, weights: Tensor | None = None, minlength: _int = 0) -> Tensor:
    """How often each whole number stands in the vector, or the sum of its weights. Waits for the values: the size is theirs.

    Raises:
        RuntimeError: for negative numbers or another shape.
    """

def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """How many of `count` trials with the chance `prob` succeed.

    Raises:
        ValueError: for dtypes that are not floating. RuntimeError: where the two differ.
    """

def bitwise_and(input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The bits set in both.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: `bitwise_and_`.
    """

def bitwise_and_(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """The bits set in both.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def bitwise_left_shift(input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """`input` with its bits moved left by `other` places.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: `bitwise_left_shift_`.
    """

def bitwise_left_shift_(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """`input` with its bits moved left by `other` places.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def bitwise_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Every bit turned over (`not` of bools).

    Shapes: the result has the shape of `input`.
    In place: `bitwise_not_`.
    """

def bitwise_not_(input: Tensor) -> Tensor:
    """Every bit turned over (`not` of bools).

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def bitwise_or(input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The bits set in one or both.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: `bitwise_or_`.
    """

def bitwise_or_(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """The bits set in one or both.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def bitwise_right_shift(input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """`input` with its bits moved right by `other` places; the sign stays.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: `bitwise_right_shift_`.
    """

def bitwise_right_shift_(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """`input` with its bits moved right by `other` places; the sign stays.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def bitwise_xor(input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The bits set in exactly one.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: `bitwise_xor_`.
    """

def bitwise_xor_(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """The bits set in exactly one.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def blackman_window(
    window_length: _int,
    periodic: _bool = True,
    *args: _float,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    pin_memory: _bool = False,
    requires_grad: _bool = False,
    **own: _float,
) -> Tensor:
    """Three cosines. `window_length` points, periodic by default. Raises RuntimeError for a negative length."""

def block_diag(*tensors: Tensor) -> Tensor:
    """The matrices along the diagonal of a larger one."""

def bmm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """A product per batch entry: `(b, n, k) x (b, k, m) -> (b, n, m)`; nothing broadcasts."""

def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that all broadcast to; a number stands for a shape of one dimension. Raises RuntimeError if there is none."""

def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """The tensors expanded to one common shape, as views."""

def broadcast_to(input: Tensor, size: Any) -> Tensor:
    """`input` with the shape `size`: a view that shows elements in several places."""

def bucketize(
    input: Tensor | Number, boundaries: Tensor, out_int32: _bool = False, right: _bool = False, *, out: Tensor | None = None
) -> Tensor:
    """The index of the bucket that each element falls into; `right` decides where a boundary itself belongs."""

def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All combinations of one element from each vector, a row each, in the order of itertools.product."""

def cat(tensors: Any, dim: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """The tensors one after the other along `dim`; a tensor of shape (0,) is passed over.

    Raises:
        RuntimeError: where the other sizes differ, and for zero-dim tensors.

    Also called `concat`, `concatenate`.
    """

def cdist(x1: Tensor, x2: Tensor, p: _float = 2.0, compute_mode: str | None = None, *, out: Tensor | None = None) -> Tensor:
    """The p-norm distance of every row of `x1` to every row of `x2`: `(..., n, d), (..., m, d) -> (..., n, m)`.

    From 26 rows on the Euclidean distance goes through a matrix product, as torch's default `compute_mode` has it.
    """

def ceil(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The next integer upwards.

    Shapes: the result has the shape of `input`.
    In place: `ceil_`.
    """

def ceil_(input: Tensor) -> Tensor:
    """The next integer upwards.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def celu(input: Tensor, alpha: _float = 1.0, *, out: Tensor | None = None) -> Tensor:
    """`max(0, x) + min(0, alpha * (exp(x / alpha) - 1))`.

    Shapes: the result has the shape of `input`.
    In place: `celu_`.
    """

def celu_(input: Tensor, alpha: _float = 1.0) -> Tensor:
    """`max(0, x) + min(0, alpha * (exp(x / alpha) - 1))`.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def chain_matmul(*matrices: Tensor, out: Tensor | None = None) -> Tensor:
    """The product of a chain of matrices, multiplied in the cheapest order."""

def channel_shuffle(input: Tensor, groups: _int) -> Tensor:
    """Deal the channels of `(N, C, *)` out anew: (groups, C / groups) transposed.

    Also called `native_channel_shuffle`.
    """

def cholesky(input: Tensor, upper: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """As `linalg.cholesky`."""

def cholesky_inverse(L: Tensor, upper: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """The inverse of the matrix whose Cholesky factor is `L`."""

def cholesky_solve(input: Tensor, L: Tensor, upper: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """`X` with `A X = input`, where `L` is A's Cholesky factor: `(..., n, k), (..., n, n) -> (..., n, k)`."""

def chunk(input: Tensor, chunks: _int, dim: _int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` views of equal size (the last may be smaller)."""

def clamp(input: Tensor, min: Any = None, max: Any = None, *, out: Tensor | None = None) -> Tensor:
    """`input` held inside [min, max]. Raises RuntimeError where both are None, or a number does not fit the tensor's dtype."""

def clamp_(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """`clamp` in place."""

def clamp_max(input: Tensor, max: Any, *, out: Tensor | None = None) -> Tensor:
    """`input`, but at most `max`."""

def clamp_max_(input: Tensor, max: Any) -> Tensor:
    """`clamp_max` in place."""

def clamp_min(input: Tensor, min: Any, *, out: Tensor | None = None) -> Tensor:
    """`input`, but at least `min`."""

def clamp_min_(input: Tensor, min: Any) -> Tensor:
    """`clamp_min` in place."""

def clip(input: Tensor, min: Any = None, max: Any = None, *, out: Tensor | None = None) -> Tensor:
    """`input` held inside [min, max]. Raises RuntimeError where both are None, or a number does not fit the tensor's dtype."""

def clip_(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """`clamp` in place."""

def clone(input: Tensor, *, memory_format: memory_format | None = None) -> Tensor:
    """A copy with its own storage, in memory as it was or as `memory_format` says; the gradient flows through."""

def column_stack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Joined along the second dimension; vectors are columns."""

def combinations(input: Tensor, r: _int = 2, with_replacement: _bool = False) -> Tensor:
    """All combinations of `r` elements of a vector, a row each, in the order of itertools.combinations."""

def compile(
    model: Callable[..., Any] | None = None,
    *,
    fullgraph: _bool = False,
    dynamic: _bool | None = None,
    backend: Any = "inductor",
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    disable: _bool = False,
) -> Any:
    """A function or module whose calls run as one XLA program each, with no Python in between.

    An ordinary loop is one compiled program per step without it; this takes away what Python costs per operation. The
    whole
    training step may be compiled (zero_grad, forward, backward, step, schedulers, scalers), or a model alone, whose calls
    then
    are one op in the program around them.

    Args:
        model: a function, a method or a module; left out, a decorator is returned.
        fullgraph: raise where a call cannot be one program, instead of a warning.
        dynamic, backend, options: accepted; XLA compiles every shape by itself.
        mode: "default", "reduce-overhead", "max-autotune" or "max-autotune-no-cudagraphs", all the same here.
        disable: return `model` as it is.

    Raises:
        RuntimeError: for an unknown mode, or both mode and options.

    >>> import torchlike as torch
    >>> model = torch.nn.Linear(2, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> @torch.compile
    ... def step(x, y):
    ...     optimizer.zero_grad()
    ...     loss = torch.nn.functional.mse_loss(model(x), y)
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> losses = [float(step(torch.ones(4, 2), torch.zeros(4, 1))) for _ in range(5)]
    >>> losses[-1] < losses[0]
    True
    """

def compiled_with_cxx11_abi() -> _bool:
    """True, as in torch's own builds."""

def complex(real: Tensor, imag: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex numbers of two real ones.

    Raises:
        RuntimeError: unless both are of one floating dtype. NotImplementedError: for float16, which has no complex dtype
        here.
    """

def concat(tensors: Any, dim: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """The tensors one after the other along `dim`; a tensor of shape (0,) is passed over.

    Raises:
        RuntimeError: where the other sizes differ, and for zero-dim tensors.

    Also called `concat`, `concatenate`.
    """

def concatenate(tensors: Any, dim: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """The tensors one after the other along `dim`; a tensor of shape (0,) is passed over.

    Raises:
        RuntimeError: where the other sizes differ, and for zero-dim tensors.

    Also called `concat`, `concatenate`.
    """

def conj(input: Tensor) -> Tensor:
    """The complex conjugate, a view; a real tensor itself."""

def conj_physical(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex conjugate as a tensor of its own; a real tensor itself."""

def conj_physical_(input: Tensor) -> Tensor:
    """The complex conjugate, computed.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def constant_pad_nd(input: Tensor, pad: Sequence[_int], value: Any = 0) -> Tensor:
    """Pad the last dimensions with `value` by `(left, right)` pairs, last dimension first; negative numbers crop."""

def conv1d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1
) -> Any:
    """Convolve `(N, C, L)` or `(C, L)` with `weight` `(out, C / groups, k)`; padding is numbers, "same" or "valid"."""

def conv2d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1
) -> Any:
    """Convolve `(N, C, H, W)` or `(C, H, W)` with `weight` `(out, C / groups, kH, kW)`.

    Raises:
        RuntimeError: channels, groups, ranks or dtypes that do not fit.
    """

def conv3d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1
) -> Any:
    """Convolve `(N, C, D, H, W)` or `(C, D, H, W)` with `weight` `(out, C / groups, kD, kH, kW)`."""

def conv_tbc(input: Any, weight: Any, bias: Any, pad: Any = 0) -> Any:
    """Convolve over time: `(T, B, C)` with `weight` `(k, C, out)` and bias `(out,)` -> `(T', B, out)`."""

def conv_transpose1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: Any = 1,
    dilation: Any = 1,
) -> Any:
    """The transpose of `conv1d`: `(N, C, L)` with `weight` `(C, out / groups, k)`."""

def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: Any = 1,
    dilation: Any = 1,
) -> Any:
    """The transpose of `conv2d`: `(N, C, H, W)` with `weight` `(C, out / groups, kH, kW)`."""

def conv_transpose3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: Any = 1,
    dilation: Any = 1,
) -> Any:
    """The transpose of `conv3d`: `(N, C, D, H, W)` with `weight` `(C, out / groups, kD, kH, kW)`."""

def convolution(
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: Any,
    output_padding: Any,
    groups: Any,
) -> Any:
    """A convolution of the weight's rank, or its transpose where `transposed`."""

def copysign(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The size of `input` with the sign of `other`; no gradient where `input` is 0.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    In place: `copysign_`.
    """

def copysign_(input: Tensor, other: Tensor | Number) -> Tensor:
    """The size of `input` with the sign of `other`; no gradient where `input` is 0.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def corrcoef(input: Tensor) -> Tensor:
    """The correlation matrix of the rows, its entries held in [-1, 1]."""

def cos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The cosine of an angle in radians.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `cos_`.
    """

def cos_(input: Tensor) -> Tensor:
    """The cosine of an angle in radians.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def cosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The hyperbolic cosine.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `cosh_`.
    """

def cosh_(input: Tensor) -> Tensor:
    """The hyperbolic cosine.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def cosine_embedding_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: _float = 0.0, reduction: _int = 0) -> Tensor:
    """1 - cos for target 1, max(0, cos - margin) for target -1."""

def cosine_similarity(x1: Tensor, x2: Tensor, dim: _int = 1, eps: _float = 1e-08, *, out: Tensor | None = None) -> Tensor:
    """x1 . x2 / (max(|x1|, eps) * max(|x2|, eps)) along `dim`, after broadcasting."""

def count_nonzero(input: Tensor, dim: _int | Sequence[_int] | None = None, *, out: Tensor | None = None) -> Tensor:
    """How many elements over `dim` are not zero (int64)."""

def cov(input: Tensor, *, correction: _int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None) -> Tensor:
    """The covariance matrix of the rows (variables); columns are observations, weighted by their counts and importances.

    Raises:
        RuntimeError: for shapes and dtypes that do not fit, and negative weights (to know, the program has to run).
    """

def cross(input: Tensor, other: Tensor, dim: _int | None = None, *, out: Tensor | None = None) -> Tensor:
    """The cross products of 3-vectors along `dim` (by default the first dimension of size 3)."""

def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: _int = 0,
    reduction: _int = 0,
    zero_infinity: _bool = False,
) -> Tensor:
    """Connectionist temporal classification (Graves et al., 2006)."""

def cummax(input: Tensor, dim: _int, *, out: Sequence[Tensor] | None = None) -> return_types.cummax:
    """The running maximum along `dim` and where it stands (the last of equal ones).

    Shapes: the result has the shape of `input`.
    Returns a named tuple (values, indices).
    """

def cummin(input: Tensor, dim: _int, *, out: Sequence[Tensor] | None = None) -> return_types.cummin:
    """The running minimum along `dim` and where it stands (the last of equal ones).

    Shapes: the result has the shape of `input`.
    Returns a named tuple (values, indices).
    """

def cumprod(input: Tensor, dim: _int, *, dtype: dtype | None = None, out: Tensor | None = None) -> Tensor:
    """The running product along `dim`; zeros keep exact gradients.

    Shapes: the result has the shape of `input`.
    In place: `cumprod_`.
    """

def cumprod_(input: Tensor, dim: _int, dtype: dtype | None = None) -> Tensor:
    """The running product along `dim`; zeros keep exact gradients.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def cumsum(input: Tensor, dim: _int, *, dtype: dtype | None = None, out: Tensor | None = None) -> Tensor:
    """The running sum along `dim`. Integers and bools sum to int64.

    Shapes: the result has the shape of `input`.
    In place: `cumsum_`.
    """

def cumsum_(input: Tensor, dim: _int, dtype: dtype | None = None) -> Tensor:
    """The running sum along `dim`. Integers and bools sum to int64.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def cumulative_trapezoid(
    y: Tensor, x: Tensor | None = None, dx: _float = 1.0, dim: _int = -1, *, out: Tensor | None = None
) -> Tensor:
    """The running integral of `y` along `dim` by the trapezoid rule; of whole numbers, as `trapezoid`."""

def deg2rad(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Degrees to radians.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `deg2rad_`.
    """

def deg2rad_(input: Tensor) -> Tensor:
    """Degrees to radians.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def dequantize(tensor: Any) -> Any:
    """The real numbers of a quantized tensor as float32; of several tensors one by one. Floats come back as they are."""

def det(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The determinant of square matrices."""

def detach(input: Tensor) -> Tensor:
    """The same storage without history."""

def detach_(self: Tensor) -> Tensor:
    """Cut this tensor from its history."""

def detach_copy(input: Tensor, *, out: Any = None) -> Tensor:
    """As `detach`, with elements of its own instead of a view."""

def diag(input: Tensor, diagonal: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """A vector becomes a matrix with that diagonal, a matrix gives its diagonal (a copy)."""

def diag_embed(input: Tensor, offset: _int = 0, dim1: _int = -2, dim2: _int = -1, *, out: Tensor | None = None) -> Tensor:
    """Matrices (in dimensions `dim1`, `dim2`) whose diagonals are the vectors of the last dimension."""

def diagflat(input: Tensor, offset: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """A matrix whose diagonal is the flattened tensor."""

def diagonal(input: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor:
    """The elements with equal indices in two dimensions, as the last dimension."""

def diagonal_copy(input: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1, *, out: Any = None) -> Tensor:
    """As `diagonal`, with elements of its own instead of a view."""

def diagonal_scatter(input: Tensor, src: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor:
    """`input` with `src` in place of `input.diagonal(offset, dim1, dim2)`.

    Shapes: the result has the shape of `input`.
    """

def diff(
    input: Tensor, n: _int = 1, dim: _int = -1, prepend: Any = None, append: Any = None, *, out: Tensor | None = None
) -> Tensor:
    """The differences of neighbours along `dim`, `n` times."""

def digamma(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The derivative of `lgamma`.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    Also called `special.psi`. In place: `digamma_`.
    """

def digamma_(input: Tensor) -> Tensor:
    """The derivative of `lgamma`.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def dist(input: Tensor, other: Tensor, p: _float = 2.0, *, out: Tensor | None = None) -> Tensor:
    """The p-norm of `input - other`."""

def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Tensor | None = None) -> Tensor:
    """`input / other`, rounded towards zero ("trunc"), downwards ("floor") or not at all."""

def divide(input: Any, other: Any, *, rounding_mode: str | None = None, out: Tensor | None = None) -> Tensor:
    """`input / other`, rounded towards zero ("trunc"), downwards ("floor") or not at all."""

def dot(input: Tensor, tensor: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inner product of two vectors of one size."""

def dropout(input: Tensor, p: _float, train: _bool) -> Tensor:
    """Elements zeroed and the rest divided by 1 - p, each with probability `p`; the input itself if not `train`."""

def dropout_(input: Tensor, p: _float, train: _bool) -> Tensor:
    """`dropout` in place."""

def dsmm(mat1: Any, mat2: Any) -> Any: ...
def dsplit(input: Tensor, *given: Any, **keyword: Any) -> tuple[Tensor, ...]:
    """Views of equal parts along one dimension, or of the parts between the given indices."""

def dstack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Joined along the third dimension."""

def eig(*args: Any, **kwargs: Any) -> Any:
    """Raises RuntimeError: torch removed it in favour of `torch.linalg`'s (eig)."""

def einsum(*args: Any) -> Tensor:
    """Einstein's sum convention: `einsum("ij,jk->ik", a, b)`, or each tensor followed by its list of subscript numbers."""

def embedding(
    weight: Tensor, indices: Tensor, padding_idx: _int = -1, scale_grad_by_freq: _bool = False, sparse: _bool = False
) -> Tensor:
    """The rows of `weight` `(V, D)` that `indices` `(*)` name: `(*, D)`. A row number of `padding_idx` gets no gradient."""

def embedding_bag(
    weight: Tensor,
    indices: Tensor,
    offsets: Tensor,
    scale_grad_by_freq: _bool = False,
    mode: _int = 0,
    sparse: _bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: _bool = False,
    padding_idx: _int | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The sum (mode 0), mean (1) or maximum (2) of each bag's rows, and what torch keeps for the gradient.

    Returns:
        The bags `(B, D)`; the bag of each index; how many indices each bag has; for the maximum the index each number
        comes from `(B, D)`, else the sizes again. For sums torch leaves the sizes at 0.
    """

def embedding_renorm_(weight: Tensor, indices: Tensor, max_norm: _float, norm_type: _float) -> Tensor:
    """Scale the rows that `indices` name down to the norm `max_norm` where theirs is larger, in place."""

def empty(
    *args: Any,
    size: Any = None,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
    memory_format: memory_format = ...,
) -> Tensor:
    """Room for a tensor, concrete at once (zeros here, where torch leaves what was in memory)."""

def empty_like(
    input: Tensor,
    *,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    memory_format: memory_format | None = None,
    pin_memory: _bool = False,
) -> Tensor:
    """Room in the shape, dtype and place of `input`, concrete at once."""

def empty_permuted(
    size: Any,
    physical_layout: Any,
    *,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """Room for a tensor without gaps, its dimensions in memory in the order `physical_layout`, the outermost first.

    Raises:
        RuntimeError: where that is no order of the dimensions.
    """

def empty_strided(
    size: Any,
    stride: Any,
    *,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """Room for a tensor that answers with the given strides.

    Raises:
        RuntimeError: where there are not as many strides as sizes, or one is negative.
    """

def eq(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """Whether `input == other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: `eq_`.
    """

def eq_(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether `input == other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def equal(input: Tensor, other: Tensor) -> _bool:
    """Whether both have the same shape and the same elements. Raises TypeError for what is no tensor."""

def erf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The error function, `2 / sqrt(pi)` times the integral of `exp(-t ** 2)` from 0 to `input`.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `erf_`.
    """

def erf_(input: Tensor) -> Tensor:
    """The error function, `2 / sqrt(pi)` times the integral of `exp(-t ** 2)` from 0 to `input`.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def erfc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`1 - erf(input)`, exact where that is small.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `erfc_`.
    """

def erfc_(input: Tensor) -> Tensor:
    """`1 - erf(input)`, exact where that is small.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def erfinv(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of `erf`; nan outside [-1, 1].

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `erfinv_`.
    """

def erfinv_(input: Tensor) -> Tensor:
    """The inverse of `erf`; nan outside [-1, 1].

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def exp(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`e ** input`.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `exp_`.
    """

def exp2(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`2 ** input`.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `exp2_`.
    """

def exp2_(input: Tensor) -> Tensor:
    """`2 ** input`.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def exp_(input: Tensor) -> Tensor:
    """`e ** input`.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def expand_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """As `expand`, with elements of its own instead of a view."""

def expm1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`exp(input) - 1`, exact near 0.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `expm1_`.
    """

def expm1_(input: Tensor) -> Tensor:
    """`exp(input) - 1`, exact near 0.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def eye(
    n: Any,
    m: Any = None,
    *,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """Ones on the diagonal of an n by m matrix. Raises RuntimeError for a negative size."""

def fake_quantize_per_channel_affine(
    input: Tensor, scale: Tensor, zero_point: Tensor, axis: _int, quant_min: _int, quant_max: _int
) -> Tensor:
    """`fake_quantize_per_tensor_affine` with a scale `(C,)` and a zero point `(C,)` for each slice along `axis`."""

def fake_quantize_per_tensor_affine(input: Tensor, scale: Any, zero_point: Any, quant_min: _int, quant_max: _int) -> Tensor:
    """`input` rounded to the numbers that integers `quant_min ... quant_max` stand for; the gradient goes straight through.

    Args:
        scale, zero_point: numbers, or tensors of one element.
    """

def feature_alpha_dropout(input: Tensor, p: _float, train: _bool) -> Tensor:
    """Channels put to SELU's lowest value, mean and variance kept, each with probability `p`; the input itself if not
    `train`.
    """

def feature_alpha_dropout_(input: Tensor, p: _float, train: _bool) -> Tensor:
    """`feature_alpha_dropout` in place."""

def feature_dropout(input: Tensor, p: _float, train: _bool) -> Tensor:
    """Channels (dimension 1) zeroed and the rest divided by 1 - p, each with probability `p`; the input itself if not
    `train`.
    """

def feature_dropout_(input: Tensor, p: _float, train: _bool) -> Tensor:
    """`feature_dropout` in place."""

def fill(input: Tensor, value: Any) -> Tensor:
    """A tensor like `input` with one number (or zero-dim tensor) everywhere. The gradient goes to the number only."""

def fill_(self: Tensor, value: Any) -> Tensor:
    """Overwrite every element with one number, or with a zero-dim tensor, to which the gradient goes.

    Raises:
        RuntimeError: where the dtype cannot hold the number, and for tensors with dimensions.
    """

def fix(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The next integer towards 0.

    Shapes: the result has the shape of `input`.
    Also called `fix`. In place: `trunc_`.
    """

def fix_(input: Tensor) -> Tensor:
    """The next integer towards 0.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def flatten(input: Tensor, start_dim: _int = 0, end_dim: _int = -1) -> Tensor:
    """Dimensions `start_dim` to `end_dim` made one."""

def flip(input: Tensor, *dims: Any, **keyword: Any) -> Tensor:
    """The order of the elements reversed along `dims`."""

def fliplr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Reversed along the second dimension.

    Shapes: the result has the shape of `input`.
    """

def flipud(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Reversed along the first dimension.

    Shapes: the result has the shape of `input`.
    """

def float_power(input: Tensor | Number, exponent: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """`input ** exponent` in double precision.

    Shapes: `input`, `exponent` broadcast; the result has the shape they meet in.
    In place: `float_power_`.
    """

def float_power_(input: Tensor | Number, exponent: Tensor | Number) -> Tensor:
    """`input ** exponent` in double precision.

    Shapes: `input`, `exponent` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def floor(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The next integer downwards.

    Shapes: the result has the shape of `input`.
    In place: `floor_`.
    """

def floor_(input: Tensor) -> Tensor:
    """The next integer downwards.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def floor_divide(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """`input / other` rounded down, as Python's `//`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: `floor_divide_`.
    """

def floor_divide_(input: Tensor, other: Tensor | Number) -> Tensor:
    """`input / other` rounded down, as Python's `//`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def fmax(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The larger one; a number wins over nan. On ties the gradient goes to `input`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    """

def fmin(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The smaller one; a number wins over nan. On ties the gradient goes to `input`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    """

def fmod(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """What is left of `input` modulo `other`, with the sign of `input` (C's fmod).

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: `fmod_`.
    """

def fmod_(input: Tensor, other: Tensor | Number) -> Tensor:
    """What is left of `input` modulo `other`, with the sign of `input` (C's fmod).

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def frac(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The part after the point, with the sign of the input.

    Shapes: the result has the shape of `input`.
    In place: `frac_`.
    """

def frac_(input: Tensor) -> Tensor:
    """The part after the point, with the sign of the input.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def frexp(input: Tensor, *, out: Sequence[Tensor] | None = None) -> return_types.frexp:
    """`(mantissa, exponent)` with `input = mantissa * 2 ** exponent` and the mantissa's size in [0.5, 1), or 0.

    Shapes: the result has the shape of `input`.
    Returns a named tuple (mantissa, exponent).
    """

def frobenius_norm(
    input: Tensor, dim: _int | Sequence[_int] | None, keepdim: _bool = False, *, out: Tensor | None = None
) -> Tensor:
    """The length of all elements over one or two dimensions.

    Shapes: the result has the shape of `input` without `dim` (with size 1 there where `keepdim`).
    """

def from_dlpack(ext_tensor: Any, *, device: device | str | _int | None = None, copy: _bool | None = None) -> Tensor:
    """A tensor of anything that speaks DLPack: numpy and jax arrays, real torch's tensors. Only numpy's are shared."""

def from_jax(array: Any) -> Tensor:
    """A tensor around a jax.Array (or tracer), without a copy."""

def from_numpy(array: ndarray) -> Tensor:
    """A tensor that shares its elements with a numpy array, see `torchlike.tensor.shared`.

    What is written to the tensor is in the array at once. What is written to the array is in the tensor when that is next
    used;
    an array of more than 256 KiB is looked at only at the first use (torch shares the memory itself).

    Raises:
        TypeError: for anything else, and for elements that are no numbers.

    >>> import numpy, torchlike as torch
    >>> array = numpy.zeros(2)
    >>> x = torch.from_numpy(array)
    >>> array[0] = 5; x[1] = 7
    >>> x, array
    (tensor([5., 7.], dtype=torch.float64), array([5., 7.]))
    """

def frombuffer(buffer: Any, *, dtype: dtype, count: _int = -1, offset: _int = 0, requires_grad: _bool = False) -> Tensor:
    """A tensor of the bytes of a buffer (copied, where torch shares them).

    Raises:
        ValueError: where the buffer does not hold the elements asked for.
    """

def full(
    size: Any,
    fill_value: Any,
    *,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """One number everywhere; its type gives the dtype.

    Raises:
        RuntimeError: where the dtype cannot hold the number. TypeError: for a tensor that is not zero-dim.
    """

def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    memory_format: memory_format | None = None,
    pin_memory: _bool = False,
) -> Tensor:
    """One number in the shape, dtype and place of `input`."""

def gather(input: Tensor, dim: _int, index: Tensor, sparse_grad: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """The elements of `input` that `index` names along `dim`. Shape of `index`."""

def gcd(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The greatest common divisor.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: `gcd_`.
    """

def gcd_(input: Tensor, other: Tensor | Number) -> Tensor:
    """The greatest common divisor.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def ge(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """Whether `input >= other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Also called `greater_equal`. In place: `ge_`.
    """

def ge_(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether `input >= other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def geqrf(input: Tensor, *, out: Sequence[Tensor] | None = None) -> return_types.geqrf:
    """LAPACK's QR: R on and above the diagonal, the Householder vectors below it, and their factors `tau`.

    Returns a named tuple (a, tau).
    """

def ger(input: Tensor, vec2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of every pair: `(n) x (m) -> (n, m)`.

    Also called `ger`.
    """

def get_default_device() -> device:
    """Where new tensors go when nobody says: the CPU, or what `set_default_device` or `with device(...)` chose."""

def get_deterministic_debug_mode() -> _int:
    """0 where nothing was asked for, 1 for warnings, 2 for errors."""

def get_device(input: Tensor) -> _int:
    """The index of the accelerator that the tensor is on, -1 on the CPU."""

def get_device_module(device: device | str | None = None) -> Any:
    """The module of a kind of device, `torch.cuda` of "cuda:0"; of the accelerator there is, or of the CPU, without one.

    Raises:
        RuntimeError: for anything else, and for a kind without a module.

    >>> import torchlike as torch
    >>> torch.get_device_module("cuda:0") is torch.cuda
    True
    """

def get_float32_matmul_precision() -> str:
    """How exactly float32 matrices are multiplied: "highest" unless `set_float32_matmul_precision` changed it.

    Until it is set, accelerators multiply as JAX does by default (in bfloat16 on TPU, in TF32 on recent GPUs).
    """

def get_num_interop_threads() -> _int:
    """The number that `set_num_interop_threads` was given, or that of the processors."""

def get_num_threads() -> _int:
    """The number that `set_num_threads` was given, or that of the processors."""

def get_rng_state() -> Tensor:
    """The state of the default generator, uint8."""

def gradient(input: Tensor, *, spacing: Any = 1, dim: Any = None, edge_order: _int = 1) -> tuple[Tensor, ...]:
    """The derivatives of the samples along each dimension of `dim` (all of them by default), by finite differences.

    Args:
        spacing: the distance between samples; one number, a number per dimension, or a vector of coordinates per
        dimension.
        edge_order: 1 or 2, the order of the formula at the two ends.

    Raises:
        RuntimeError: where the spacings do not fit the dimensions, or a dimension has too few samples.
    """

def greater(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """Whether `input > other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Also called `greater`. In place: `gt_`.
    """

def greater_(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether `input > other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def greater_equal(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """Whether `input >= other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Also called `greater_equal`. In place: `ge_`.
    """

def greater_equal_(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether `input >= other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def grid_sampler(input: Any, grid: Any, interpolation_mode: Any, padding_mode: Any, align_corners: Any) -> Any:
    """As `nn.functional.grid_sample`, with numbers for the modes: {0: 'bilinear', 1: 'nearest', 2: 'bicubic'}, {0: 'zeros',
    1: 'border', 2: 'reflection'}.
    """

def grid_sampler_2d(input: Any, grid: Any, interpolation_mode: Any, padding_mode: Any, align_corners: Any) -> Any:
    """As `nn.functional.grid_sample`, with numbers for the modes: {0: 'bilinear', 1: 'nearest', 2: 'bicubic'}, {0: 'zeros',
    1: 'border', 2: 'reflection'}.
    """

def grid_sampler_3d(input: Any, grid: Any, interpolation_mode: Any, padding_mode: Any, align_corners: Any) -> Any:
    """As `nn.functional.grid_sample`, with numbers for the modes: {0: 'bilinear', 1: 'nearest', 2: 'bicubic'}, {0: 'zeros',
    1: 'border', 2: 'reflection'}.
    """

def group_norm(
    input: Any, num_groups: Any, weight: Any = None, bias: Any = None, eps: Any = 1e-05, cudnn_enabled: Any = True
) -> Any:
    """As `nn.functional.group_norm`."""

def gru(*args: Any, **keywords: Any) -> Any:
    """A network of gated recurrent units (Cho et al., 2014).

    Takes (input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first), or for a packed batch
    (data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional).
    """

def gru_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """The next state of a gated recurrent unit. `(B, I)`, `(B, H)` -> `(B, H)`; weights `(3 * H, I)`, `(3 * H, H)`."""

def gt(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """Whether `input > other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Also called `greater`. In place: `gt_`.
    """

def gt_(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether `input > other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def hamming_window(
    window_length: _int,
    periodic: _bool = True,
    *args: _float,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    pin_memory: _bool = False,
    requires_grad: _bool = False,
    **own: _float,
) -> Tensor:
    """`alpha - beta cos`. `window_length` points, periodic by default. Raises RuntimeError for a negative length."""

def hann_window(
    window_length: _int,
    periodic: _bool = True,
    *args: _float,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    pin_memory: _bool = False,
    requires_grad: _bool = False,
    **own: _float,
) -> Tensor:
    """`0.5 - 0.5 cos`. `window_length` points, periodic by default. Raises RuntimeError for a negative length."""

def hardshrink(input: Tensor, lambd: _float = 0.5, *, out: Tensor | None = None) -> Tensor:
    """x, and 0 where |x| <= `lambd`.

    Shapes: the result has the shape of `input`.
    """

def hash_tensor(
    input: Tensor,
    dim: _int | Sequence[_int] | None = None,
    keepdim: _bool = False,
    mode: _int = 0,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The exclusive or, over `dim`, of the elements' bits (as float64 or int64), uint64. The only mode is 0.

    Raises:
        RuntimeError: for another mode. NotImplementedError: for complex numbers.

    Shapes: the result has the shape of `input` without `dim` (with size 1 there where `keepdim`).
    """

def heaviside(input: Tensor, values: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """0 below zero, 1 above, `values` at zero.

    Shapes: `input`, `values` broadcast; the result has the shape they meet in.
    In place: `heaviside_`.
    """

def heaviside_(input: Tensor, values: Tensor | Number) -> Tensor:
    """0 below zero, 1 above, `values` at zero.

    Shapes: `input`, `values` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def hinge_embedding_loss(input: Tensor, target: Tensor, margin: _float = 1.0, reduction: _int = 0) -> Tensor:
    """The input for target 1, max(0, margin - input) for target -1."""

def histc(input: Tensor, bins: _int = 100, min: _float = 0, max: _float = 0, *, out: Tensor | None = None) -> Tensor:
    """How many elements fall into each of `bins` equal parts of [min, max]; of their own range where both are equal.

    Raises:
        RuntimeError: for no bins, or where `max` is below `min`.
    """

def histogram(
    input: Tensor,
    bins: Any,
    *,
    range: Sequence[_float] | None = None,
    weight: Tensor | None = None,
    density: _bool = False,
    out: Tensor | None = None,
) -> Any:
    """`(hist, bin_edges)`: how many elements fall between the edges, `bins` (a vector) or `bins` intervals of equal size.

    Args:
        range: the first and the last edge; by default the smallest and the largest element.
        weight: what each element counts, of the input's shape. density: the counts as a probability density.

    Raises:
        RuntimeError: for no bins, a range that is none, a weight of another shape or dtype.
    """

def histogramdd(
    input: Tensor, bins: Any, range: Sequence[_float] | None = None, weight: Tensor | None = None, density: _bool = False
) -> Any:
    """`(hist, bin_edges)` of points (*, D): how many fall into each cell of a grid of D dimensions.

    Args:
        bins: intervals per dimension (one number for all), or a vector of edges per dimension.
        range: the first and the last edge of each dimension, in a row.

    Raises:
        RuntimeError: where the number of bins or of range ends does not fit the points' last dimension.
    """

def hsmm(mat1: Any, mat2: Any) -> Any: ...
def hsplit(input: Tensor, *given: Any, **keyword: Any) -> tuple[Tensor, ...]:
    """Views of equal parts along one dimension, or of the parts between the given indices."""

def hstack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Joined along the second dimension (the first, for vectors)."""

def hypot(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """`sqrt(input ** 2 + other ** 2)`, without overflow.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: `hypot_`.
    """

def hypot_(input: Tensor, other: Tensor | Number) -> Tensor:
    """`sqrt(input ** 2 + other ** 2)`, without overflow.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def i0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the first kind, order 0.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `i0_`.
    """

def i0_(input: Tensor) -> Tensor:
    """The modified Bessel function of the first kind, order 0.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def igamma(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The regularized lower incomplete gamma function P(input, other).

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Also called `special.gammainc`. In place: `igamma_`.
    """

def igamma_(input: Tensor, other: Tensor | Number) -> Tensor:
    """The regularized lower incomplete gamma function P(input, other).

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def igammac(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The regularized upper incomplete gamma function Q(input, other).

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Also called `special.gammaincc`. In place: `igammac_`.
    """

def igammac_(input: Tensor, other: Tensor | Number) -> Tensor:
    """The regularized upper incomplete gamma function Q(input, other).

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def imag(input: Tensor) -> Tensor:
    """The imaginary part, a view."""

def index_add(
    input: Tensor, dim: _int, index: Tensor, source: Tensor, alpha: Tensor | Number = 1, *, out: Tensor | None = None
) -> Tensor:
    """`input` with `alpha` times the slices of `source` added at the slices that `index` names along `dim`.

    Shapes: the result has the shape of `input`.
    In place: `index_add_`.
    """

def index_copy(input: Tensor, dim: _int, index: Tensor, source: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`input` with the slices of `source` written over those that `index` names along `dim`.

    Shapes: the result has the shape of `input`.
    In place: `index_copy_`.
    """

def index_fill(input: Tensor, dim: _int, index: Tensor, value: Any) -> Tensor:
    """`input` with the slices that `index` names along `dim` filled with a number."""

def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: _bool = False) -> Tensor:
    """`input` with `values` put (or added) at the index tensors, one per leading dimension (None: all of it)."""

def index_put_(self: Tensor, indices: Any, values: Tensor, accumulate: _bool = False) -> Tensor:
    """Put (or add) `values` at the index tensors, one per leading dimension (None: all of it), in place."""

def index_reduce(
    input: Tensor,
    dim: _int,
    index: Tensor,
    source: Tensor,
    reduce: str,
    include_self: _bool = True,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """`input` with the slices of `source` reduced into it by "prod", "mean", "amax" or "amin" along `dim`.

    Shapes: the result has the shape of `input`.
    In place: `index_reduce_`.
    """

def index_select(input: Tensor, dim: _int, index: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The slices of `input` along `dim` that the vector `index` names."""

def initial_seed() -> _int:
    """The seed that the default generator started from."""

def inner(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sum of products over the last dimension of both; the others stay. A zero-dim tensor multiplies."""

def instance_norm(
    input: Any,
    weight: Any,
    bias: Any,
    running_mean: Any,
    running_var: Any,
    use_input_stats: Any,
    momentum: Any,
    eps: Any,
    cudnn_enabled: Any = False,
) -> Any:
    """As `nn.functional.instance_norm`, parameters before statistics."""

def int_repr(input: QuantizedTensor) -> Tensor:
    """The integers of a quantized tensor."""

def inverse(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """As `linalg.inv`."""

def is_complex(self: Any) -> _bool:
    """Whether the dtype is complex."""

def is_conj(input: Tensor) -> _bool:
    """Whether this is a view of the conjugate of what is stored."""

def is_deterministic_algorithms_warn_only_enabled() -> _bool:
    """Whether `use_deterministic_algorithms` asked for warnings only."""

def is_distributed(input: Tensor) -> _bool: ...
def is_floating_point(self: Any) -> _bool:
    """Whether the dtype is a floating one."""

def is_inference(input: Tensor) -> _bool:
    """False: tensors made in inference mode are ordinary ones here."""

def is_neg(input: Tensor) -> _bool:
    """Whether this is a view of the negative of what is stored."""

def is_nonzero(input: Tensor) -> _bool:
    """Whether the only element is not zero. Raises RuntimeError where there are more, or none."""

def is_same_size(input: Tensor, other: Tensor) -> _bool:
    """Whether both have the same shape."""

def is_signed(input: Tensor) -> _bool:
    """Whether the dtype has negative numbers."""

def is_storage(obj: Any) -> _bool:
    """Whether `obj` is a storage."""

def is_tensor(obj: Any) -> _bool:
    """Whether `obj` is a tensor."""

def is_vulkan_available() -> _bool:
    """False: XLA has no Vulkan devices."""

def is_warn_always_enabled() -> _bool:
    """What `set_warn_always` was given."""

def isclose(input: Tensor, other: Tensor, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> Tensor:
    """Whether `|input - other| <= atol + rtol * |other|`; infinities are close to themselves only.

    Raises:
        TypeError: for numbers. RuntimeError: for different dtypes and for negative tolerances.
    """

def isfinite(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether an element is neither infinite nor nan.

    Shapes: the result has the shape of `input`.
    """

def isin(
    elements: Tensor | Number,
    test_elements: Tensor | Number,
    assume_unique: _bool = False,
    invert: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """Whether each element stands anywhere in `test_elements`. Shape of `elements`."""

def isinf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether an element is inf or -inf.

    Shapes: the result has the shape of `input`.
    """

def isnan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether an element is nan.

    Shapes: the result has the shape of `input`.
    """

def isneginf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether an element is -inf.

    Shapes: the result has the shape of `input`.
    """

def isposinf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether an element is inf.

    Shapes: the result has the shape of `input`.
    """

def isreal(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether an element's imaginary part is 0.

    Shapes: the result has the shape of `input`.
    """

def istft(
    input: Tensor,
    n_fft: _int,
    hop_length: _int | None = None,
    win_length: _int | None = None,
    window: Tensor | None = None,
    center: _bool = True,
    normalized: _bool = False,
    onesided: _bool | None = None,
    length: _int | None = None,
    return_complex: _bool = False,
) -> Tensor:
    """The signal of which `input` (B?, frequencies, T) are the short-time transforms: the least-squares estimate, (B?,
    length).

    Raises:
        RuntimeError: for lengths and windows that do not go together, or windows that leave a sample uncovered.
    """

def kaiser_window(
    window_length: _int,
    periodic: _bool = True,
    *args: _float,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    pin_memory: _bool = False,
    requires_grad: _bool = False,
    **own: _float,
) -> Tensor:
    """Kaiser's window of shape `beta`. `window_length` points, periodic by default. Raises RuntimeError for a negative
    length.
    """

def kl_div(input: Tensor, target: Tensor, reduction: _int = 0, *, log_target: _bool = False) -> Tensor:
    """Kullback-Leibler divergence; `input` holds log-probabilities."""

def kron(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Kronecker product."""

def kthvalue(
    input: Tensor, k: _int, dim: _int = -1, keepdim: _bool = False, *, out: Sequence[Tensor] | None = None
) -> return_types.kthvalue:
    """The k-th smallest element along `dim` (k counts from 1) and where it stands.

    Shapes: the result has the shape of `input` without `dim` (with size 1 there where `keepdim`).
    Returns a named tuple (values, indices).
    """

def layer_norm(
    input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: Any = 1e-05, cudnn_enable: Any = True
) -> Any:
    """As `nn.functional.layer_norm`."""

def lcm(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The least common multiple.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: `lcm_`.
    """

def lcm_(input: Tensor, other: Tensor | Number) -> Tensor:
    """The least common multiple.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def ldexp(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """`input * 2 ** other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    In place: `ldexp_`.
    """

def ldexp_(input: Tensor, other: Tensor | Number) -> Tensor:
    """`input * 2 ** other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def le(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """Whether `input <= other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Also called `less_equal`. In place: `le_`.
    """

def le_(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether `input <= other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def lerp(input: Tensor, end: Tensor | Number, weight: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """`input + weight * (end - input)`, exact at both ends.

    Shapes: `input`, `end`, `weight` broadcast; the result has the shape they meet in.
    In place: `lerp_`.
    """

def lerp_(input: Tensor, end: Tensor | Number, weight: Tensor | Number) -> Tensor:
    """`input + weight * (end - input)`, exact at both ends.

    Shapes: `input`, `end`, `weight` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def less(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """Whether `input < other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Also called `less`. In place: `lt_`.
    """

def less_(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether `input < other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def less_equal(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """Whether `input <= other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Also called `less_equal`. In place: `le_`.
    """

def less_equal_(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether `input <= other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def lgamma(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of the size of the gamma function.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    Also called `special.gammaln`. In place: `lgamma_`.
    """

def lgamma_(input: Tensor) -> Tensor:
    """The logarithm of the size of the gamma function.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def linspace(
    start: Any,
    end: Any,
    steps: Any,
    *,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """`steps` numbers from `start` to `end`, both included. Raises RuntimeError for a negative number of them."""

def lobpcg(
    A: Tensor,
    k: _int | None = None,
    B: Tensor | None = None,
    X: Tensor | None = None,
    n: _int | None = None,
    iK: Tensor | None = None,
    niter: _int | None = None,
    tol: _float | None = None,
    largest: _bool | None = None,
    method: str | None = None,
    tracker: Any = None,
    ortho_iparams: Any = None,
    ortho_fparams: Any = None,
    ortho_bparams: Any = None,
) -> tuple[Tensor, Tensor]:
    """The k largest (or smallest) eigenvalues of a symmetric A, and their vectors; with B those of `A x = e B x`.

    Here by a full decomposition, exact to rounding: what guides torch's iteration (`iK`, `niter`, `tol`, `method`,
    `tracker`, `ortho_*`, and `X` but for its number of columns) has no effect.

    Raises:
        ValueError: for a matrix less than three times as large as k, as torch.
    """

def log(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The natural logarithm; -inf at 0, nan below.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `log_`.
    """

def log10(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm to base 10; -inf at 0, nan below.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `log10_`.
    """

def log10_(input: Tensor) -> Tensor:
    """The logarithm to base 10; -inf at 0, nan below.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def log1p(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`log(1 + input)`, exact near 0.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `log1p_`.
    """

def log1p_(input: Tensor) -> Tensor:
    """`log(1 + input)`, exact near 0.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def log2(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm to base 2; -inf at 0, nan below.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `log2_`.
    """

def log2_(input: Tensor) -> Tensor:
    """The logarithm to base 2; -inf at 0, nan below.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def log_(input: Tensor) -> Tensor:
    """The natural logarithm; -inf at 0, nan below.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def log_softmax(input: Tensor, dim: _int, dtype: dtype | None = None, *, out: Tensor | None = None) -> Tensor:
    """log(softmax(x)), computed without the quotient.

    Shapes: the result has the shape of `input`.
    """

def logaddexp(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """`log(exp(input) + exp(other))`, without overflow.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    """

def logaddexp2(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """`log2(2 ** input + 2 ** other)`, without overflow.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    """

def logcumsumexp(input: Tensor, dim: _int, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of the running sum of exponentials along `dim`.

    Shapes: the result has the shape of `input`.
    """

def logdet(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of the determinant; nan where that is negative."""

def logical_and(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether both elements are not 0.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: `logical_and_`.
    """

def logical_and_(input: Tensor, other: Tensor) -> Tensor:
    """Whether both elements are not 0.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def logical_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether an element is 0.

    Shapes: the result has the shape of `input`.
    In place: `logical_not_`.
    """

def logical_not_(input: Tensor) -> Tensor:
    """Whether an element is 0.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def logical_or(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether one of the elements is not 0.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: `logical_or_`.
    """

def logical_or_(input: Tensor, other: Tensor) -> Tensor:
    """Whether one of the elements is not 0.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def logical_xor(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether exactly one of the elements is not 0.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: `logical_xor_`.
    """

def logical_xor_(input: Tensor, other: Tensor) -> Tensor:
    """Whether exactly one of the elements is not 0.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def logit(input: Tensor, eps: _float | None = None, *, out: Tensor | None = None) -> Tensor:
    """`log(x / (1 - x))`; with `eps`, x is first clamped to [eps, 1 - eps] (no gradient outside).

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `logit_`.
    """

def logit_(input: Tensor, eps: _float | None = None) -> Tensor:
    """`log(x / (1 - x))`; with `eps`, x is first clamped to [eps, 1 - eps] (no gradient outside).

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def logspace(
    start: Any,
    end: Any,
    steps: Any,
    base: _float = 10.0,
    *,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """`base` to the powers `linspace(start, end, steps)`."""

def logsumexp(input: Tensor, dim: _int | Sequence[_int] | None, keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """`log(sum(exp(input)))` over `dim`, without overflow.

    Shapes: the result has the shape of `input` without `dim` (with size 1 there where `keepdim`).
    Integers and bools become floats of the default dtype.
    """

def lstm(*args: Any, **keywords: Any) -> Any:
    """A network of long short-term memories (Hochreiter and Schmidhuber, 1997); hx are h and c.

    Takes (input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first), or for a packed batch
    (data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional).
    """

def lstm_cell(
    input: Tensor, hx: Any, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """One step of an LSTM: `(B, I)` and (h, c), each `(B, H)` -> the next h and c."""

def lstsq(*args: Any, **kwargs: Any) -> Any:
    """Raises RuntimeError: torch removed it in favour of `torch.linalg`'s (lstsq)."""

def lt(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """Whether `input < other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Also called `less`. In place: `lt_`.
    """

def lt_(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether `input < other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def lu(A: Tensor, pivot: _bool = True, get_infos: _bool = False, out: Any = None) -> Any:
    """`(LU, pivots)`, and `info` where `get_infos`: the older form of `linalg.lu_factor_ex`."""

def lu_solve(input: Tensor, LU_data: Tensor, LU_pivots: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`X` with `A X = input`, from A's LU decomposition."""

def lu_unpack(
    LU_data: Tensor,
    LU_pivots: Tensor,
    unpack_data: _bool = True,
    unpack_pivots: _bool = True,
    *,
    out: Sequence[Tensor] | None = None,
) -> return_types.lu_unpack:
    """P, L and U of a compact LU decomposition; empty tensors for what is not asked for.

    Returns a named tuple (P, L, U).
    """

def manual_seed(seed: Any) -> _Generator:
    """Start the default generator again from `seed`, and return it."""

def margin_ranking_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: _float = 0.0, reduction: _int = 0) -> Tensor:
    """max(0, margin - target * (input1 - input2))."""

def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """`input` with a number where `mask` is true. Raises RuntimeError for a number that the dtype cannot hold."""

def masked_scatter(input: Tensor, mask: Tensor, source: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`input` with the elements of `source`, in order, where `mask` is true.

    Shapes: the result has the shape of `input`.
    In place: `masked_scatter_`.
    """

def masked_scatter_(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """`input` with the elements of `source`, in order, where `mask` is true.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def masked_select(input: Tensor, mask: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The elements where the mask is true, as a vector; both broadcast. Waits for the mask.

    Raises:
        RuntimeError: for a mask that is not bool.
    """

def matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The matrix product; batch dimensions broadcast, a vector is a row on the left and a column on the right.

    Raises:
        RuntimeError: for inner sizes or dtypes that differ, and for zero-dim tensors.
    """

def matrix_exp(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The matrix exponential of square matrices.

    Shapes: the result has the shape of `input`.
    """

def matrix_power(A: Tensor, n: _int, *, out: Tensor | None = None) -> Tensor:
    """The n-th power of square matrices; of the inverse for a negative n. Raises LinAlgError where that does not exist."""

def matrix_rank(*args: Any, **kwargs: Any) -> Any:
    """Raises RuntimeError: torch removed it in favour of `torch.linalg`'s (matrix_rank)."""

def max(input: Tensor, dim: Any = None, keepdim: _bool = False, *, other: Any = None, out: Any = None) -> Any:
    """The maximum of all elements, `(values, indices)` along `dim`, or of two tensors element by element."""

def max_pool1d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False
) -> Any:
    """The maximum of each window over the last 1 dimensions, `(N, C, *)` or `(C, *)`."""

def max_pool1d_with_indices(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False
) -> Any:
    """The maximum of each window of `(N, C, L)` or `(C, L)`, and its position."""

def max_pool2d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False
) -> Any:
    """The maximum of each window over the last 2 dimensions, `(N, C, *)` or `(C, *)`."""

def max_pool3d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False
) -> Any:
    """The maximum of each window over the last 3 dimensions, `(N, C, *)` or `(C, *)`."""

def maximum(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The larger of two elements; nan where one is nan.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    """

def mean(
    input: Tensor,
    dim: _int | Sequence[_int] | None = None,
    keepdim: _bool = False,
    dtype: dtype | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The mean over `dim` (all of them by default). Raises RuntimeError for integers unless `dtype` says a float.

    Shapes: the result has the shape of `input` without `dim` (with size 1 there where `keepdim`).
    """

def median(input: Tensor, dim: _int | None = None, keepdim: _bool = False, *, out: Any = None) -> Any:
    """The (lower) median of all elements, or `(values, indices)` along `dim`."""

def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """One grid per vector, each of shape `(n0, n1, ...)`, as views; "xy" swaps the first two dimensions."""

def min(input: Tensor, dim: Any = None, keepdim: _bool = False, *, other: Any = None, out: Any = None) -> Any:
    """The minimum of all elements, `(values, indices)` along `dim`, or of two tensors element by element."""

def minimum(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The smaller of two elements; nan where one is nan.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    """

def mm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of two matrices `(n, k) x (k, m) -> (n, m)`; nothing broadcasts."""

def mode(input: Tensor, dim: _int = -1, keepdim: _bool = False, *, out: Sequence[Tensor] | None = None) -> return_types.mode:
    """The most frequent element along `dim`, of equally frequent ones the smallest, and where it stands last.

    Shapes: the result has the shape of `input` without `dim` (with size 1 there where `keepdim`).
    Returns a named tuple (values, indices).
    """

def moveaxis(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Dimensions moved to new places, the others in their order."""

def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Dimensions moved to new places, the others in their order."""

def msort(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Sorted along the first dimension.

    Shapes: the result has the shape of `input`.
    """

def mul(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """`input * other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Also called `multiply`. In place: `mul_`.
    """

def mul_(input: Tensor, other: Tensor | Number) -> Tensor:
    """`input * other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def multinomial(
    input: Tensor,
    num_samples: _int,
    replacement: _bool = False,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Indices drawn in proportion to the weights in the last dimension.

    Raises:
        RuntimeError: for weights that are not floating or make no distribution, and where there are too few to draw from.
    """

def multiply(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """`input * other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Also called `multiply`. In place: `mul_`.
    """

def multiply_(input: Tensor, other: Tensor | Number) -> Tensor:
    """`input * other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def mv(input: Tensor, vec: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of a matrix and a vector: `(n, k) x (k) -> (n)`."""

def mvlgamma(input: Tensor, p: _float, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension `p`. Raises RuntimeError for p < 1.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `mvlgamma_`.
    """

def mvlgamma_(input: Tensor, p: _float) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension `p`. Raises RuntimeError for p < 1.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def nan_to_num(
    input: Tensor,
    nan: _float | None = None,
    posinf: _float | None = None,
    neginf: _float | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """nan and the infinities replaced; None stands for 0, the dtype's largest and its smallest number.

    Shapes: the result has the shape of `input`.
    In place: `nan_to_num_`.
    """

def nan_to_num_(input: Tensor, nan: _float | None = None, posinf: _float | None = None, neginf: _float | None = None) -> Tensor:
    """nan and the infinities replaced; None stands for 0, the dtype's largest and its smallest number.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def nanmean(
    input: Tensor,
    dim: _int | Sequence[_int] | None = None,
    keepdim: _bool = False,
    dtype: dtype | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The mean over `dim` of what is not nan.

    Shapes: the result has the shape of `input` without `dim` (with size 1 there where `keepdim`).
    """

def nanmedian(input: Tensor, dim: _int | None = None, keepdim: _bool = False, *, out: Any = None) -> Any:
    """The (lower) median of all elements, or `(values, indices)` along `dim`."""

def nanquantile(
    input: Tensor,
    q: Any,
    dim: _int | None = None,
    keepdim: _bool = False,
    *,
    interpolation: str = "linear",
    out: Tensor | None = None,
) -> Tensor:
    """As `quantile`, of what is not nan."""

def nansum(
    input: Tensor,
    dim: _int | Sequence[_int] | None = None,
    keepdim: _bool = False,
    dtype: dtype | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The sum over `dim` that takes nan as 0.

    Shapes: the result has the shape of `input` without `dim` (with size 1 there where `keepdim`).
    """

def narrow(input: Tensor, dim: _int, start: Any, length: _int) -> Tensor:
    """`length` indices of `dim` from `start` on."""

def narrow_copy(input: Tensor, dim: _int, start: Any, length: _int, *, out: Any = None) -> Tensor:
    """As `narrow`, with elements of its own instead of a view."""

def native_batch_norm(
    input: Tensor,
    weight: Any,
    bias: Any,
    running_mean: Any,
    running_var: Any,
    training: _bool,
    momentum: _float,
    eps: _float,
    *,
    out: Tensor | None = None,
) -> tuple[Tensor, ...]:
    """The normalized batch, its mean and one over its standard deviation `(C,)` (empty in evaluation)."""

def native_channel_shuffle(input: Tensor, groups: _int) -> Tensor:
    """Deal the channels of `(N, C, *)` out anew: (groups, C / groups) transposed.

    Also called `native_channel_shuffle`.
    """

def native_dropout(input: Tensor, p: _float, train: _bool | None) -> tuple[Tensor, Tensor]:
    """`dropout` and its mask (bool, True where an element is kept). `train=None` means True."""

def native_dropout_backward(grad_output: Tensor, mask: Tensor, scale: _float) -> Tensor:
    """grad_output * mask * scale: the gradient of `native_dropout` for scale = 1 / (1 - p)."""

def native_group_norm(input: Any, weight: Any, bias: Any, N: Any, C: Any, HxW: Any, group: Any, eps: Any) -> Any:
    """`group_norm` of `(N, C, *)`, the means and one over the standard deviations, `(N, group)`."""

def native_layer_norm(
    input: Tensor, normalized_shape: Sequence[_int], weight: Any, bias: Any, eps: _float
) -> tuple[Tensor, Tensor, Tensor]:
    """`layer_norm`, the means and one over the standard deviations, `(*, 1, ...)`."""

def ne(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """Whether `input != other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Also called `not_equal`. In place: `ne_`.
    """

def ne_(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether `input != other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def neg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`-input`. Raises RuntimeError for bool tensors.

    Shapes: the result has the shape of `input`.
    Also called `negative`. In place: `neg_`.
    """

def neg_(input: Tensor) -> Tensor:
    """`-input`. Raises RuntimeError for bool tensors.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def negative(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`-input`. Raises RuntimeError for bool tensors.

    Shapes: the result has the shape of `input`.
    Also called `negative`. In place: `neg_`.
    """

def negative_(input: Tensor) -> Tensor:
    """`-input`. Raises RuntimeError for bool tensors.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def nextafter(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The next number after `input` in the direction of `other`; the gradient goes to `input` where they differ.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: `nextafter_`.
    """

def nextafter_(input: Tensor, other: Tensor | Number) -> Tensor:
    """The next number after `input` in the direction of `other`; the gradient goes to `input` where they differ.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def nonzero(input: Tensor, *, out: Any = None, as_tuple: _bool = False) -> Any:
    """The indices of the elements that are not zero, (count, ndim) int64; one vector per dimension with `as_tuple`."""

def nonzero_static(input: Tensor, *, size: _int, fill_value: _int = -1, out: Tensor | None = None) -> Tensor:
    """The first `size` rows of `nonzero(input)`, those that are missing filled: (size, ndim). Waits for nothing.

    Raises:
        RuntimeError: for a negative size.
    """

def norm(
    input: Tensor,
    p: Any = "fro",
    dim: Any = None,
    keepdim: Any = False,
    dtype: dtype | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The p-norm of the elements over `dim` ("fro" is 2, "nuc" the sum of the singular values of a matrix)."""

def norm_except_dim(v: Any, pow: Any = 2, dim: Any = 0) -> Any:
    """The `pow`-norm over all dimensions but `dim`, kept as ones; over all of them where `dim` is -1."""

def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """Normal numbers; mean and standard deviation are numbers (with `size`) or tensors, which get a zero gradient.

    Raises:
        RuntimeError: for a negative standard deviation.
    """

def not_equal(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """Whether `input != other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Also called `not_equal`. In place: `ne_`.
    """

def not_equal_(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether `input != other`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def nuclear_norm(
    input: Tensor, dim: Sequence[_int] | None = None, keepdim: _bool = False, *, out: Tensor | None = None
) -> Tensor:
    """The sum of the singular values of the matrices in the two dimensions `dim`.

    Shapes: the result has the shape of `input` without `dim` (with size 1 there where `keepdim`).
    """

def numel(input: Tensor) -> _int:
    """The number of elements."""

def ones(
    *args: Any,
    size: Any = None,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """Ones of the given sizes."""

def ones_like(
    input: Tensor,
    *,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    memory_format: memory_format | None = None,
    pin_memory: _bool = False,
) -> Tensor:
    """Ones in the shape, dtype and place of `input`."""

def orgqr(input: Tensor, input2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """As `linalg.householder_product`."""

def ormqr(
    input: Tensor, tau: Tensor, other: Tensor, left: _bool = True, transpose: _bool = False, *, out: Tensor | None = None
) -> Tensor:
    """`Q other` (`other Q` unless `left`, Q^H in Q's place where `transpose`), Q given by Householder reflections."""

def outer(input: Tensor, vec2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of every pair: `(n) x (m) -> (n, m)`.

    Also called `ger`.
    """

def pairwise_distance(
    x1: Tensor, x2: Tensor, p: _float = 2.0, eps: _float = 1e-06, keepdim: _bool = False, *, out: Tensor | None = None
) -> Tensor:
    """The p-norm of x1 - x2 + eps over the last dimension. `(*, D)`, `(*, D)` -> `(*)`.

    Whole numbers are subtracted as such, and wrap; the result is of the default dtype.
    """

def pca_lowrank(A: Tensor, q: _int | None = None, center: _bool = True, niter: _int = 2) -> tuple[Tensor, Tensor, Tensor]:
    """The first q principal components of the rows of A as `(U, S, V)`; the columns of V are the directions.

    Raises:
        ValueError: for a q outside [0, min(m, n)] and a negative `niter`.
    """

def pdist(input: Tensor, p: _float = 2.0) -> Tensor:
    """The p-norm between every two rows. `(N, D)` -> `(N (N - 1) / 2,)`, in the order of the upper triangle."""

def permute(input: Tensor, *dims: Any) -> Tensor:
    """Dimensions in another order."""

def permute_copy(input: Tensor, *dims: Any, out: Any = None) -> Tensor:
    """As `permute`, with elements of its own instead of a view."""

def pinverse(input: Tensor, rcond: _float = 1e-15) -> Tensor:
    """As `linalg.pinv` with `rtol=rcond`."""

def pixel_shuffle(input: Tensor, upscale_factor: _int) -> Tensor:
    """`(*, C r^2, H, W)` -> `(*, C, H r, W r)`, r the `upscale_factor`."""

def pixel_unshuffle(input: Tensor, downscale_factor: _int) -> Tensor:
    """`(*, C, H r, W r)` -> `(*, C r^2, H, W)`, r the `downscale_factor`."""

def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Poisson numbers of the rates in `input`. Raises RuntimeError for a negative rate."""

def poisson_nll_loss(input: Tensor, target: Tensor, log_input: _bool, full: _bool, eps: _float, reduction: _int) -> Tensor:
    """exp(input) - target * input, or with `log_input=False` input - target * log(input + eps)."""

def polar(abs: Tensor, angle: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex numbers of lengths and of angles in radians. Raises as `complex` does."""

def polygamma(n: _int, input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The n-th derivative of the digamma function."""

def positive(input: Tensor) -> Tensor:
    """The tensor itself. Raises RuntimeError for bool tensors."""

def pow(input: Any, exponent: Any, *, out: Tensor | None = None) -> Tensor:
    """`input ** exponent`. Raises RuntimeError for a tensor of whole numbers and a negative whole exponent."""

def prelu(input: Tensor, weight: Tensor, *, out: Tensor | None = None) -> Tensor:
    """max(0, x) + weight * min(0, x), one weight in all or one per channel (dimension 1).

    Shapes: the result has the shape of `input`.
    """

def prod(
    input: Tensor, dim: _int | None = None, keepdim: _bool = False, dtype: dtype | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The product over `dim` (all of them by default); zeros keep exact gradients.

    Shapes: the result has the shape of `input` without `dim` (with size 1 there where `keepdim`).
    """

def put(input: Tensor, index: Tensor, source: Tensor, accumulate: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """`input` with `source` written (or added) at the positions `index` of the flattened tensor.

    Shapes: the result has the shape of `input`.
    In place: `put_`.
    """

def put_(input: Tensor, index: Tensor, source: Tensor, accumulate: _bool = False) -> Tensor:
    """`input` with `source` written (or added) at the positions `index` of the flattened tensor.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def q_per_channel_axis(input: QuantizedTensor) -> Any:
    """The dimension that the channels are."""

def q_per_channel_scales(input: QuantizedTensor) -> Any:
    """The channels' scales `(C,)`. Raises RuntimeError where there is one for all."""

def q_per_channel_zero_points(input: QuantizedTensor) -> Any:
    """The channels' zero points `(C,)`."""

def q_scale(input: QuantizedTensor) -> Any:
    """The scale. Raises RuntimeError where each channel has its own."""

def q_zero_point(input: QuantizedTensor) -> Any:
    """The integer of the real 0. Raises RuntimeError where each channel has its own."""

def qr(input: Tensor, some: _bool = True, *, out: Any = None) -> Any:
    """As `linalg.qr`, complete unless `some`."""

def quantile(
    input: Tensor,
    q: Any,
    dim: _int | None = None,
    keepdim: _bool = False,
    *,
    interpolation: str = "linear",
    out: Tensor | None = None,
) -> Tensor:
    """The quantiles `q` in [0, 1] (a vector adds a first dimension). Raises RuntimeError for a number outside."""

def quantize_per_channel(input: Tensor, scales: Tensor, zero_points: Tensor, axis: _int, dtype: dtype) -> QuantizedTensor:
    """Floats as integers with a scale `(C,)` and a zero point `(C,)` for each slice along `axis`.

    Zero points that are floats make a tensor of scheme `per_channel_affine_float_qparams`.
    """

def quantize_per_tensor(input: Any, scale: Any, zero_point: Any, dtype: dtype) -> Any:
    """Floats as integers with one scale: round(input / scale) + zero_point, within the range of `dtype`.

    Args:
        input: a float32 tensor; or a list of them, with `(n,)` scales and zero points.
        dtype: quint8, qint8 or qint32.

    Raises:
        RuntimeError: for another dtype.

    >>> import torchlike as torch
    >>> torch.quantize_per_tensor(torch.tensor([0.0, 0.26, 9.0]), 0.1, 10, torch.quint8).int_repr()
    tensor([ 10,  13, 100], dtype=torch.uint8)
    """

def quantize_per_tensor_dynamic(input: Tensor, dtype: dtype, reduce_range: _bool = False) -> QuantizedTensor:
    """Floats as integers with one scale that fits their range.

    Args:
        reduce_range: use one bit less.
    """

def rad2deg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Radians to degrees.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `rad2deg_`.
    """

def rad2deg_(input: Tensor) -> Tensor:
    """Radians to degrees.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def rand(
    *args: Any,
    size: Any = None,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """Uniform numbers in [0, 1)."""

def rand_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
    memory_format: memory_format | None = None,
) -> Tensor:
    """Uniform numbers in the shape, dtype and place of `input`."""

def randint(
    low: Any = None,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """Integers in [low, high), or in [0, low) where only that and a size are given.

    Raises:
        RuntimeError: where there are none, or the dtype cannot hold them.
    """

def randint_like(
    input: Tensor,
    low: Any = None,
    high: Any = None,
    *,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
    memory_format: memory_format | None = None,
) -> Tensor:
    """Integers in [low, high), or in [0, low), in the shape, dtype and place of `input`."""

def randn(
    *args: Any,
    size: Any = None,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """Normal numbers of mean 0 and standard deviation 1."""

def randn_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
    memory_format: memory_format | None = None,
) -> Tensor:
    """Normal numbers in the shape, dtype and place of `input`."""

def randperm(
    n: Any,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """The numbers 0 to n - 1 in random order."""

def range(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    *,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
) -> Tensor:
    """Numbers from `start` to `end`, both included, in steps. Deprecated in torch: use `arange`."""

def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension: a view where the tensor is contiguous."""

def real(input: Tensor) -> Tensor:
    """The real part, a view; a real tensor itself."""

def reciprocal(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`1 / input`.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `reciprocal_`.
    """

def reciprocal_(input: Tensor) -> Tensor:
    """`1 / input`.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def relu(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """max(0, x); the gradient at 0 is 0.

    Shapes: the result has the shape of `input`.
    In place: `relu_`.
    """

def relu_(input: Tensor) -> Tensor:
    """max(0, x); the gradient at 0 is 0.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def remainder(input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """What is left of `input` modulo `other`, with the sign of `other` (Python's `%`).

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: `remainder_`.
    """

def remainder_(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """What is left of `input` modulo `other`, with the sign of `other` (Python's `%`).

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def renorm(input: Tensor, p: _float, dim: _int, maxnorm: _float, *, out: Tensor | None = None) -> Tensor:
    """Each slice along `dim` scaled down to `maxnorm` where its p-norm is above that."""

def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: _int | None = None, *, output_size: _int | None = None
) -> Tensor:
    """Each element `repeats` times in a row (a number, or a tensor with one per element) along `dim`."""

def reshape(input: Tensor, *shape: Any) -> Tensor:
    """The same elements in another shape: a view where the strides allow it, else a copy."""

def resize_as_(self: Tensor, the_template: Tensor, *, memory_format: memory_format | None = None) -> Tensor:
    """The shape of another tensor, in place; see `resize_`."""

def resolve_conj(input: Tensor) -> Tensor:
    """The tensor itself, or a copy where it is a view of another's conjugate."""

def resolve_neg(input: Tensor) -> Tensor:
    """The tensor itself, or a copy where it is a view of another's negative."""

def result_type(tensor1: Any, tensor2: Any) -> dtype:
    """The dtype that an operation on both (tensors or numbers) computes in.

    >>> import torchlike as torch
    >>> torch.result_type(torch.tensor([1, 2]), 1.0)
    torch.float32
    """

def rms_norm(input: Any, normalized_shape: Any, weight: Any = None, eps: Any = None) -> Any:
    """As `nn.functional.rms_norm`."""

def rnn_relu(*args: Any, **keywords: Any) -> Any:
    """A recurrent network h' = relu(W_ih x + b_ih + W_hh h + b_hh).

    Takes (input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first), or for a packed batch
    (data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional).
    """

def rnn_relu_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """relu(W_ih x + b_ih + W_hh h + b_hh). `(B, I)`, `(B, H)` -> `(B, H)`."""

def rnn_tanh(*args: Any, **keywords: Any) -> Any:
    """A recurrent network h' = tanh(W_ih x + b_ih + W_hh h + b_hh).

    Takes (input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first), or for a packed batch
    (data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional).
    """

def rnn_tanh_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """tanh(W_ih x + b_ih + W_hh h + b_hh). `(B, I)`, `(B, H)` -> `(B, H)`."""

def roll(
    input: Tensor, shifts: _int | Sequence[_int], dims: _int | Sequence[_int] | None = None, *, out: Tensor | None = None
) -> Tensor:
    """Moved by `shifts` along `dims`, what falls out coming in again; the flattened tensor where `dims` is not given.

    Shapes: the result has the shape of `input`.
    """

def rot90(input: Tensor, k: _int = 1, dims: Any = (0, 1)) -> Tensor:
    """Turned by `k` quarters in the plane of two dimensions, from the first towards the second."""

def round(input: Tensor, decimals: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """Rounded to `decimals` places, halves to even.

    Shapes: the result has the shape of `input`.
    In place: `round_`.
    """

def round_(input: Tensor, decimals: _int = 0) -> Tensor:
    """Rounded to `decimals` places, halves to even.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def row_stack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Joined along the first dimension; vectors are rows.

    Also called `row_stack`.
    """

def rrelu(
    input: Tensor,
    lower: _float = 0.125,
    upper: _float = 0.3333333333333333,
    training: _bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """x above 0; below, x times a slope drawn from [lower, upper], or their mean if not `training`."""

def rrelu_(
    input: Tensor,
    lower: _float = 0.125,
    upper: _float = 0.3333333333333333,
    training: _bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """`rrelu` in place."""

def rsqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`1 / sqrt(input)`.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `rsqrt_`.
    """

def rsqrt_(input: Tensor) -> Tensor:
    """`1 / sqrt(input)`.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def rsub(input: Tensor, other: Tensor | Number, alpha: Tensor | Number = 1, *, out: Tensor | None = None) -> Tensor:
    """`other - alpha * input`.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    """

def scalar_tensor(
    s: Any,
    *,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """A number as a zero-dim tensor of the default dtype (whatever its type)."""

def scatter(
    input: Tensor,
    dim: _int,
    index: Tensor,
    src: Any = None,
    value: Any = None,
    *,
    reduce: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """`input` with `src` (a tensor or a number) written, added or multiplied at `index` along `dim`."""

def scatter_add(input: Tensor, dim: _int, index: Tensor, src: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`input` with the elements of `src` added at `index` along `dim`.

    Shapes: the result has the shape of `input`.
    In place: `scatter_add_`.
    """

def scatter_reduce(
    input: Tensor, dim: _int, index: Tensor, src: Tensor, reduce: str, include_self: _bool = True, *, out: Tensor | None = None
) -> Tensor:
    """`input` with `src` reduced into it at `index` along `dim` by "sum", "prod", "mean", "amax" or "amin".

    Without `include_self` the places that are written start from nothing.

    Shapes: the result has the shape of `input`.
    In place: `scatter_reduce_`.
    """

def searchsorted(
    sorted_sequence: Tensor,
    input: Tensor | Number,
    sorter: Tensor | None = None,
    out_int32: _bool = False,
    right: _bool = False,
    side: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """Where each element of `input` would be put into the sorted rows of `sorted_sequence`.

    Raises:
        RuntimeError: unless the sequence is a vector or both agree in all dimensions but the last.
    """

def seed() -> _int:
    """Start the default generator again from a seed of the operating system, and return that."""

def segment_reduce(
    data: Tensor,
    reduce: str,
    *,
    lengths: Tensor | None = None,
    indices: Tensor | None = None,
    offsets: Tensor | None = None,
    axis: _int = 0,
    unsafe: _bool = False,
    initial: Any = None,
) -> Tensor:
    """The "sum", "mean", "prod", "max" or "min" of each segment of `data` along the dimension `axis`.

    Args:
        lengths: the sizes of the segments, (*data.shape[:axis], S). offsets: in their place, the S + 1 positions where
            segments start and end.
        unsafe: do not wait for the lengths to see whether they fit.
        initial: what every reduction starts at.

    Raises:
        RuntimeError: where the lengths are below zero or do not add up to the size of the dimension.
    """

def select(input: Tensor, dim: _int, index: _int) -> Tensor:
    """One index of a dimension, which goes."""

def select_copy(input: Tensor, dim: _int, index: _int, *, out: Any = None) -> Tensor:
    """As `select`, with elements of its own instead of a view."""

def select_scatter(input: Tensor, src: Tensor, dim: _int, index: _int) -> Tensor:
    """`input` with `src` in place of `input.select(dim, index)`. Raises IndexError for an index out of range.

    Shapes: the result has the shape of `input`.
    """

def selu(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`scale * elu(x, alpha)` with the constants that keep mean 0 and variance 1 (Klambauer et al. 2017).

    Shapes: the result has the shape of `input`.
    In place: `selu_`.
    """

def selu_(input: Tensor) -> Tensor:
    """`scale * elu(x, alpha)` with the constants that keep mean 0 and variance 1 (Klambauer et al. 2017).

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def set_default_tensor_type(t: Any) -> None:
    """Make the dtype and the device of a type ("torch.cuda.FloatTensor", torch.DoubleTensor) those of new tensors.

    Deprecated in torch: use `set_default_dtype` and `set_default_device`. Raises TypeError for what is no floating type.
    """

def set_deterministic_debug_mode(debug_mode: _int | str) -> None:
    """The same setting by number or name: 0 "default", 1 "warn", 2 "error". Raises RuntimeError for any other."""

def set_float32_matmul_precision(precision: str) -> None:
    """Choose how exactly float32 matrices are multiplied: "highest", "high" or "medium". Warns of any other word."""

def set_flush_denormal(mode: _bool) -> _bool:
    """False: XLA's programs treat denormal numbers as they do, and cannot be told."""

def set_num_interop_threads(num_threads: _int) -> None:
    """Remember a number of threads; see `set_num_threads`."""

def set_num_threads(num_threads: _int) -> None:
    """Remember a number of threads. XLA's pool is as large as the machine: it is set by `XLA_FLAGS`, before the start.

    Raises:
        RuntimeError: for what is no positive integer.
    """

def set_rng_state(new_state: Tensor) -> None:
    """Put the default generator into a state."""

def set_warn_always(b: _bool, /) -> None:
    """Remember whether warnings should come every time."""

def sgn(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`input / abs(input)`, 0 at 0: the sign, also of complex numbers.

    Shapes: the result has the shape of `input`.
    In place: `sgn_`.
    """

def sgn_(input: Tensor) -> Tensor:
    """`input / abs(input)`, 0 at 0: the sign, also of complex numbers.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def sigmoid(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`1 / (1 + exp(-input))`, between 0 and 1.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    Also called `special.expit`. In place: `sigmoid_`.
    """

def sigmoid_(input: Tensor) -> Tensor:
    """`1 / (1 + exp(-input))`, between 0 and 1.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def sign(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """-1, 0 or 1; nan gives 0 as in torch (JAX gives nan).

    Shapes: the result has the shape of `input`.
    In place: `sign_`.
    """

def sign_(input: Tensor) -> Tensor:
    """-1, 0 or 1; nan gives 0 as in torch (JAX gives nan).

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def signbit(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether the sign bit is set (so -0.0 too).

    Shapes: the result has the shape of `input`.
    """

def sin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sine of an angle in radians.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `sin_`.
    """

def sin_(input: Tensor) -> Tensor:
    """The sine of an angle in radians.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def sinc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`sin(pi * input) / (pi * input)`, 1 at 0.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `sinc_`.
    """

def sinc_(input: Tensor) -> Tensor:
    """`sin(pi * input) / (pi * input)`, 1 at 0.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def sinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The hyperbolic sine.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `sinh_`.
    """

def sinh_(input: Tensor) -> Tensor:
    """The hyperbolic sine.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def slice(input: Tensor, dim: _int = 0, start: _int | None = None, end: _int | None = None, step: _int = 1) -> Tensor:
    """`input[start:end:step]` along `dim`, a view (what `torch.ops.aten.slice` is)."""

def slice_copy(
    input: Tensor, dim: _int = 0, start: _int | None = None, end: _int | None = None, step: _int = 1, *, out: Any = None
) -> Tensor:
    """As `slice`, with elements of its own instead of a view."""

def slice_inverse(input: Tensor, src: Tensor, dim: _int = 0, start: Any = None, end: Any = None, step: _int = 1) -> Tensor:
    """The storage of a slice in the sizes and strides of `src`, of which it is the slice."""

def slice_scatter(
    input: Tensor,
    src: Tensor,
    dim: _int = 0,
    start: _int | None = None,
    end: _int | None = None,
    step: _int = 1,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """`input` with `src` in place of `input[start:end:step]` along `dim`.

    Shapes: the result has the shape of `input`.
    """

def slogdet(input: Tensor, *, out: Any = None) -> Any:
    """The sign and the logarithm of the size of the determinant."""

def softmax(input: Tensor, dim: _int, dtype: dtype | None = None, *, out: Tensor | None = None) -> Tensor:
    """exp(x) / sum(exp(x)) along `dim`; `dtype` is cast to first.

    Shapes: the result has the shape of `input`.
    """

def solve(*args: Any, **kwargs: Any) -> Any:
    """Raises RuntimeError: torch removed it in favour of `torch.linalg`'s (solve)."""

def sort(
    input: Tensor, dim: _int = -1, descending: _bool = False, stable: _bool = False, *, out: Sequence[Tensor] | None = None
) -> return_types.sort:
    """The elements in order along `dim` and where they stood (always stable).

    Shapes: the result has the shape of `input`.
    Returns a named tuple (values, indices).
    """

def sparse_compressed_tensor(*parts: Any, layout: Any = None, **keywords: Any) -> SparseTensor:
    """A compressed tensor; of the compressed layouts only `torch.sparse_csr` exists here."""

def sparse_coo_tensor(
    indices: Any,
    values: Any = None,
    size: Any = None,
    *,
    dtype: dtype | None = None,
    device: device | str | _int | None = None,
    pin_memory: _bool = False,
    requires_grad: _bool = False,
    check_invariants: Any = None,
    is_coalesced: Any = None,
) -> SparseTensor:
    """A tensor given by coordinates (sparse dims, n) and values (n, *dense dims); of shape `size`, or just large enough.

    Raises:
        RuntimeError: where indices and values do not fit each other or `size`; with `check_invariants` also for
        coordinates
            outside of it.
    """

def sparse_csr_tensor(
    crow_indices: Any,
    col_indices: Any,
    values: Any,
    size: Any = None,
    *,
    dtype: dtype | None = None,
    device: device | str | _int | None = None,
    pin_memory: _bool = False,
    requires_grad: _bool = False,
    check_invariants: Any = None,
) -> SparseTensor:
    """A matrix given by where its rows start (rows + 1,), columns (n,) and values (n,)."""

def split(tensor: Tensor, split_size_or_sections: Any, dim: _int = 0) -> tuple[Tensor, ...]:
    """Views of consecutive parts: of one size (the last may be smaller) or of the sizes given."""

def split_copy(tensor: Tensor, split_size_or_sections: Any, dim: _int = 0, *, out: Any = None) -> tuple[Tensor, ...]:
    """As `split`, with elements of its own instead of a view."""

def split_with_sizes(input: Tensor, split_sizes: Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]:
    """Views of consecutive parts of the sizes given."""

def split_with_sizes_copy(input: Tensor, split_sizes: Sequence[_int], dim: _int = 0, *, out: Any = None) -> tuple[Tensor, ...]:
    """As `split_with_sizes`, with elements of its own instead of a view."""

def spmm(mat1: Any, mat2: Any) -> Any: ...
def sqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The square root; nan below 0.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `sqrt_`.
    """

def sqrt_(input: Tensor) -> Tensor:
    """The square root; nan below 0.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def square(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`input * input` (int64 for bool).

    Shapes: the result has the shape of `input`.
    In place: `square_`.
    """

def square_(input: Tensor) -> Tensor:
    """`input * input` (int64 for bool).

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Without its size-1 dimensions, or without those of `dim` that are."""

def squeeze_copy(input: Tensor, dim: Any = None, *, out: Any = None) -> Tensor:
    """As `squeeze`, with elements of its own instead of a view."""

def stack(tensors: Any, dim: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """The tensors along a new dimension `dim`. Raises RuntimeError unless all have one shape."""

def std(
    input: Tensor, dim: Any = None, unbiased: Any = None, keepdim: _bool = False, *, correction: Any = None, out: Any = None
) -> Any:
    """The standard deviation over `dim`, divided by `N - correction`."""

def std_mean(
    input: Tensor, dim: Any = None, unbiased: Any = None, keepdim: _bool = False, *, correction: Any = None, out: Any = None
) -> Any:
    """The standard deviation and the mean over `dim`, divided by `N - correction`."""

def stft(
    input: Tensor,
    n_fft: _int,
    hop_length: _int | None = None,
    win_length: _int | None = None,
    window: Tensor | None = None,
    center: _bool = True,
    pad_mode: str = "reflect",
    normalized: _bool = False,
    onesided: _bool | None = None,
    return_complex: _bool | None = None,
    align_to_window: _bool | None = None,
) -> Tensor:
    """Short-time Fourier transforms of windowed frames: (B?, L) to (B?, frequencies, T).

    Args:
        onesided: only the frequencies up to n_fft // 2; where the signal and the window are real, that is the default.
        return_complex: required for a real signal; False appends a dimension of size 2 instead.

    Raises:
        RuntimeError: for lengths and windows that do not go together.
    """

def sub(input: Tensor, other: Tensor | Number, alpha: Tensor | Number = 1, *, out: Tensor | None = None) -> Tensor:
    """`input - alpha * other`. Raises RuntimeError for bool tensors.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Also called `subtract`. In place: `sub_`.
    """

def sub_(input: Tensor, other: Tensor | Number, alpha: Tensor | Number = 1) -> Tensor:
    """`input - alpha * other`. Raises RuntimeError for bool tensors.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def subtract(input: Tensor, other: Tensor | Number, alpha: Tensor | Number = 1, *, out: Tensor | None = None) -> Tensor:
    """`input - alpha * other`. Raises RuntimeError for bool tensors.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Also called `subtract`. In place: `sub_`.
    """

def subtract_(input: Tensor, other: Tensor | Number, alpha: Tensor | Number = 1) -> Tensor:
    """`input - alpha * other`. Raises RuntimeError for bool tensors.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def sum(
    input: Tensor,
    dim: _int | Sequence[_int] | None = None,
    keepdim: _bool = False,
    dtype: dtype | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The sum over `dim` (all of them by default). Integers and bools sum to int64.

    Shapes: the result has the shape of `input` without `dim` (with size 1 there where `keepdim`).
    """

def svd(input: Tensor, some: _bool = True, compute_uv: _bool = True, *, out: Any = None) -> Any:
    """`input = U diag(S) V^H`; all columns of U and V unless `some`, and zeros in their place unless `compute_uv`."""

def svd_lowrank(
    A: Tensor, q: _int | None = 6, niter: _int | None = 2, M: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """`(U, S, V)` with `A - M` nearly `U diag(S) V^H` and q singular values (Halko, Martinsson and Tropp 2011)."""

def swapaxes(input: Tensor, dim0: _int, dim1: _int) -> Tensor:
    """Two dimensions swapped."""

def swapdims(input: Tensor, dim0: _int, dim1: _int) -> Tensor:
    """Two dimensions swapped."""

def sym_acos(*args: Any) -> Any: ...
def sym_asin(*args: Any) -> Any: ...
def sym_atan(*args: Any) -> Any: ...
def sym_cos(*args: Any) -> Any: ...
def sym_cosh(*args: Any) -> Any: ...
def sym_float(a: Any) -> _float: ...
def sym_int(a: Any) -> _int:
    """`a` cut to an integer."""

def sym_ite(b: _bool, t: Any, f: Any) -> Any: ...
def sym_log2(*args: Any) -> Any: ...
def sym_max(a: Any, b: Any) -> Any:
    """The larger number; a float where one is."""

def sym_min(a: Any, b: Any) -> Any:
    """The smaller number; a float where one is."""

def sym_not(a: Any) -> _bool: ...
def sym_sin(*args: Any) -> Any: ...
def sym_sinh(*args: Any) -> Any: ...
def sym_sqrt(*args: Any) -> Any: ...
def sym_sum(args: Any) -> Any: ...
def sym_tan(*args: Any) -> Any: ...
def sym_tanh(*args: Any) -> Any: ...
def symeig(*args: Any, **kwargs: Any) -> Any:
    """Raises RuntimeError: torch removed it in favour of `torch.linalg`'s (symeig)."""

def t(input: Tensor) -> Tensor:
    """A matrix transposed; a vector or a number as it is."""

def t_copy(input: Tensor, *, out: Any = None) -> Tensor:
    """As `t`, with elements of its own instead of a view."""

def take(input: Tensor, index: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The elements of the flattened `input` at `index` (negative ones count from the end). Shape of `index`."""

def take_along_dim(input: Tensor, indices: Tensor, dim: _int | None = None, *, out: Tensor | None = None) -> Tensor:
    """As `gather`, the other dimensions broadcast; of the flattened tensor where `dim` is not given. Negative ones wrap."""

def tan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The tangent of an angle in radians.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `tan_`.
    """

def tan_(input: Tensor) -> Tensor:
    """The tangent of an angle in radians.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def tanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The hyperbolic tangent, between -1 and 1.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `tanh_`.
    """

def tanh_(input: Tensor) -> Tensor:
    """The hyperbolic tangent, between -1 and 1.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def tensor(
    data: Any,
    *,
    dtype: dtype | None = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """A tensor with a copy of `data`: numbers, nested sequences, numpy arrays, jax arrays or tensors.

    Raises:
        ValueError: where nested sequences have unequal lengths or a whole number needs more than 64 bits. TypeError: for
        text.
        RuntimeError: for other elements that are no numbers, for numbers that the dtype cannot hold, and where
            `requires_grad` is asked of a dtype without gradients.
    """

def tensor_split(input: Tensor, indices_or_sections: Any, dim: _int = 0) -> tuple[Tensor, ...]:
    """Views of nearly equal parts (the first ones larger by one), or of the parts between the given indices."""

def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Tensor | None = None) -> Tensor:
    """The product of `a` and `b` summed over the last `dims` dimensions of `a` and the first of `b`, or over listed pairs."""

def threshold(input: Tensor, threshold: _float, value: _float, *, out: Tensor | None = None) -> Tensor:
    """x above `threshold`, `value` elsewhere.

    Shapes: the result has the shape of `input`.
    In place: `threshold_`.
    """

def threshold_(input: Tensor, threshold: _float, value: _float) -> Tensor:
    """x above `threshold`, `value` elsewhere.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def tile(input: Tensor, *dims: Any, **keyword: Any) -> Tensor:
    """As `repeat`; missing leading entries of `dims` are 1."""

def to_dlpack(tensor: Tensor) -> Any:
    """The tensor as a DLPack capsule. Prefer to pass the tensor itself, which speaks the protocol."""

def topk(
    input: Tensor, k: _int, dim: _int = -1, largest: _bool = True, sorted: _bool = True, *, out: Sequence[Tensor] | None = None
) -> return_types.topk:
    """The `k` largest (or smallest) elements along `dim`, in order, and where they stand.

    Raises:
        RuntimeError: if there are fewer than `k` elements.

    Returns a named tuple (values, indices).
    """

def trace(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sum of a matrix's diagonal. Raises RuntimeError unless `input` has two dimensions."""

def transpose(input: Tensor, dim0: _int, dim1: _int) -> Tensor:
    """Two dimensions swapped."""

def transpose_copy(input: Tensor, dim0: _int, dim1: _int, *, out: Any = None) -> Tensor:
    """As `transpose`, with elements of its own instead of a view."""

def trapezoid(y: Tensor, x: Tensor | None = None, dx: _float = 1.0, dim: _int = -1, *, out: Tensor | None = None) -> Tensor:
    """The integral of `y` along `dim` by the trapezoid rule; the steps are `dx` or the differences of `x`.

    Whole numbers are multiplied as such, and wrap; the result is of the default dtype.

    Also called `trapz`.
    """

def trapz(y: Tensor, x: Tensor | None = None, dx: _float = 1.0, dim: _int = -1, *, out: Tensor | None = None) -> Tensor:
    """The integral of `y` along `dim` by the trapezoid rule; the steps are `dx` or the differences of `x`.

    Whole numbers are multiplied as such, and wrap; the result is of the default dtype.

    Also called `trapz`.
    """

def triangular_solve(
    input: Tensor,
    A: Tensor,
    upper: _bool = True,
    transpose: _bool = False,
    unitriangular: _bool = False,
    *,
    out: Sequence[Tensor] | None = None,
) -> return_types.triangular_solve:
    """`(X, A)` with `A X = input` for a triangular A (the older form of `linalg.solve_triangular`).

    Returns a named tuple (solution, cloned_coefficient).
    """

def tril(input: Tensor, diagonal: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """The lower triangle of each matrix, the rest 0.

    Shapes: the result has the shape of `input`.
    In place: `tril_`.
    """

def tril_(input: Tensor, diagonal: _int = 0) -> Tensor:
    """The lower triangle of each matrix, the rest 0.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def tril_indices(
    row: _int,
    col: _int,
    offset: _int = 0,
    *,
    dtype: dtype = ...,
    device: device | str | _int | None = None,
    layout: Any = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """Row and column numbers of the lower triangle, (2, n)."""

def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: _float = 1.0,
    p: _float = 2.0,
    eps: _float = 1e-06,
    swap: _bool = False,
    reduction: _int = 0,
) -> Tensor:
    """max(0, margin + d(anchor, positive) - d(anchor, negative))."""

def triu(input: Tensor, diagonal: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """The upper triangle of each matrix, the rest 0.

    Shapes: the result has the shape of `input`.
    In place: `triu_`.
    """

def triu_(input: Tensor, diagonal: _int = 0) -> Tensor:
    """The upper triangle of each matrix, the rest 0.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def triu_indices(
    row: _int,
    col: _int,
    offset: _int = 0,
    *,
    dtype: dtype = ...,
    device: device | str | _int | None = None,
    layout: Any = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """Row and column numbers of the upper triangle, (2, n)."""

def true_divide(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """`input / other`; integers become floats.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    In place: `true_divide_`.
    """

def true_divide_(input: Tensor, other: Tensor | Number) -> Tensor:
    """`input / other`; integers become floats.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def trunc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The next integer towards 0.

    Shapes: the result has the shape of `input`.
    Also called `fix`. In place: `trunc_`.
    """

def trunc_(input: Tensor) -> Tensor:
    """The next integer towards 0.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def typename(obj: Any) -> str:
    """What torch calls the type of `obj`: "torch.FloatTensor", "torch.nn.modules.linear.Linear", "int".

    >>> import torchlike as torch
    >>> torch.typename(torch.ones(2))
    'torch.FloatTensor'
    """

def unbind(input: Tensor, dim: _int = 0) -> tuple[Tensor, ...]:
    """A view per index of a dimension."""

def unbind_copy(input: Tensor, dim: _int = 0, *, out: Any = None) -> tuple[Tensor, ...]:
    """As `unbind`, with elements of its own instead of a view."""

def unflatten(input: Tensor, dim: _int, sizes: Sequence[_int]) -> Tensor:
    """Dimension `dim` split into `sizes` (one may be -1)."""

def unfold_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """As `unfold`, with elements of its own instead of a view."""

def unique(
    input: Tensor, sorted: _bool = True, return_inverse: _bool = False, return_counts: _bool = False, dim: _int | None = None
) -> Any:
    """The distinct elements in order (or the distinct slices along `dim`), the place of each input element among them, and
    how often each stands. Every nan is distinct. Waits for the values; has no gradient.
    """

def unique_consecutive(
    input: Tensor, return_inverse: _bool = False, return_counts: _bool = False, dim: _int | None = None
) -> Any:
    """As `unique`, of each run of equal neighbours one, in the order that they stand."""

def unravel_index(indices: Tensor, shape: _int | Sequence[_int]) -> tuple[Tensor, ...]:
    """Positions in a flattened tensor as one index tensor per dimension of its `shape`.

    Raises:
        TypeError: for positions that are not whole numbers, or a shape that is none. ValueError: for sizes below zero.
    """

def unsafe_chunk(input: Tensor, chunks: _int, dim: _int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` views of equal size (the last may be smaller)."""

def unsafe_split(tensor: Tensor, split_size: Any, dim: _int = 0) -> tuple[Tensor, ...]:
    """As `split`."""

def unsafe_split_with_sizes(input: Tensor, split_sizes: Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]:
    """As `split_with_sizes`."""

def unsqueeze(input: Tensor, dim: _int) -> Tensor:
    """A new size-1 dimension at `dim`."""

def unsqueeze_copy(input: Tensor, dim: _int, *, out: Any = None) -> Tensor:
    """As `unsqueeze`, with elements of its own instead of a view."""

def use_deterministic_algorithms(mode: _bool, *, warn_only: _bool = False) -> None:
    """Remember whether only deterministic algorithms are wanted. Raises TypeError unless `mode` is a bool."""

def vander(x: Tensor, N: _int | None = None, increasing: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """The powers N - 1 to 0 (0 to N - 1 where `increasing`) of each element of a vector, N its size by default."""

def var(
    input: Tensor, dim: Any = None, unbiased: Any = None, keepdim: _bool = False, *, correction: Any = None, out: Any = None
) -> Any:
    """The variance over `dim`, divided by `N - correction`."""

def var_mean(
    input: Tensor, dim: Any = None, unbiased: Any = None, keepdim: _bool = False, *, correction: Any = None, out: Any = None
) -> Any:
    """The variance and the mean over `dim`, divided by `N - correction`."""

def vdot(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inner product of two vectors, the first conjugated."""

def view_as_complex(input: Tensor) -> Tensor:
    """A real tensor (..., 2) as a complex one (...), a view."""

def view_as_complex_copy(input: Tensor, *, out: Any = None) -> Tensor:
    """As `view_as_complex`, with elements of its own instead of a view."""

def view_as_real(input: Tensor) -> Tensor:
    """A complex tensor (...) as a real one (..., 2), a view."""

def view_as_real_copy(input: Tensor, *, out: Any = None) -> Tensor:
    """As `view_as_real`, with elements of its own instead of a view."""

def view_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """As `view`, with elements of its own instead of a view."""

def vsplit(input: Tensor, *given: Any, **keyword: Any) -> tuple[Tensor, ...]:
    """Views of equal parts along one dimension, or of the parts between the given indices."""

def vstack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Joined along the first dimension; vectors are rows.

    Also called `row_stack`.
    """

def where(condition: Tensor, input: Any = None, other: Any = None, *, out: Any = None) -> Any:
    """`input` where the condition holds, else `other`; the condition alone gives the indices of its true elements."""

def xlogy(input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """`input * log(other)`, 0 where `input` is 0 (nan where `other` is nan).

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    In place: `xlogy_`.
    """

def xlogy_(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """`input * log(other)`, 0 where `input` is 0 (nan where `other` is nan).

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def zero_(self: Tensor) -> Tensor:
    """Overwrite every element with zero."""

def zeros(
    *args: Any,
    size: Any = None,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """Zeros of the given sizes."""

def zeros_like(
    input: Tensor,
    *,
    dtype: dtype | None = None,
    layout: Any = None,
    device: device | str | _int | None = None,
    requires_grad: _bool = False,
    memory_format: memory_format | None = None,
    pin_memory: _bool = False,
) -> Tensor:
    """Zeros in the shape, dtype and place of `input`."""
