# Written by `python .ci/stubs.py`; changes go into what it reads: the op table and the functions themselves.
"""What is attached to Tensor, for type checkers and editors."""

from builtins import bool as _bool
from builtins import float as _float
from builtins import int as _int
from builtins import type as _type
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self, TypeAlias

from numpy import ndarray

from torchlike.autograd.node import Node
from torchlike.base.device import device
from torchlike.base.dtypes import dtype
from torchlike.base.hooks import RemovableHandle
from torchlike.base.layout import memory_format
from torchlike.tensor import return_types
from torchlike.tensor.random import Generator
from torchlike.tensor.sparse import SparseTensor
from torchlike.tensor.storages import UntypedStorage
from torchlike.tensor.tensor import Tensor
from torchlike.tensor.typed_storages import TypedStorage

Number: TypeAlias = int | float | complex

class Surface:
    """The methods, properties and operators that `torchlike.tensor.attach` gives to Tensor."""

    @property
    def H(self) -> Tensor:
        """The conjugate transpose of a matrix, a view."""

    @property
    def T(self) -> Tensor:
        """The dimensions in reverse order, a view."""

    def __abs__(self) -> Tensor: ...
    def __add__(self, other: Tensor | Number) -> Tensor: ...
    def __and__(self, other: Tensor | Number) -> Tensor: ...
    def __array__(self, dtype: dtype | None = None, copy: Any = None) -> ndarray: ...
    def __bool__(self) -> _bool: ...
    def __complex__(self) -> complex: ...
    def __contains__(self, element: Any) -> _bool: ...
    def __deepcopy__(self, memo: dict) -> Tensor: ...
    def __delitem__(self, index: Any) -> None: ...
    def __div__(self, other: Tensor | Number) -> Tensor: ...
    def __dlpack__(self, **options: Any) -> Any: ...
    def __dlpack_device__(self) -> Any: ...
    def __eq__(self, other: object) -> Tensor: ...  # type: ignore[override]  # elementwise, as in torch
    def __float__(self) -> _float: ...
    def __floordiv__(self, other: Tensor | Number) -> Tensor: ...
    def __ge__(self, other: Tensor | Number) -> Tensor: ...
    def __getitem__(self, index: Any) -> Tensor:
        """`x[index]`: a view where only ints, slices, ... and None are used, else a copy."""

    def __gt__(self, other: Tensor | Number) -> Tensor: ...
    def __hash__(self) -> _int: ...
    def __iadd__(self, other: Tensor | Number) -> Self: ...
    def __iand__(self, other: Tensor | Number) -> Self: ...
    def __idiv__(self, other: Tensor | Number) -> Self: ...
    def __ifloordiv__(self, other: Tensor | Number) -> Self: ...
    def __ilshift__(self, other: Tensor | Number) -> Self: ...
    def __imod__(self, other: Tensor | Number) -> Self: ...
    def __imul__(self, other: Tensor | Number) -> Self: ...
    def __index__(self) -> _int: ...
    def __int__(self) -> _int: ...
    def __invert__(self) -> Tensor: ...
    def __ior__(self, other: Tensor | Number) -> Self: ...
    def __ipow__(self, other: Tensor | Number) -> Self: ...
    def __irshift__(self, other: Tensor | Number) -> Self: ...
    def __isub__(self, other: Tensor | Number) -> Self: ...
    def __iter__(self) -> Iterator[Tensor]: ...
    def __itruediv__(self, other: Tensor | Number) -> Self: ...
    def __ixor__(self, other: Tensor | Number) -> Self: ...
    def __jax_array__(self) -> Any: ...
    def __le__(self, other: Tensor | Number) -> Tensor: ...
    def __len__(self) -> _int: ...
    def __long__(self) -> _int: ...
    def __lshift__(self, other: Tensor | Number) -> Tensor: ...
    def __lt__(self, other: Tensor | Number) -> Tensor: ...
    def __matmul__(self, other: Tensor | Number) -> Tensor: ...
    def __mod__(self, other: Tensor | Number) -> Tensor: ...
    def __mul__(self, other: Tensor | Number) -> Tensor: ...
    def __ne__(self, other: object) -> Tensor: ...  # type: ignore[override]  # elementwise, as in torch
    def __neg__(self) -> Tensor: ...
    def __nonzero__(self) -> _bool: ...
    def __or__(self, other: Tensor | Number) -> Tensor: ...
    def __pos__(self) -> Tensor:
        """The tensor itself. Raises RuntimeError for bool tensors."""

    def __pow__(self, other: Tensor | Number) -> Tensor: ...
    def __radd__(self, other: Tensor | Number) -> Tensor: ...
    def __rand__(self, other: Tensor | Number) -> Tensor: ...
    def __rdiv__(self, other: Tensor | Number) -> Tensor: ...
    def __reversed__(self) -> Any:
        """Reversed along the first dimension."""

    def __rfloordiv__(self, other: Tensor | Number) -> Tensor: ...
    def __rlshift__(self, other: Tensor | Number) -> Tensor: ...
    def __rmatmul__(self, other: Tensor | Number) -> Tensor: ...
    def __rmod__(self, other: Tensor | Number) -> Tensor: ...
    def __rmul__(self, other: Tensor | Number) -> Tensor: ...
    def __ror__(self, other: Tensor | Number) -> Tensor: ...
    def __rpow__(self, other: Tensor | Number) -> Tensor: ...
    def __rrshift__(self, other: Tensor | Number) -> Tensor: ...
    def __rshift__(self, other: Tensor | Number) -> Tensor: ...
    def __rsub__(self, other: Tensor | Number) -> Tensor: ...
    def __rtruediv__(self, other: Tensor | Number) -> Tensor: ...
    def __rxor__(self, other: Tensor | Number) -> Tensor: ...
    def __setitem__(self, index: Any, value: Any) -> None:
        """`x[index] = value`, written through to everything that aliases `x`."""

    def __setstate__(self, state: Any) -> None:
        """Take a state of torch's old pickles: `(storage, offset, size, stride[, requires_grad, ...])`, or a dict of
        attributes.
        """

    def __sub__(self, other: Tensor | Number) -> Tensor: ...
    def __truediv__(self, other: Tensor | Number) -> Tensor: ...
    def __xor__(self, other: Tensor | Number) -> Tensor: ...
    @property
    def _version(self) -> _int: ...
    def abs(self) -> Tensor:
        """The absolute value; its gradient at 0 (and at nan) is 0. Infinite where a part is, whatever the other one."""

    def abs_(self) -> Self:
        """The absolute value in place. Raises RuntimeError for complex tensors, whose absolute values are real."""

    def absolute(self) -> Tensor:
        """The absolute value; its gradient at 0 (and at nan) is 0. Infinite where a part is, whatever the other one."""

    def absolute_(self) -> Self:
        """The absolute value in place. Raises RuntimeError for complex tensors, whose absolute values are real."""

    def acos(self) -> Tensor:
        """The angle in radians, in [0, pi], whose cosine is `input`; nan outside [-1, 1]."""

    def acos_(self) -> Self:
        """The angle in radians, in [0, pi], whose cosine is `input`; nan outside [-1, 1]."""

    def acosh(self) -> Tensor:
        """The inverse of `cosh`; nan below 1."""

    def acosh_(self) -> Self:
        """The inverse of `cosh`; nan below 1."""

    def add(self, other: Tensor | Number, alpha: Tensor | Number = 1) -> Tensor:
        """`input + alpha * other`."""

    def add_(self, other: Tensor | Number, alpha: Tensor | Number = 1) -> Self:
        """`input + alpha * other`."""

    def addbmm(
        self, batch1: Tensor | Number, batch2: Tensor | Number, beta: Tensor | Number = 1, alpha: Tensor | Number = 1
    ) -> Tensor:
        """`beta * input + alpha * bmm(batch1, batch2).sum(0)`."""

    def addbmm_(self, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Self:
        """`addbmm` in place. Unlike other in-place methods it takes the shape of the result where it has fewer elements."""

    def addcdiv(self, tensor1: Tensor | Number, tensor2: Tensor | Number, value: Tensor | Number = 1) -> Tensor:
        """`input + value * tensor1 / tensor2`. Raises RuntimeError for integers."""

    def addcdiv_(self, tensor1: Tensor | Number, tensor2: Tensor | Number, value: Tensor | Number = 1) -> Self:
        """`input + value * tensor1 / tensor2`. Raises RuntimeError for integers."""

    def addcmul(self, tensor1: Tensor | Number, tensor2: Tensor | Number, value: Tensor | Number = 1) -> Tensor:
        """`input + value * tensor1 * tensor2`."""

    def addcmul_(self, tensor1: Tensor | Number, tensor2: Tensor | Number, value: Tensor | Number = 1) -> Self:
        """`input + value * tensor1 * tensor2`."""

    def addmm(
        self, mat1: Tensor | Number, mat2: Tensor | Number, beta: Tensor | Number = 1, alpha: Tensor | Number = 1
    ) -> Tensor:
        """`beta * input + alpha * (mat1 @ mat2)`; `input` broadcasts to the product."""

    def addmm_(
        self, mat1: Tensor | Number, mat2: Tensor | Number, beta: Tensor | Number = 1, alpha: Tensor | Number = 1
    ) -> Self:
        """`beta * input + alpha * (mat1 @ mat2)`; `input` broadcasts to the product."""

    def addmv(
        self, mat: Tensor | Number, vec: Tensor | Number, beta: Tensor | Number = 1, alpha: Tensor | Number = 1
    ) -> Tensor:
        """`beta * input + alpha * (mat @ vec)`."""

    def addmv_(self, mat: Tensor | Number, vec: Tensor | Number, beta: Tensor | Number = 1, alpha: Tensor | Number = 1) -> Self:
        """`beta * input + alpha * (mat @ vec)`."""

    def addr(self, vec1: Tensor, vec2: Tensor, beta: Tensor | Number = 1, alpha: Tensor | Number = 1) -> Tensor:
        """`beta * input + alpha * outer(vec1, vec2)`."""

    def addr_(self, vec1: Tensor, vec2: Tensor, beta: Tensor | Number = 1, alpha: Tensor | Number = 1) -> Self:
        """`beta * input + alpha * outer(vec1, vec2)`."""

    def adjoint(self) -> Tensor:
        """The last two dimensions swapped and the elements conjugated: a view."""

    def all(self, dim: _int | Sequence[_int] | None = None, keepdim: _bool = False) -> Tensor:
        """Whether all elements over `dim` are true (nonzero). uint8 in, uint8 out, as torch."""

    def allclose(self, other: Tensor, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> _bool:
        """Whether `|input - other| <= atol + rtol * |other|` everywhere."""

    def amax(self, dim: _int | Sequence[_int] | None = (), keepdim: _bool = False) -> Tensor:
        """The largest element over `dim`; equal ones share the gradient evenly."""

    def amin(self, dim: _int | Sequence[_int] | None = (), keepdim: _bool = False) -> Tensor:
        """The smallest element over `dim`; equal ones share the gradient evenly."""

    def aminmax(self, *, dim: _int | None = None, keepdim: _bool = False) -> Any:
        """`(min, max)` of all elements or along `dim`. Raises RuntimeError where `out` has another dtype."""

    def angle(self) -> Tensor:
        """The angle of each (complex) number in radians; the gradient at 0 is 0."""

    def any(self, dim: _int | Sequence[_int] | None = None, keepdim: _bool = False) -> Tensor:
        """Whether any element over `dim` is true (nonzero). uint8 in, uint8 out, as torch."""

    def apply_(self, callable: Callable) -> Self:
        """Each element replaced by `callable(element)`, one after the other in Python."""

    def arccos(self) -> Tensor:
        """The angle in radians, in [0, pi], whose cosine is `input`; nan outside [-1, 1]."""

    def arccos_(self) -> Self:
        """The angle in radians, in [0, pi], whose cosine is `input`; nan outside [-1, 1]."""

    def arccosh(self) -> Tensor:
        """The inverse of `cosh`; nan below 1."""

    def arccosh_(self) -> Self:
        """The inverse of `cosh`; nan below 1."""

    def arcsin(self) -> Tensor:
        """The angle in radians, in [-pi/2, pi/2], whose sine is `input`; nan outside [-1, 1]."""

    def arcsin_(self) -> Self:
        """The angle in radians, in [-pi/2, pi/2], whose sine is `input`; nan outside [-1, 1]."""

    def arcsinh(self) -> Tensor:
        """The inverse of `sinh`."""

    def arcsinh_(self) -> Self:
        """The inverse of `sinh`."""

    def arctan(self) -> Tensor:
        """The angle in radians, in (-pi/2, pi/2), whose tangent is `input`."""

    def arctan2(self, other: Tensor | Number) -> Tensor:
        """The angle in radians, in [-pi, pi], of the point with height `input` and width `other`."""

    def arctan2_(self, other: Tensor | Number) -> Self:
        """The angle in radians, in [-pi, pi], of the point with height `input` and width `other`."""

    def arctan_(self) -> Self:
        """The angle in radians, in (-pi/2, pi/2), whose tangent is `input`."""

    def arctanh(self) -> Tensor:
        """The inverse of `tanh`; nan outside [-1, 1]."""

    def arctanh_(self) -> Self:
        """The inverse of `tanh`; nan outside [-1, 1]."""

    def argmax(self, dim: _int | None = None, keepdim: _bool = False) -> Tensor:
        """Where the largest element stands first, in `dim` or in the flattened tensor (int64)."""

    def argmin(self, dim: _int | None = None, keepdim: _bool = False) -> Tensor:
        """Where the smallest element stands first, in `dim` or in the flattened tensor (int64)."""

    def argsort(self, dim: _int = -1, descending: _bool = False, stable: _bool = False) -> Tensor:
        """Where the elements stand, in order along `dim` (always stable)."""

    def argwhere(self) -> Tensor:
        """The indices of the elements that are not zero, (count, ndim) int64."""

    def as_strided(self, size: Any, stride: Any, storage_offset: _int | None = None) -> Tensor:
        """A view of the storage with any sizes, strides and offset (in elements; the offset of `input` by default)."""

    def as_strided_(self, size: Any, stride: Any, storage_offset: _int | None = None) -> Self:
        """`as_strided` in place: this tensor becomes that view of itself."""

    def as_strided_scatter(
        self, src: Tensor, size: Sequence[_int], stride: Sequence[_int], storage_offset: _int | None = None
    ) -> Tensor:
        """A contiguous copy of `input` with `src` in place of `as_strided(size, stride, storage_offset)`."""

    def as_subclass(self, cls: _type) -> Any:
        """This tensor as an instance of a subclass, with the same storage and history."""

    def asin(self) -> Tensor:
        """The angle in radians, in [-pi/2, pi/2], whose sine is `input`; nan outside [-1, 1]."""

    def asin_(self) -> Self:
        """The angle in radians, in [-pi/2, pi/2], whose sine is `input`; nan outside [-1, 1]."""

    def asinh(self) -> Tensor:
        """The inverse of `sinh`."""

    def asinh_(self) -> Self:
        """The inverse of `sinh`."""

    def atan(self) -> Tensor:
        """The angle in radians, in (-pi/2, pi/2), whose tangent is `input`."""

    def atan2(self, other: Tensor | Number) -> Tensor:
        """The angle in radians, in [-pi, pi], of the point with height `input` and width `other`."""

    def atan2_(self, other: Tensor | Number) -> Self:
        """The angle in radians, in [-pi, pi], of the point with height `input` and width `other`."""

    def atan_(self) -> Self:
        """The angle in radians, in (-pi/2, pi/2), whose tangent is `input`."""

    def atanh(self) -> Tensor:
        """The inverse of `tanh`; nan outside [-1, 1]."""

    def atanh_(self) -> Self:
        """The inverse of `tanh`; nan outside [-1, 1]."""

    def backward(
        self, gradient: Any = None, retain_graph: _bool | None = None, create_graph: _bool = False, inputs: Any = None
    ) -> None:
        """Accumulate this tensor's gradients into the leaves it was computed from."""

    def baddbmm(
        self, batch1: Tensor | Number, batch2: Tensor | Number, beta: Tensor | Number = 1, alpha: Tensor | Number = 1
    ) -> Tensor:
        """`beta * input + alpha * bmm(batch1, batch2)`; `input` broadcasts to the product."""

    def baddbmm_(
        self, batch1: Tensor | Number, batch2: Tensor | Number, beta: Tensor | Number = 1, alpha: Tensor | Number = 1
    ) -> Self:
        """`beta * input + alpha * bmm(batch1, batch2)`; `input` broadcasts to the product."""

    def bernoulli(self, p: Any = None, *, generator: Generator | None = None) -> Tensor:
        """0 or 1, each 1 with the probability that `input` holds there (or `p`). The gradient is zero."""

    def bernoulli_(self, p: Any = 0.5, *, generator: Generator | None = None) -> Self:
        """Overwrite with 0 or 1, 1 with probability `p` (a number or a tensor that broadcasts)."""

    def bfloat16(self, memory_format: memory_format | None = None) -> Tensor:
        """The tensor as torch.bfloat16; itself where it is that already."""

    def bincount(self, weights: Tensor | None = None, minlength: _int = 0) -> Tensor:
        """How often each whole number stands in the vector, or the sum of its weights. Waits for the values: the size is
        theirs.
        """

    def bitwise_and(self, other: Tensor | Number) -> Tensor:
        """The bits set in both."""

    def bitwise_and_(self, other: Tensor | Number) -> Self:
        """The bits set in both."""

    def bitwise_left_shift(self, other: Tensor | Number) -> Tensor:
        """`input` with its bits moved left by `other` places."""

    def bitwise_left_shift_(self, other: Tensor | Number) -> Self:
        """`input` with its bits moved left by `other` places."""

    def bitwise_not(self) -> Tensor:
        """Every bit turned over (`not` of bools)."""

    def bitwise_not_(self) -> Self:
        """Every bit turned over (`not` of bools)."""

    def bitwise_or(self, other: Tensor | Number) -> Tensor:
        """The bits set in one or both."""

    def bitwise_or_(self, other: Tensor | Number) -> Self:
        """The bits set in one or both."""

    def bitwise_right_shift(self, other: Tensor | Number) -> Tensor:
        """`input` with its bits moved right by `other` places; the sign stays."""

    def bitwise_right_shift_(self, other: Tensor | Number) -> Self:
        """`input` with its bits moved right by `other` places; the sign stays."""

    def bitwise_xor(self, other: Tensor | Number) -> Tensor:
        """The bits set in exactly one."""

    def bitwise_xor_(self, other: Tensor | Number) -> Self:
        """The bits set in exactly one."""

    def bmm(self, mat2: Tensor) -> Tensor:
        """A product per batch entry: `(b, n, k) x (b, k, m) -> (b, n, m)`; nothing broadcasts."""

    def bool(self, memory_format: memory_format | None = None) -> Tensor:
        """The tensor as torch.bool; itself where it is that already."""

    def broadcast_to(self, size: Any) -> Tensor:
        """`input` with the shape `size`: a view that shows elements in several places."""

    def byte(self, memory_format: memory_format | None = None) -> Tensor:
        """The tensor as torch.uint8; itself where it is that already."""

    def cauchy_(self, *args: Any, generator: Generator | None = None, **keywords: Any) -> Self:
        """Overwrite every element with a number of the cauchy distribution."""

    def ccol_indices(self) -> Any: ...
    def cdouble(self, memory_format: memory_format | None = None) -> Tensor:
        """The tensor as torch.complex128; itself where it is that already."""

    def ceil(self) -> Tensor:
        """The next integer upwards."""

    def ceil_(self) -> Self:
        """The next integer upwards."""

    def cfloat(self, memory_format: memory_format | None = None) -> Tensor:
        """The tensor as torch.complex64; itself where it is that already."""

    def chalf(self, memory_format: memory_format | None = None) -> Tensor:
        """Raises NotImplementedError: XLA has no complex numbers of 16-bit floats."""

    def char(self, memory_format: memory_format | None = None) -> Tensor:
        """The tensor as torch.int8; itself where it is that already."""

    def cholesky(self, upper: _bool = False) -> Tensor:
        """As `linalg.cholesky`."""

    def cholesky_inverse(self, upper: _bool = False) -> Tensor:
        """The inverse of the matrix whose Cholesky factor is `L`."""

    def cholesky_solve(self, L: Tensor, upper: _bool = False) -> Tensor:
        """`X` with `A X = input`, where `L` is A's Cholesky factor: `(..., n, k), (..., n, n) -> (..., n, k)`."""

    def chunk(self, chunks: _int, dim: _int = 0) -> tuple[Tensor, ...]:
        """At most `chunks` views of equal size (the last may be smaller)."""

    def clamp(self, min: Any = None, max: Any = None) -> Tensor:
        """`input` held inside [min, max]. Raises RuntimeError where both are None, or a number does not fit the tensor's
        dtype.
        """

    def clamp_(self, min: Any = None, max: Any = None) -> Self:
        """`clamp` in place."""

    def clamp_max(self, max: Any) -> Tensor:
        """`input`, but at most `max`."""

    def clamp_max_(self, max: Any) -> Self:
        """`clamp_max` in place."""

    def clamp_min(self, min: Any) -> Tensor:
        """`input`, but at least `min`."""

    def clamp_min_(self, min: Any) -> Self:
        """`clamp_min` in place."""

    def clip(self, min: Any = None, max: Any = None) -> Tensor:
        """`input` held inside [min, max]. Raises RuntimeError where both are None, or a number does not fit the tensor's
        dtype.
        """

    def clip_(self, min: Any = None, max: Any = None) -> Self:
        """`clamp` in place."""

    def clone(self, *, memory_format: memory_format | None = None) -> Tensor:
        """A copy with its own storage, in memory as it was or as `memory_format` says; the gradient flows through."""

    def coalesce(self) -> Any: ...
    def col_indices(self) -> Any: ...
    def combinations(self, r: _int = 2, with_replacement: _bool = False) -> Tensor:
        """All combinations of `r` elements of a vector, a row each, in the order of itertools.combinations."""

    def conj(self) -> Tensor:
        """The complex conjugate, a view; a real tensor itself."""

    def conj_physical(self) -> Tensor:
        """The complex conjugate as a tensor of its own; a real tensor itself."""

    def conj_physical_(self) -> Self:
        """The complex conjugate, computed."""

    def const_data_ptr(self) -> _int:
        """The address of the first element: of a copy on the host, made when asked for (see `address.address`)."""

    def contiguous(self, memory_format: memory_format | None = None) -> Tensor:
        """Itself where its strides are row-major (or as `memory_format` says), else a copy."""

    def copy_(self, src: Any, non_blocking: _bool = False) -> Self:
        """Overwrite this tensor with the tensor `src`, broadcast and cast."""

    def copysign(self, other: Tensor | Number) -> Tensor:
        """The size of `input` with the sign of `other`; no gradient where `input` is 0."""

    def copysign_(self, other: Tensor | Number) -> Self:
        """The size of `input` with the sign of `other`; no gradient where `input` is 0."""

    def corrcoef(self) -> Tensor:
        """The correlation matrix of the rows, its entries held in [-1, 1]."""

    def cos(self) -> Tensor:
        """The cosine of an angle in radians."""

    def cos_(self) -> Self:
        """The cosine of an angle in radians."""

    def cosh(self) -> Tensor:
        """The hyperbolic cosine."""

    def cosh_(self) -> Self:
        """The hyperbolic cosine."""

    def count_nonzero(self, dim: _int | Sequence[_int] | None = None) -> Tensor:
        """How many elements over `dim` are not zero (int64)."""

    def cov(self, *, correction: _int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None) -> Tensor:
        """The covariance matrix of the rows (variables); columns are observations, weighted by their counts and importances."""

    def cpu(self, memory_format: memory_format | None = None) -> Tensor:
        """The tensor on the CPU; itself where it is there already."""

    def cross(self, other: Tensor, dim: _int | None = None) -> Tensor:
        """The cross products of 3-vectors along `dim` (by default the first dimension of size 3)."""

    def crow_indices(self) -> Any: ...
    def cuda(
        self, device: device | str | _int | None = None, non_blocking: _bool = False, memory_format: memory_format | None = None
    ) -> Tensor:
        """The tensor on a GPU; itself where it is there already."""

    def cummax(self, dim: _int) -> return_types.cummax:
        """The running maximum along `dim` and where it stands (the last of equal ones)."""

    def cummin(self, dim: _int) -> return_types.cummin:
        """The running minimum along `dim` and where it stands (the last of equal ones)."""

    def cumprod(self, dim: _int, *, dtype: dtype | None = None) -> Tensor:
        """The running product along `dim`; zeros keep exact gradients."""

    def cumprod_(self, dim: _int, dtype: dtype | None = None) -> Self:
        """The running product along `dim`; zeros keep exact gradients."""

    def cumsum(self, dim: _int, *, dtype: dtype | None = None) -> Tensor:
        """The running sum along `dim`. Integers and bools sum to int64."""

    def cumsum_(self, dim: _int, dtype: dtype | None = None) -> Self:
        """The running sum along `dim`. Integers and bools sum to int64."""

    @property
    def data(self) -> Tensor:
        """The same elements without history; assigning shares the storage of the tensor given."""
    @data.setter
    def data(self, value: Tensor) -> None: ...
    def data_ptr(self) -> _int:
        """The address of the first element: of a copy on the host, made when asked for (see `address.address`)."""

    def deg2rad(self) -> Tensor:
        """Degrees to radians."""

    def deg2rad_(self) -> Self:
        """Degrees to radians."""

    def dense_dim(self) -> Any: ...
    def dequantize(self) -> Any:
        """The real numbers of a quantized tensor as float32; of several tensors one by one. Floats come back as they are."""

    def det(self) -> Tensor:
        """The determinant of square matrices."""

    def detach(self) -> Tensor:
        """The same storage without history."""

    def detach_(self) -> Self:
        """Cut this tensor from its history."""

    def diag(self, diagonal: _int = 0) -> Tensor:
        """A vector becomes a matrix with that diagonal, a matrix gives its diagonal (a copy)."""

    def diag_embed(self, offset: _int = 0, dim1: _int = -2, dim2: _int = -1) -> Tensor:
        """Matrices (in dimensions `dim1`, `dim2`) whose diagonals are the vectors of the last dimension."""

    def diagflat(self, offset: _int = 0) -> Tensor:
        """A matrix whose diagonal is the flattened tensor."""

    def diagonal(self, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor:
        """The elements with equal indices in two dimensions, as the last dimension."""

    def diagonal_scatter(self, src: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor:
        """`input` with `src` in place of `input.diagonal(offset, dim1, dim2)`."""

    def diff(self, n: _int = 1, dim: _int = -1, prepend: Any = None, append: Any = None) -> Tensor:
        """The differences of neighbours along `dim`, `n` times."""

    def digamma(self) -> Tensor:
        """The derivative of `lgamma`."""

    def digamma_(self) -> Self:
        """The derivative of `lgamma`."""

    def dim(self) -> _int:
        """The number of dimensions."""

    def dim_order(self, *, ambiguity_check: Any = False) -> tuple[_int, ...]:
        """The dimensions from the outermost in memory to the innermost."""

    def dist(self, other: Tensor, p: _float = 2.0) -> Tensor:
        """The p-norm of `input - other`."""

    def div(self, other: Any, *, rounding_mode: str | None = None) -> Tensor:
        """`input / other`, rounded towards zero ("trunc"), downwards ("floor") or not at all."""

    def div_(self, other: Any, *, rounding_mode: str | None = None) -> Self:
        """`input / other`, rounded towards zero ("trunc"), downwards ("floor") or not at all."""

    def div_trunc(self, other: Tensor | Number) -> Tensor:
        """`input / other` rounded towards zero."""

    def div_trunc_(self, other: Tensor | Number) -> Self:
        """`input / other` rounded towards zero."""

    def divide(self, other: Any, *, rounding_mode: str | None = None) -> Tensor:
        """`input / other`, rounded towards zero ("trunc"), downwards ("floor") or not at all."""

    def divide_(self, other: Any, *, rounding_mode: str | None = None) -> Self:
        """`input / other`, rounded towards zero ("trunc"), downwards ("floor") or not at all."""

    def dot(self, tensor: Tensor) -> Tensor:
        """The inner product of two vectors of one size."""

    def double(self, memory_format: memory_format | None = None) -> Tensor:
        """The tensor as torch.float64; itself where it is that already."""

    def dsplit(self, *given: Any, **keyword: Any) -> tuple[Tensor, ...]:
        """Views of equal parts along one dimension, or of the parts between the given indices."""

    def eig(self, **kwargs: Any) -> Any:
        """Raises RuntimeError: torch removed it in favour of `torch.linalg`'s (eig)."""

    def element_size(self) -> _int:
        """The size of an element in bytes."""

    def eq(self, other: Tensor | Number) -> Tensor:
        """Whether `input == other`."""

    def eq_(self, other: Tensor | Number) -> Self:
        """Whether `input == other`."""

    def equal(self, other: Tensor) -> _bool:
        """Whether both have the same shape and the same elements. Raises TypeError for what is no tensor."""

    def erf(self) -> Tensor:
        """The error function, `2 / sqrt(pi)` times the integral of `exp(-t ** 2)` from 0 to `input`."""

    def erf_(self) -> Self:
        """The error function, `2 / sqrt(pi)` times the integral of `exp(-t ** 2)` from 0 to `input`."""

    def erfc(self) -> Tensor:
        """`1 - erf(input)`, exact where that is small."""

    def erfc_(self) -> Self:
        """`1 - erf(input)`, exact where that is small."""

    def erfinv(self) -> Tensor:
        """The inverse of `erf`; nan outside [-1, 1]."""

    def erfinv_(self) -> Self:
        """The inverse of `erf`; nan outside [-1, 1]."""

    def exp(self) -> Tensor:
        """`e ** input`."""

    def exp2(self) -> Tensor:
        """`2 ** input`."""

    def exp2_(self) -> Self:
        """`2 ** input`."""

    def exp_(self) -> Self:
        """`e ** input`."""

    def expand(self, *size: Any) -> Tensor:
        """Size-1 dimensions repeated without a copy; -1 keeps a size."""

    def expand_as(self, other: Tensor) -> Tensor:
        """`expand` to the shape of `other`."""

    def expm1(self) -> Tensor:
        """`exp(input) - 1`, exact near 0."""

    def expm1_(self) -> Self:
        """`exp(input) - 1`, exact near 0."""

    def exponential_(self, *args: Any, generator: Generator | None = None, **keywords: Any) -> Self:
        """Overwrite every element with a number of the exponential distribution."""

    def fill_(self, value: Any) -> Self:
        """Overwrite every element with one number, or with a zero-dim tensor, to which the gradient goes."""

    def fill_diagonal_(self, fill_value: Any, wrap: _bool = False) -> Self:
        """The elements with equal indices overwritten with a number; with `wrap` again below, in a tall matrix."""

    def fix(self) -> Tensor:
        """The next integer towards 0."""

    def fix_(self) -> Self:
        """The next integer towards 0."""

    def flatten(self, start_dim: _int = 0, end_dim: _int = -1) -> Tensor:
        """Dimensions `start_dim` to `end_dim` made one."""

    def flip(self, *dims: Any, **keyword: Any) -> Tensor:
        """The order of the elements reversed along `dims`."""

    def fliplr(self) -> Tensor:
        """Reversed along the second dimension."""

    def flipud(self) -> Tensor:
        """Reversed along the first dimension."""

    def float(self, memory_format: memory_format | None = None) -> Tensor:
        """The tensor as torch.float32; itself where it is that already."""

    def float_power(self, exponent: Tensor | Number) -> Tensor:
        """`input ** exponent` in double precision."""

    def float_power_(self, exponent: Any) -> Self:
        """`self ** exponent` in place. Raises RuntimeError unless the tensor is of double precision, as the result is."""

    def floor(self) -> Tensor:
        """The next integer downwards."""

    def floor_(self) -> Self:
        """The next integer downwards."""

    def floor_divide(self, other: Tensor | Number) -> Tensor:
        """`input / other` rounded down, as Python's `//`."""

    def floor_divide_(self, other: Tensor | Number) -> Self:
        """`input / other` rounded down, as Python's `//`."""

    def fmax(self, other: Tensor | Number) -> Tensor:
        """The larger one; a number wins over nan. On ties the gradient goes to `input`."""

    def fmin(self, other: Tensor | Number) -> Tensor:
        """The smaller one; a number wins over nan. On ties the gradient goes to `input`."""

    def fmod(self, other: Tensor | Number) -> Tensor:
        """What is left of `input` modulo `other`, with the sign of `input` (C's fmod)."""

    def fmod_(self, other: Tensor | Number) -> Self:
        """What is left of `input` modulo `other`, with the sign of `input` (C's fmod)."""

    def frac(self) -> Tensor:
        """The part after the point, with the sign of the input."""

    def frac_(self) -> Self:
        """The part after the point, with the sign of the input."""

    def frexp(self) -> return_types.frexp:
        """`(mantissa, exponent)` with `input = mantissa * 2 ** exponent` and the mantissa's size in [0.5, 1), or 0."""

    def gather(self, dim: _int, index: Tensor, sparse_grad: _bool = False) -> Tensor:
        """The elements of `input` that `index` names along `dim`. Shape of `index`."""

    def gcd(self, other: Tensor | Number) -> Tensor:
        """The greatest common divisor."""

    def gcd_(self, other: Tensor | Number) -> Self:
        """The greatest common divisor."""

    def ge(self, other: Tensor | Number) -> Tensor:
        """Whether `input >= other`."""

    def ge_(self, other: Tensor | Number) -> Self:
        """Whether `input >= other`."""

    def geometric_(self, *args: Any, generator: Generator | None = None, **keywords: Any) -> Self:
        """Overwrite every element with a number of the geometric distribution."""

    def geqrf(self) -> return_types.geqrf:
        """LAPACK's QR: R on and above the diagonal, the Householder vectors below it, and their factors `tau`."""

    def ger(self, vec2: Tensor) -> Tensor:
        """The product of every pair: `(n) x (m) -> (n, m)`."""

    def get_device(self) -> _int:
        """The index of the accelerator that the tensor is on, -1 on the CPU."""

    @property
    def grad(self) -> Any:
        """What `backward` has accumulated in this leaf, or None."""
    @grad.setter
    def grad(self, value: Any) -> None: ...
    @grad.deleter
    def grad(self) -> None: ...
    @property
    def grad_dtype(self) -> Any: ...
    @property
    def grad_fn(self) -> Node | None:
        """The node that made a tensor, or None for leaves."""

    def greater(self, other: Tensor | Number) -> Tensor:
        """Whether `input > other`."""

    def greater_(self, other: Tensor | Number) -> Self:
        """Whether `input > other`."""

    def greater_equal(self, other: Tensor | Number) -> Tensor:
        """Whether `input >= other`."""

    def greater_equal_(self, other: Tensor | Number) -> Self:
        """Whether `input >= other`."""

    def gt(self, other: Tensor | Number) -> Tensor:
        """Whether `input > other`."""

    def gt_(self, other: Tensor | Number) -> Self:
        """Whether `input > other`."""

    def half(self, memory_format: memory_format | None = None) -> Tensor:
        """The tensor as torch.float16; itself where it is that already."""

    def hardshrink(self, lambd: _float = 0.5) -> Tensor:
        """x, and 0 where |x| <= `lambd`."""

    def hash_tensor(self, dim: _int | Sequence[_int] | None = None, keepdim: _bool = False, mode: _int = 0) -> Tensor:
        """The exclusive or, over `dim`, of the elements' bits (as float64 or int64), uint64. The only mode is 0."""

    def heaviside(self, values: Tensor | Number) -> Tensor:
        """0 below zero, 1 above, `values` at zero."""

    def heaviside_(self, values: Tensor | Number) -> Self:
        """0 below zero, 1 above, `values` at zero."""

    def histc(self, bins: _int = 100, min: _float = 0, max: _float = 0) -> Tensor:
        """How many elements fall into each of `bins` equal parts of [min, max]; of their own range where both are equal."""

    def histogram(
        self, bins: Any, *, range: Sequence[_float] | None = None, weight: Tensor | None = None, density: _bool = False
    ) -> Any:
        """`(hist, bin_edges)`: how many elements fall between the edges, `bins` (a vector) or `bins` intervals of equal
        size.
        """

    def hsplit(self, *given: Any, **keyword: Any) -> tuple[Tensor, ...]:
        """Views of equal parts along one dimension, or of the parts between the given indices."""

    def hypot(self, other: Tensor | Number) -> Tensor:
        """`sqrt(input ** 2 + other ** 2)`, without overflow."""

    def hypot_(self, other: Tensor | Number) -> Self:
        """`sqrt(input ** 2 + other ** 2)`, without overflow."""

    def i0(self) -> Tensor:
        """The modified Bessel function of the first kind, order 0."""

    def i0_(self) -> Self:
        """The modified Bessel function of the first kind, order 0."""

    def igamma(self, other: Tensor | Number) -> Tensor:
        """The regularized lower incomplete gamma function P(input, other)."""

    def igamma_(self, other: Tensor | Number) -> Self:
        """The regularized lower incomplete gamma function P(input, other)."""

    def igammac(self, other: Tensor | Number) -> Tensor:
        """The regularized upper incomplete gamma function Q(input, other)."""

    def igammac_(self, other: Tensor | Number) -> Self:
        """The regularized upper incomplete gamma function Q(input, other)."""

    @property
    def imag(self) -> Tensor:
        """The imaginary part, a view."""
    @imag.setter
    def imag(self, value: Tensor) -> None: ...
    def index_add(self, dim: _int, index: Tensor, source: Tensor, alpha: Tensor | Number = 1) -> Tensor:
        """`input` with `alpha` times the slices of `source` added at the slices that `index` names along `dim`."""

    def index_add_(self, dim: _int, index: Tensor, source: Tensor, alpha: Tensor | Number = 1) -> Self:
        """`input` with `alpha` times the slices of `source` added at the slices that `index` names along `dim`."""

    def index_copy(self, dim: _int, index: Tensor, source: Tensor) -> Tensor:
        """`input` with the slices of `source` written over those that `index` names along `dim`."""

    def index_copy_(self, dim: _int, index: Tensor, source: Tensor) -> Self:
        """`input` with the slices of `source` written over those that `index` names along `dim`."""

    def index_fill(self, dim: _int, index: Tensor, value: Any) -> Tensor:
        """`input` with the slices that `index` names along `dim` filled with a number."""

    def index_fill_(self, dim: _int, index: Tensor, value: Any) -> Self:
        """`input` with the slices that `index` names along `dim` filled with a number."""

    def index_put(self, indices: Any, values: Tensor, accumulate: _bool = False) -> Tensor:
        """`input` with `values` put (or added) at the index tensors, one per leading dimension (None: all of it)."""

    def index_put_(self, indices: Any, values: Tensor, accumulate: _bool = False) -> Self:
        """Put (or add) `values` at the index tensors, one per leading dimension (None: all of it), in place."""

    def index_reduce(self, dim: _int, index: Tensor, source: Tensor, reduce: str, include_self: _bool = True) -> Tensor:
        """`input` with the slices of `source` reduced into it by "prod", "mean", "amax" or "amin" along `dim`."""

    def index_reduce_(self, dim: _int, index: Tensor, source: Tensor, reduce: str, include_self: _bool = True) -> Self:
        """`input` with the slices of `source` reduced into it by "prod", "mean", "amax" or "amin" along `dim`."""

    def index_select(self, dim: _int, index: Tensor) -> Tensor:
        """The slices of `input` along `dim` that the vector `index` names."""

    def indices(self) -> Any: ...
    def inner(self, other: Tensor) -> Tensor:
        """The sum of products over the last dimension of both; the others stay. A zero-dim tensor multiplies."""

    def int(self, memory_format: memory_format | None = None) -> Tensor:
        """The tensor as torch.int32; itself where it is that already."""

    def int_repr(self) -> Tensor:
        """The integers of a quantized tensor."""

    def inverse(self) -> Tensor:
        """As `linalg.inv`."""

    def is_coalesced(self) -> _bool: ...
    def is_complex(self) -> _bool:
        """Whether the dtype is complex."""

    def is_conj(self) -> _bool:
        """Whether this is a view of the conjugate of what is stored."""

    def is_contiguous(self, memory_format: memory_format | None = None) -> _bool:
        """Whether the strides are row-major without gaps, or in the order of `memory_format`."""

    @property
    def is_cpu(self) -> _bool:
        """Whether the tensor is on the CPU."""

    @property
    def is_cuda(self) -> _bool:
        """Whether the tensor is on a GPU."""

    def is_distributed(self) -> _bool: ...
    def is_floating_point(self) -> _bool:
        """Whether the dtype is a floating one."""

    def is_inference(self) -> _bool:
        """False: tensors made in inference mode are ordinary ones here."""

    @property
    def is_ipu(self) -> _bool: ...
    @property
    def is_leaf(self) -> _bool:
        """Whether no recorded operation made the tensor."""

    @property
    def is_maia(self) -> _bool: ...
    @property
    def is_meta(self) -> _bool:
        """Whether the tensor has a shape and a dtype only."""

    @property
    def is_mkldnn(self) -> _bool: ...
    @property
    def is_mps(self) -> _bool: ...
    @property
    def is_mtia(self) -> _bool: ...
    def is_neg(self) -> _bool:
        """Whether this is a view of the negative of what is stored."""

    @property
    def is_nested(self) -> _bool: ...
    def is_nonzero(self) -> _bool:
        """Whether the only element is not zero. Raises RuntimeError where there are more, or none."""

    def is_pinned(self, device: device | str | _int | None = None) -> _bool: ...
    @property
    def is_quantized(self) -> _bool: ...
    def is_same_size(self, other: Tensor) -> _bool:
        """Whether both have the same shape."""

    def is_set_to(self, other: Tensor) -> _bool:
        """Whether both are the same elements of the same storage."""

    def is_shared(self) -> _bool: ...
    def is_signed(self) -> _bool:
        """Whether the dtype has negative numbers."""

    @property
    def is_sparse(self) -> _bool: ...
    @property
    def is_sparse_csr(self) -> _bool: ...
    @property
    def is_vulkan(self) -> _bool: ...
    @property
    def is_xla(self) -> _bool: ...
    @property
    def is_xpu(self) -> _bool: ...
    def isclose(self, other: Tensor, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> Tensor:
        """Whether `|input - other| <= atol + rtol * |other|`; infinities are close to themselves only."""

    def isfinite(self) -> Tensor:
        """Whether an element is neither infinite nor nan."""

    def isin(self, test_elements: Tensor | Number, assume_unique: _bool = False, invert: _bool = False) -> Tensor:
        """Whether each element stands anywhere in `test_elements`. Shape of `elements`."""

    def isinf(self) -> Tensor:
        """Whether an element is inf or -inf."""

    def isnan(self) -> Tensor:
        """Whether an element is nan."""

    def isneginf(self) -> Tensor:
        """Whether an element is -inf."""

    def isposinf(self) -> Tensor:
        """Whether an element is inf."""

    def isreal(self) -> Tensor:
        """Whether an element's imaginary part is 0."""

    def istft(
        self,
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
        """

    def item(self) -> Any:
        """The one element as a Python number. Raises RuntimeError where there are more, or none."""

    @property
    def itemsize(self) -> _int:
        """The size of an element in bytes."""

    def kron(self, other: Tensor) -> Tensor:
        """The Kronecker product."""

    def kthvalue(self, k: _int, dim: _int = -1, keepdim: _bool = False) -> return_types.kthvalue:
        """The k-th smallest element along `dim` (k counts from 1) and where it stands."""

    @property
    def layout(self) -> Any: ...
    def lcm(self, other: Tensor | Number) -> Tensor:
        """The least common multiple."""

    def lcm_(self, other: Tensor | Number) -> Self:
        """The least common multiple."""

    def ldexp(self, other: Tensor | Number) -> Tensor:
        """`input * 2 ** other`."""

    def ldexp_(self, other: Tensor | Number) -> Self:
        """`input * 2 ** other`."""

    def le(self, other: Tensor | Number) -> Tensor:
        """Whether `input <= other`."""

    def le_(self, other: Tensor | Number) -> Self:
        """Whether `input <= other`."""

    def lerp(self, end: Tensor | Number, weight: Tensor | Number) -> Tensor:
        """`input + weight * (end - input)`, exact at both ends."""

    def lerp_(self, end: Tensor | Number, weight: Tensor | Number) -> Self:
        """`input + weight * (end - input)`, exact at both ends."""

    def less(self, other: Tensor | Number) -> Tensor:
        """Whether `input < other`."""

    def less_(self, other: Tensor | Number) -> Self:
        """Whether `input < other`."""

    def less_equal(self, other: Tensor | Number) -> Tensor:
        """Whether `input <= other`."""

    def less_equal_(self, other: Tensor | Number) -> Self:
        """Whether `input <= other`."""

    def lgamma(self) -> Tensor:
        """The logarithm of the size of the gamma function."""

    def lgamma_(self) -> Self:
        """The logarithm of the size of the gamma function."""

    def log(self) -> Tensor:
        """The natural logarithm; -inf at 0, nan below."""

    def log10(self) -> Tensor:
        """The logarithm to base 10; -inf at 0, nan below."""

    def log10_(self) -> Self:
        """The logarithm to base 10; -inf at 0, nan below."""

    def log1p(self) -> Tensor:
        """`log(1 + input)`, exact near 0."""

    def log1p_(self) -> Self:
        """`log(1 + input)`, exact near 0."""

    def log2(self) -> Tensor:
        """The logarithm to base 2; -inf at 0, nan below."""

    def log2_(self) -> Self:
        """The logarithm to base 2; -inf at 0, nan below."""

    def log_(self) -> Self:
        """The natural logarithm; -inf at 0, nan below."""

    def log_normal_(self, *args: Any, generator: Generator | None = None, **keywords: Any) -> Self:
        """Overwrite every element with a number of the log-normal distribution."""

    def log_softmax(self, dim: _int, dtype: dtype | None = None) -> Tensor:
        """log(softmax(x)), computed without the quotient."""

    def logaddexp(self, other: Tensor | Number) -> Tensor:
        """`log(exp(input) + exp(other))`, without overflow."""

    def logaddexp2(self, other: Tensor | Number) -> Tensor:
        """`log2(2 ** input + 2 ** other)`, without overflow."""

    def logcumsumexp(self, dim: _int) -> Tensor:
        """The logarithm of the running sum of exponentials along `dim`."""

    def logdet(self) -> Tensor:
        """The logarithm of the determinant; nan where that is negative."""

    def logical_and(self, other: Tensor) -> Tensor:
        """Whether both elements are not 0."""

    def logical_and_(self, other: Tensor) -> Self:
        """Whether both elements are not 0."""

    def logical_not(self) -> Tensor:
        """Whether an element is 0."""

    def logical_not_(self) -> Self:
        """Whether an element is 0."""

    def logical_or(self, other: Tensor) -> Tensor:
        """Whether one of the elements is not 0."""

    def logical_or_(self, other: Tensor) -> Self:
        """Whether one of the elements is not 0."""

    def logical_xor(self, other: Tensor) -> Tensor:
        """Whether exactly one of the elements is not 0."""

    def logical_xor_(self, other: Tensor) -> Self:
        """Whether exactly one of the elements is not 0."""

    def logit(self, eps: _float | None = None) -> Tensor:
        """`log(x / (1 - x))`; with `eps`, x is first clamped to [eps, 1 - eps] (no gradient outside)."""

    def logit_(self, eps: _float | None = None) -> Self:
        """`log(x / (1 - x))`; with `eps`, x is first clamped to [eps, 1 - eps] (no gradient outside)."""

    def logsumexp(self, dim: _int | Sequence[_int] | None, keepdim: _bool = False) -> Tensor:
        """`log(sum(exp(input)))` over `dim`, without overflow."""

    def long(self, memory_format: memory_format | None = None) -> Tensor:
        """The tensor as torch.int64; itself where it is that already."""

    def lstsq(self, **kwargs: Any) -> Any:
        """Raises RuntimeError: torch removed it in favour of `torch.linalg`'s (lstsq)."""

    def lt(self, other: Tensor | Number) -> Tensor:
        """Whether `input < other`."""

    def lt_(self, other: Tensor | Number) -> Self:
        """Whether `input < other`."""

    def lu(self, pivot: _bool = True, get_infos: _bool = False) -> Any:
        """`(LU, pivots)`, and `info` where `get_infos`: the older form of `linalg.lu_factor_ex`."""

    def lu_solve(self, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
        """`X` with `A X = input`, from A's LU decomposition."""

    @property
    def mH(self) -> Tensor:
        """The conjugate transpose of each matrix, a view."""

    @property
    def mT(self) -> Tensor:
        """The transpose of each matrix, a view."""

    def map2_(self, x: Tensor, y: Tensor, callable: Callable) -> Self:
        """Each element replaced by `callable(element, element of x, element of y)`."""

    def map_(self, tensor: Tensor, callable: Callable) -> Self:
        """Each element replaced by `callable(element, element of tensor)`."""

    def masked_fill(self, mask: Tensor, value: Any) -> Tensor:
        """`input` with a number where `mask` is true. Raises RuntimeError for a number that the dtype cannot hold."""

    def masked_fill_(self, mask: Tensor, value: Any) -> Self:
        """`input` with a number where `mask` is true. Raises RuntimeError for a number that the dtype cannot hold."""

    def masked_scatter(self, mask: Tensor, source: Tensor) -> Tensor:
        """`input` with the elements of `source`, in order, where `mask` is true."""

    def masked_scatter_(self, mask: Tensor, source: Tensor) -> Self:
        """`input` with the elements of `source`, in order, where `mask` is true."""

    def masked_select(self, mask: Tensor) -> Tensor:
        """The elements where the mask is true, as a vector; both broadcast. Waits for the mask."""

    def matmul(self, other: Tensor) -> Tensor:
        """The matrix product; batch dimensions broadcast, a vector is a row on the left and a column on the right."""

    def matrix_exp(self) -> Tensor:
        """The matrix exponential of square matrices."""

    def matrix_power(self, n: _int) -> Tensor:
        """The n-th power of square matrices; of the inverse for a negative n. Raises LinAlgError where that does not exist."""

    def max(self, dim: Any = None, keepdim: _bool = False, *, other: Any = None) -> Any:
        """The maximum of all elements, `(values, indices)` along `dim`, or of two tensors element by element."""

    def maximum(self, other: Tensor | Number) -> Tensor:
        """The larger of two elements; nan where one is nan."""

    def mean(self, dim: _int | Sequence[_int] | None = None, keepdim: _bool = False, dtype: dtype | None = None) -> Tensor:
        """The mean over `dim` (all of them by default). Raises RuntimeError for integers unless `dtype` says a float."""

    def median(self, dim: _int | None = None, keepdim: _bool = False) -> Any:
        """The (lower) median of all elements, or `(values, indices)` along `dim`."""

    def min(self, dim: Any = None, keepdim: _bool = False, *, other: Any = None) -> Any:
        """The minimum of all elements, `(values, indices)` along `dim`, or of two tensors element by element."""

    def minimum(self, other: Tensor | Number) -> Tensor:
        """The smaller of two elements; nan where one is nan."""

    def mm(self, mat2: Tensor) -> Tensor:
        """The product of two matrices `(n, k) x (k, m) -> (n, m)`; nothing broadcasts."""

    def mode(self, dim: _int = -1, keepdim: _bool = False) -> return_types.mode:
        """The most frequent element along `dim`, of equally frequent ones the smallest, and where it stands last."""

    def module_load(self, other: Tensor, assign: _bool = False) -> Tensor:
        """What `Module.load_state_dict` puts in this tensor's place: itself overwritten, or (`assign`) the other."""

    def moveaxis(self, source: Any, destination: Any) -> Tensor:
        """Dimensions moved to new places, the others in their order."""

    def movedim(self, source: Any, destination: Any) -> Tensor:
        """Dimensions moved to new places, the others in their order."""

    def msort(self) -> Tensor:
        """Sorted along the first dimension."""

    def mul(self, other: Tensor | Number) -> Tensor:
        """`input * other`."""

    def mul_(self, other: Tensor | Number) -> Self:
        """`input * other`."""

    def multinomial(self, num_samples: _int, replacement: _bool = False, *, generator: Generator | None = None) -> Tensor:
        """Indices drawn in proportion to the weights in the last dimension."""

    def multiply(self, other: Tensor | Number) -> Tensor:
        """`input * other`."""

    def multiply_(self, other: Tensor | Number) -> Self:
        """`input * other`."""

    def mutable_data_ptr(self) -> _int:
        """The address of the first element: of a copy on the host, made when asked for (see `address.address`)."""

    def mv(self, vec: Tensor) -> Tensor:
        """The product of a matrix and a vector: `(n, k) x (k) -> (n)`."""

    def mvlgamma(self, p: _float) -> Tensor:
        """The logarithm of the multivariate gamma function of dimension `p`. Raises RuntimeError for p < 1."""

    def mvlgamma_(self, p: _float) -> Self:
        """The logarithm of the multivariate gamma function of dimension `p`. Raises RuntimeError for p < 1."""

    @property
    def name(self) -> Any: ...
    @property
    def names(self) -> Any: ...
    def nan_to_num(self, nan: _float | None = None, posinf: _float | None = None, neginf: _float | None = None) -> Tensor:
        """nan and the infinities replaced; None stands for 0, the dtype's largest and its smallest number."""

    def nan_to_num_(self, nan: _float | None = None, posinf: _float | None = None, neginf: _float | None = None) -> Self:
        """nan and the infinities replaced; None stands for 0, the dtype's largest and its smallest number."""

    def nanmean(self, dim: _int | Sequence[_int] | None = None, keepdim: _bool = False, dtype: dtype | None = None) -> Tensor:
        """The mean over `dim` of what is not nan."""

    def nanmedian(self, dim: _int | None = None, keepdim: _bool = False) -> Any:
        """The (lower) median of all elements, or `(values, indices)` along `dim`."""

    def nanquantile(self, q: Any, dim: _int | None = None, keepdim: _bool = False, *, interpolation: str = "linear") -> Tensor:
        """As `quantile`, of what is not nan."""

    def nansum(self, dim: _int | Sequence[_int] | None = None, keepdim: _bool = False, dtype: dtype | None = None) -> Tensor:
        """The sum over `dim` that takes nan as 0."""

    def narrow(self, dim: _int, start: Any, length: _int) -> Tensor:
        """`length` indices of `dim` from `start` on."""

    def narrow_copy(self, dim: _int, start: Any, length: _int) -> Tensor:
        """As `narrow`, with elements of its own instead of a view."""

    @property
    def nbytes(self) -> _int:
        """The size of all elements in bytes."""

    def ndimension(self) -> _int:
        """The number of dimensions."""

    def ne(self, other: Tensor | Number) -> Tensor:
        """Whether `input != other`."""

    def ne_(self, other: Tensor | Number) -> Self:
        """Whether `input != other`."""

    def neg(self) -> Tensor:
        """`-input`. Raises RuntimeError for bool tensors."""

    def neg_(self) -> Self:
        """`-input`. Raises RuntimeError for bool tensors."""

    def negative(self) -> Tensor:
        """`-input`. Raises RuntimeError for bool tensors."""

    def negative_(self) -> Self:
        """`-input`. Raises RuntimeError for bool tensors."""

    def nelement(self) -> _int:
        """The number of elements."""

    def new(self, *args: Any, **keywords: Any) -> Tensor:
        """A tensor in this one's dtype and place, from sizes, data or a tensor of the dtype, made the old way."""

    def new_empty(self, *args: Any, **k: Any) -> Tensor:
        """An uninitialized tensor with this one's dtype and device unless others are given."""

    def new_empty_strided(self, size: Any, stride: Any, **k: Any) -> Tensor: ...
    def new_full(self, size: Any, fill_value: Any, **k: Any) -> Tensor:
        """A tensor filled with one value, with this one's dtype and device unless others are given."""

    def new_ones(self, *args: Any, **k: Any) -> Tensor:
        """A tensor of ones with this one's dtype and device unless others are given."""

    def new_tensor(self, data: Any, **keywords: Any) -> Tensor:
        """A copy of `data` in the dtype and place of this tensor."""

    def new_zeros(self, *args: Any, **k: Any) -> Tensor:
        """A tensor of zeros with this one's dtype and device unless others are given."""

    def nextafter(self, other: Tensor | Number) -> Tensor:
        """The next number after `input` in the direction of `other`; the gradient goes to `input` where they differ."""

    def nextafter_(self, other: Tensor | Number) -> Self:
        """The next number after `input` in the direction of `other`; the gradient goes to `input` where they differ."""

    def nonzero(self, *, as_tuple: _bool = False) -> Any:
        """The indices of the elements that are not zero, (count, ndim) int64; one vector per dimension with `as_tuple`."""

    def nonzero_static(self, *, size: _int, fill_value: _int = -1) -> Tensor:
        """The first `size` rows of `nonzero(input)`, those that are missing filled: (size, ndim). Waits for nothing."""

    def norm(self, p: Any = "fro", dim: Any = None, keepdim: Any = False, dtype: dtype | None = None) -> Tensor:
        """The p-norm of the elements over `dim` ("fro" is 2, "nuc" the sum of the singular values of a matrix)."""

    def normal_(self, *args: Any, generator: Generator | None = None, **keywords: Any) -> Self:
        """Overwrite every element with a number of the normal distribution."""

    def not_equal(self, other: Tensor | Number) -> Tensor:
        """Whether `input != other`."""

    def not_equal_(self, other: Tensor | Number) -> Self:
        """Whether `input != other`."""

    def numel(self) -> _int:
        """The number of elements."""

    def numpy(self, *, force: _bool = False) -> ndarray:
        """The elements as a numpy array that shares them with the tensor, as `from_numpy` does."""

    def orgqr(self, input2: Tensor) -> Tensor:
        """As `linalg.householder_product`."""

    def ormqr(self, tau: Tensor, other: Tensor, left: _bool = True, transpose: _bool = False) -> Tensor:
        """`Q other` (`other Q` unless `left`, Q^H in Q's place where `transpose`), Q given by Householder reflections."""

    def outer(self, vec2: Tensor) -> Tensor:
        """The product of every pair: `(n) x (m) -> (n, m)`."""

    @property
    def output_nr(self) -> _int: ...
    def permute(self, *dims: Any) -> Tensor:
        """Dimensions in another order."""

    def pin_memory(self, device: device | str | _int | None = None) -> Any: ...
    def pinverse(self, rcond: _float = 1e-15) -> Tensor:
        """As `linalg.pinv` with `rtol=rcond`."""

    def polygamma(self, n: _int) -> Tensor:
        """The n-th derivative of the digamma function."""

    def polygamma_(self, n: _int) -> Self:
        """The n-th derivative of the digamma function. Raises RuntimeError for n < 0."""

    def positive(self) -> Tensor:
        """The tensor itself. Raises RuntimeError for bool tensors."""

    def pow(self, exponent: Any) -> Tensor:
        """`input ** exponent`. Raises RuntimeError for a tensor of whole numbers and a negative whole exponent."""

    def pow_(self, exponent: Any) -> Self:
        """`input ** exponent`. Raises RuntimeError for a tensor of whole numbers and a negative whole exponent."""

    def prelu(self, weight: Tensor) -> Tensor:
        """max(0, x) + weight * min(0, x), one weight in all or one per channel (dimension 1)."""

    def prod(self, dim: _int | None = None, keepdim: _bool = False, dtype: dtype | None = None) -> Tensor:
        """The product over `dim` (all of them by default); zeros keep exact gradients."""

    def put(self, index: Tensor, source: Tensor, accumulate: _bool = False) -> Tensor:
        """`input` with `source` written (or added) at the positions `index` of the flattened tensor."""

    def put_(self, index: Tensor, source: Tensor, accumulate: _bool = False) -> Self:
        """`input` with `source` written (or added) at the positions `index` of the flattened tensor."""

    def q_per_channel_axis(self) -> Any:
        """The dimension that the channels are."""

    def q_per_channel_scales(self) -> Any:
        """The channels' scales `(C,)`. Raises RuntimeError where there is one for all."""

    def q_per_channel_zero_points(self) -> Any:
        """The channels' zero points `(C,)`."""

    def q_scale(self) -> Any:
        """The scale. Raises RuntimeError where each channel has its own."""

    def q_zero_point(self) -> Any:
        """The integer of the real 0. Raises RuntimeError where each channel has its own."""

    def qr(self, some: _bool = True) -> Any:
        """As `linalg.qr`, complete unless `some`."""

    def qscheme(self) -> Any: ...
    def quantile(self, q: Any, dim: _int | None = None, keepdim: _bool = False, *, interpolation: str = "linear") -> Tensor:
        """The quantiles `q` in [0, 1] (a vector adds a first dimension). Raises RuntimeError for a number outside."""

    def rad2deg(self) -> Tensor:
        """Radians to degrees."""

    def rad2deg_(self) -> Self:
        """Radians to degrees."""

    def random_(self, low: Any = 0, high: Any = None, *, generator: Generator | None = None, **kwargs: Any) -> Self:
        """Overwrite with integers in [low, high); without bounds all that the dtype holds exactly."""

    def ravel(self) -> Tensor:
        """All elements in one dimension: a view where the tensor is contiguous."""

    @property
    def real(self) -> Tensor:
        """The real part, a view; a real tensor itself."""
    @real.setter
    def real(self, value: Tensor) -> None: ...
    def reciprocal(self) -> Tensor:
        """`1 / input`."""

    def reciprocal_(self) -> Self:
        """`1 / input`."""

    def record_stream(self, stream: Any) -> None:
        """Nothing: XLA knows who still uses a buffer."""

    def register_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(grad)` when the gradient of `tensor` is known; what it returns replaces the gradient."""

    def register_post_accumulate_grad_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(param)` after a gradient was accumulated into the leaf's `.grad`."""

    def reinforce(self, reward: Any) -> None:
        """Removed from torch."""

    def relu(self) -> Tensor:
        """max(0, x); the gradient at 0 is 0."""

    def relu_(self) -> Self:
        """max(0, x); the gradient at 0 is 0."""

    def remainder(self, other: Tensor | Number) -> Tensor:
        """What is left of `input` modulo `other`, with the sign of `other` (Python's `%`)."""

    def remainder_(self, other: Tensor | Number) -> Self:
        """What is left of `input` modulo `other`, with the sign of `other` (Python's `%`)."""

    def renorm(self, p: _float, dim: _int, maxnorm: _float) -> Tensor:
        """Each slice along `dim` scaled down to `maxnorm` where its p-norm is above that."""

    def renorm_(self, p: _float, dim: _int, maxnorm: _float) -> Self:
        """`renorm` in place."""

    def repeat(self, *repeats: Any) -> Tensor:
        """The whole tensor `repeats[i]` times along dimension i."""

    def repeat_interleave(self, repeats: Any = None, dim: _int | None = None, *, output_size: _int | None = None) -> Tensor:
        """Each element `repeats` times in a row (a number, or a tensor with one per element) along `dim`."""

    @property
    def requires_grad(self) -> _bool:
        """Whether operations on this tensor are recorded for `backward`."""
    @requires_grad.setter
    def requires_grad(self, value: _bool) -> None: ...
    def requires_grad_(self, requires_grad: _bool = True) -> Self:
        """Set whether operations on this leaf are recorded for gradients; returns itself."""

    def reshape(self, *shape: Any) -> Tensor:
        """The same elements in another shape: a view where the strides allow it, else a copy."""

    def reshape_as(self, other: Tensor) -> Tensor:
        """`reshape` to the shape of `other`."""

    def resize(self, *sizes: Any) -> Tensor:
        """The same elements in another shape (deprecated in torch: `reshape`). Raises RuntimeError for another number of
        them.
        """

    def resize_(self, *size: Any, memory_format: memory_format | None = None) -> Self:
        """Another shape, in place: the elements stay in the order of memory; what comes new is not initialised (here:
        zeros).
        """

    def resize_as(self, tensor: Tensor) -> Tensor:
        """The same elements in another tensor's shape (deprecated in torch: `reshape_as`)."""

    def resize_as_(self, the_template: Tensor, *, memory_format: memory_format | None = None) -> Self:
        """The shape of another tensor, in place; see `resize_`."""

    def resolve_conj(self) -> Tensor:
        """The tensor itself, or a copy where it is a view of another's conjugate."""

    def resolve_neg(self) -> Tensor:
        """The tensor itself, or a copy where it is a view of another's negative."""

    def retain_grad(self) -> None:
        """Keep the gradient of a tensor that is not a leaf in its `.grad`."""

    @property
    def retains_grad(self) -> _bool: ...
    def roll(self, shifts: _int | Sequence[_int], dims: _int | Sequence[_int] | None = None) -> Tensor:
        """Moved by `shifts` along `dims`, what falls out coming in again; the flattened tensor where `dims` is not given."""

    def rot90(self, k: _int = 1, dims: Any = (0, 1)) -> Tensor:
        """Turned by `k` quarters in the plane of two dimensions, from the first towards the second."""

    def round(self, decimals: _int = 0) -> Tensor:
        """Rounded to `decimals` places, halves to even."""

    def round_(self, decimals: _int = 0) -> Self:
        """Rounded to `decimals` places, halves to even."""

    def row_indices(self) -> Any: ...
    def rsqrt(self) -> Tensor:
        """`1 / sqrt(input)`."""

    def rsqrt_(self) -> Self:
        """`1 / sqrt(input)`."""

    def rsub(self, other: Tensor | Number, alpha: Tensor | Number = 1) -> Tensor:
        """`other - alpha * input`."""

    def scatter(self, dim: _int, index: Tensor, src: Any = None, value: Any = None, *, reduce: Any = None) -> Tensor:
        """`input` with `src` (a tensor or a number) written, added or multiplied at `index` along `dim`."""

    def scatter_(self, dim: _int, index: Tensor, src: Any = None, value: Any = None, *, reduce: Any = None) -> Self:
        """`input` with `src` (a tensor or a number) written, added or multiplied at `index` along `dim`."""

    def scatter_add(self, dim: _int, index: Tensor, src: Tensor) -> Tensor:
        """`input` with the elements of `src` added at `index` along `dim`."""

    def scatter_add_(self, dim: _int, index: Tensor, src: Tensor) -> Self:
        """`input` with the elements of `src` added at `index` along `dim`."""

    def scatter_reduce(self, dim: _int, index: Tensor, src: Tensor, reduce: str, include_self: _bool = True) -> Tensor:
        """`input` with `src` reduced into it at `index` along `dim` by "sum", "prod", "mean", "amax" or "amin"."""

    def scatter_reduce_(self, dim: _int, index: Tensor, src: Tensor, reduce: str, include_self: _bool = True) -> Self:
        """`input` with `src` reduced into it at `index` along `dim` by "sum", "prod", "mean", "amax" or "amin"."""

    def select(self, dim: _int, index: _int) -> Tensor:
        """One index of a dimension, which goes."""

    def select_scatter(self, src: Tensor, dim: _int, index: _int) -> Tensor:
        """`input` with `src` in place of `input.select(dim, index)`. Raises IndexError for an index out of range."""

    def set_(self, source: Any = None, storage_offset: _int = 0, size: Any = None, stride: Any = None) -> Self:
        """Look at the storage of `source` (a tensor or a storage) from now on; without arguments at an empty one."""

    def sgn(self) -> Tensor:
        """`input / abs(input)`, 0 at 0: the sign, also of complex numbers."""

    def sgn_(self) -> Self:
        """`input / abs(input)`, 0 at 0: the sign, also of complex numbers."""

    def share_memory_(self) -> Self: ...
    def short(self, memory_format: memory_format | None = None) -> Tensor:
        """The tensor as torch.int16; itself where it is that already."""

    def sigmoid(self) -> Tensor:
        """`1 / (1 + exp(-input))`, between 0 and 1."""

    def sigmoid_(self) -> Self:
        """`1 / (1 + exp(-input))`, between 0 and 1."""

    def sign(self) -> Tensor:
        """-1, 0 or 1; nan gives 0 as in torch (JAX gives nan)."""

    def sign_(self) -> Self:
        """-1, 0 or 1; nan gives 0 as in torch (JAX gives nan)."""

    def signbit(self) -> Tensor:
        """Whether the sign bit is set (so -0.0 too)."""

    def sin(self) -> Tensor:
        """The sine of an angle in radians."""

    def sin_(self) -> Self:
        """The sine of an angle in radians."""

    def sinc(self) -> Tensor:
        """`sin(pi * input) / (pi * input)`, 1 at 0."""

    def sinc_(self) -> Self:
        """`sin(pi * input) / (pi * input)`, 1 at 0."""

    def sinh(self) -> Tensor:
        """The hyperbolic sine."""

    def sinh_(self) -> Self:
        """The hyperbolic sine."""

    def size(self, dim: _int | None = None) -> Any:
        """The shape, or one of its sizes."""

    def slice_inverse(self, src: Tensor, dim: _int = 0, start: Any = None, end: Any = None, step: _int = 1) -> Tensor:
        """The storage of a slice in the sizes and strides of `src`, of which it is the slice."""

    def slice_scatter(
        self, src: Tensor, dim: _int = 0, start: _int | None = None, end: _int | None = None, step: _int = 1
    ) -> Tensor:
        """`input` with `src` in place of `input[start:end:step]` along `dim`."""

    def slogdet(self) -> Any:
        """The sign and the logarithm of the size of the determinant."""

    def softmax(self, dim: _int, dtype: dtype | None = None) -> Tensor:
        """exp(x) / sum(exp(x)) along `dim`; `dtype` is cast to first."""

    def solve(self, **kwargs: Any) -> Any:
        """Raises RuntimeError: torch removed it in favour of `torch.linalg`'s (solve)."""

    def sort(self, dim: _int = -1, descending: _bool = False, stable: _bool = False) -> return_types.sort:
        """The elements in order along `dim` and where they stood (always stable)."""

    def sparse_dim(self) -> Any: ...
    def sparse_mask(self, mask: SparseTensor) -> SparseTensor:
        """The elements of a dense tensor at the places of a sparse one."""

    def split(self, split_size_or_sections: Any, dim: _int = 0) -> tuple[Tensor, ...]:
        """Views of consecutive parts: of one size (the last may be smaller) or of the sizes given."""

    def split_with_sizes(self, split_sizes: Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]:
        """Views of consecutive parts of the sizes given."""

    def sqrt(self) -> Tensor:
        """The square root; nan below 0."""

    def sqrt_(self) -> Self:
        """The square root; nan below 0."""

    def square(self) -> Tensor:
        """`input * input` (int64 for bool)."""

    def square_(self) -> Self:
        """`input * input` (int64 for bool)."""

    def squeeze(self, dim: Any = None) -> Tensor:
        """Without its size-1 dimensions, or without those of `dim` that are."""

    def squeeze_(self, dim: Any = None) -> Self:
        """`squeeze` in place: this tensor becomes that view of itself."""

    def std(self, dim: Any = None, unbiased: Any = None, keepdim: _bool = False, *, correction: Any = None) -> Any:
        """The standard deviation over `dim`, divided by `N - correction`."""

    def stft(
        self,
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
        """Short-time Fourier transforms of windowed frames: (B?, L) to (B?, frequencies, T)."""

    def storage(self) -> TypedStorage:
        """The elements that this tensor and its aliases share (torch prefers `untyped_storage`)."""

    def storage_type(self) -> _type:
        """The old class of this tensor's storage."""

    def sub(self, other: Tensor | Number, alpha: Tensor | Number = 1) -> Tensor:
        """`input - alpha * other`. Raises RuntimeError for bool tensors."""

    def sub_(self, other: Tensor | Number, alpha: Tensor | Number = 1) -> Self:
        """`input - alpha * other`. Raises RuntimeError for bool tensors."""

    def subtract(self, other: Tensor | Number, alpha: Tensor | Number = 1) -> Tensor:
        """`input - alpha * other`. Raises RuntimeError for bool tensors."""

    def subtract_(self, other: Tensor | Number, alpha: Tensor | Number = 1) -> Self:
        """`input - alpha * other`. Raises RuntimeError for bool tensors."""

    def sum(self, dim: _int | Sequence[_int] | None = None, keepdim: _bool = False, dtype: dtype | None = None) -> Tensor:
        """The sum over `dim` (all of them by default). Integers and bools sum to int64."""

    def sum_to_size(self, *size: Any) -> Tensor:
        """The sum over the dimensions along which a tensor of shape `size` would broadcast to this one."""

    def svd(self, some: _bool = True, compute_uv: _bool = True) -> Any:
        """`input = U diag(S) V^H`; all columns of U and V unless `some`, and zeros in their place unless `compute_uv`."""

    def swapaxes(self, dim0: _int, dim1: _int) -> Tensor:
        """Two dimensions swapped."""

    def swapaxes_(self, dim0: _int, dim1: _int) -> Self:
        """`transpose` in place: this tensor becomes that view of itself."""

    def swapdims(self, dim0: _int, dim1: _int) -> Tensor:
        """Two dimensions swapped."""

    def swapdims_(self, dim0: _int, dim1: _int) -> Self:
        """`transpose` in place: this tensor becomes that view of itself."""

    def symeig(self, **kwargs: Any) -> Any:
        """Raises RuntimeError: torch removed it in favour of `torch.linalg`'s (symeig)."""

    def t(self) -> Tensor:
        """A matrix transposed; a vector or a number as it is."""

    def t_(self) -> Self:
        """`t` in place: this tensor becomes that view of itself."""

    def take(self, index: Tensor) -> Tensor:
        """The elements of the flattened `input` at `index` (negative ones count from the end). Shape of `index`."""

    def take_along_dim(self, indices: Tensor, dim: _int | None = None) -> Tensor:
        """As `gather`, the other dimensions broadcast; of the flattened tensor where `dim` is not given. Negative ones wrap."""

    def tan(self) -> Tensor:
        """The tangent of an angle in radians."""

    def tan_(self) -> Self:
        """The tangent of an angle in radians."""

    def tanh(self) -> Tensor:
        """The hyperbolic tangent, between -1 and 1."""

    def tanh_(self) -> Self:
        """The hyperbolic tangent, between -1 and 1."""

    def tensor_split(self, indices_or_sections: Any, dim: _int = 0) -> tuple[Tensor, ...]:
        """Views of nearly equal parts (the first ones larger by one), or of the parts between the given indices."""

    def tile(self, *dims: Any, **keyword: Any) -> Tensor:
        """As `repeat`; missing leading entries of `dims` are 1."""

    def to(self, *args: Any, **kwargs: Any) -> Tensor:
        """In another dtype, on another device, or both; itself where nothing changes (unless `copy=True`)."""

    def to_dense(self, dtype: dtype | None = None, *, masked_grad: Any = None) -> Tensor:
        """The tensor itself: it is dense."""

    def to_sparse(self, sparse_dim: _int | None = None, *, layout: Any = None, **keywords: Any) -> SparseTensor:
        """The elements that are not zero, by coordinates over the first `sparse_dim` dimensions. Reads the values."""

    def to_sparse_coo(self, sparse_dim: _int | None = None, *, layout: Any = None, **keywords: Any) -> SparseTensor:
        """The elements that are not zero, by coordinates over the first `sparse_dim` dimensions. Reads the values."""

    def to_sparse_csr(self, dense_dim: Any = None) -> SparseTensor:
        """The matrix with compressed rows. Reads the values."""

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""

    def topk(self, k: _int, dim: _int = -1, largest: _bool = True, sorted: _bool = True) -> return_types.topk:
        """The `k` largest (or smallest) elements along `dim`, in order, and where they stand."""

    def trace(self) -> Tensor:
        """The sum of a matrix's diagonal. Raises RuntimeError unless `input` has two dimensions."""

    def transpose(self, dim0: _int, dim1: _int) -> Tensor:
        """Two dimensions swapped."""

    def transpose_(self, dim0: _int, dim1: _int) -> Self:
        """`transpose` in place: this tensor becomes that view of itself."""

    def triangular_solve(
        self, A: Tensor, upper: _bool = True, transpose: _bool = False, unitriangular: _bool = False
    ) -> return_types.triangular_solve:
        """`(X, A)` with `A X = input` for a triangular A (the older form of `linalg.solve_triangular`)."""

    def tril(self, diagonal: _int = 0) -> Tensor:
        """The lower triangle of each matrix, the rest 0."""

    def tril_(self, diagonal: _int = 0) -> Self:
        """The lower triangle of each matrix, the rest 0."""

    def triu(self, diagonal: _int = 0) -> Tensor:
        """The upper triangle of each matrix, the rest 0."""

    def triu_(self, diagonal: _int = 0) -> Self:
        """The upper triangle of each matrix, the rest 0."""

    def true_divide(self, other: Tensor | Number) -> Tensor:
        """`input / other`; integers become floats."""

    def true_divide_(self, other: Tensor | Number) -> Self:
        """`input / other`; integers become floats."""

    def trunc(self) -> Tensor:
        """The next integer towards 0."""

    def trunc_(self) -> Self:
        """The next integer towards 0."""

    def type(self, dtype: Any = None, non_blocking: _bool = False) -> Any:
        """The legacy type's name, or this tensor in that dtype or type. Raises ValueError for a name that is no type's."""

    def type_as(self, other: Any) -> Any:
        """The tensor in the dtype of `other`."""

    def unbind(self, dim: _int = 0) -> tuple[Tensor, ...]:
        """A view per index of a dimension."""

    def unflatten(self, dim: _int, sizes: Sequence[_int]) -> Tensor:
        """Dimension `dim` split into `sizes` (one may be -1)."""

    def unfold(self, dimension: _int, size: _int, step: _int) -> Tensor:
        """Windows of `size` every `step` along a dimension, as a new last dimension."""

    def uniform_(self, *args: Any, generator: Generator | None = None, **keywords: Any) -> Self:
        """Overwrite every element with a number of the uniform distribution."""

    def unique(
        self, sorted: _bool = True, return_inverse: _bool = False, return_counts: _bool = False, dim: _int | None = None
    ) -> Any:
        """The distinct elements in order (or the distinct slices along `dim`), the place of each input element among them,
        and
        """

    def unique_consecutive(self, return_inverse: _bool = False, return_counts: _bool = False, dim: _int | None = None) -> Any:
        """As `unique`, of each run of equal neighbours one, in the order that they stand."""

    def unsafe_chunk(self, chunks: _int, dim: _int = 0) -> tuple[Tensor, ...]:
        """At most `chunks` views of equal size (the last may be smaller)."""

    def unsafe_split(self, split_size: Any, dim: _int = 0) -> tuple[Tensor, ...]:
        """As `split`."""

    def unsafe_split_with_sizes(self, split_sizes: Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]:
        """As `split_with_sizes`."""

    def unsqueeze(self, dim: _int) -> Tensor:
        """A new size-1 dimension at `dim`."""

    def unsqueeze_(self, dim: _int) -> Self:
        """`unsqueeze` in place: this tensor becomes that view of itself."""

    def untyped_storage(self) -> UntypedStorage:
        """The bytes that this tensor and its aliases share."""

    def values(self) -> Any: ...
    def var(self, dim: Any = None, unbiased: Any = None, keepdim: _bool = False, *, correction: Any = None) -> Any:
        """The variance over `dim`, divided by `N - correction`."""

    def vdot(self, other: Tensor) -> Tensor:
        """The inner product of two vectors, the first conjugated."""

    def view(self, *shape: Any, dtype: dtype | None = None) -> Tensor:
        """The same elements in another shape, or the same bytes in another dtype."""

    def view_as(self, other: Tensor) -> Tensor:
        """`view` with the shape of `other`."""

    def view_as_complex(self) -> Tensor:
        """A real tensor (..., 2) as a complex one (...), a view."""

    def view_as_real(self) -> Tensor:
        """A complex tensor (...) as a real one (..., 2), a view."""

    @property
    def volatile(self) -> _bool: ...
    def vsplit(self, *given: Any, **keyword: Any) -> tuple[Tensor, ...]:
        """Views of equal parts along one dimension, or of the parts between the given indices."""

    def where(self, condition: Tensor, other: Any) -> Tensor:
        """`input` where the condition holds, else `other`; the condition alone gives the indices of its true elements."""

    def xlogy(self, other: Tensor | Number) -> Tensor:
        """`input * log(other)`, 0 where `input` is 0 (nan where `other` is nan)."""

    def xlogy_(self, other: Tensor | Number) -> Self:
        """`input * log(other)`, 0 where `input` is 0 (nan where `other` is nan)."""

    def zero_(self) -> Self:
        """Overwrite every element with zero."""
