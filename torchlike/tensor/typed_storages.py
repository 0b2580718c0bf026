"""Storage objects that count in elements of a dtype, the classes by torch's old names, and the methods that give storages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torchlike.base import device as devices
from torchlike.base import dtypes
from torchlike.base.dtypes import dtype as DType
from torchlike.tensor import conversion, indexing
from torchlike.tensor.storages import UntypedStorage, fresh, place_in
from torchlike.tensor.tensor import Tensor


class TypedStorage:
    """The elements of a tensor's storage in its dtype: `TypedStorage(n, dtype=...)`, or of a sequence or a storage.

    torch deprecates it in favour of `UntypedStorage`.
    """

    is_sparse = False
    dtype: DType

    def __new__(cls, *args: Any, **keywords: Any) -> TypedStorage:
        kind = cls.__dict__.get("dtype")
        if kind is None:
            return object.__new__(cls)
        if "dtype" in keywords:
            raise RuntimeError(f"{cls.__name__}(): keyword argument 'dtype' is not accepted: it is {kind}")
        made = object.__new__(TypedStorage)
        made.__init__(*args, dtype=kind, **keywords)  # type: ignore[misc]  # torch's old classes make these, too
        return made

    def __init__(self, *args: Any, wrap_storage: Any = None, dtype: Any = None, device: Any = None, _internal: bool = False):
        kind = dtypes.get_default_dtype() if dtype is None else dtype
        self.dtype = kind
        given = wrap_storage if wrap_storage is not None else args[0] if args else 0
        if isinstance(given, UntypedStorage):
            self._untyped_storage = given
        else:
            self._untyped_storage = UntypedStorage._of(fresh(given, kind, device))

    def _elements(self, kind: DType | None = None) -> Tensor:
        if kind is not None and kind is not self.dtype:
            raise RuntimeError(f"Expected a Storage of type {kind} or an UntypedStorage, but got type {self.dtype}")
        return self._untyped_storage._elements(self.dtype)

    def untyped(self) -> UntypedStorage:
        """The same storage in bytes."""
        return self._untyped_storage

    @property
    def device(self) -> devices.device:
        return self._untyped_storage.device

    @property
    def is_cuda(self) -> bool:
        return self._untyped_storage.is_cuda

    @property
    def _cdata(self) -> int:
        return self._untyped_storage._cdata

    def size(self) -> int:
        """The number of elements."""
        return self._untyped_storage.nbytes() // self.dtype.itemsize

    __len__ = size

    def nbytes(self) -> int:
        return self._untyped_storage.nbytes()

    def element_size(self) -> int:
        return self.dtype.itemsize

    def data_ptr(self) -> int:
        return self._untyped_storage.data_ptr()

    def get_device(self) -> int:
        return self._untyped_storage.get_device()

    def is_shared(self) -> bool:
        return False

    def is_pinned(self, device: Any = None) -> bool:
        return False

    def pin_memory(self, device: Any = None) -> TypedStorage:
        return self

    def share_memory_(self) -> TypedStorage:
        return self

    def resizable(self) -> bool:
        return True

    def tolist(self) -> list:
        """The elements as Python numbers."""
        return self._elements()._read().numpy().tolist()

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            raise RuntimeError("slices are only supported in UntypedStorage.__getitem__")
        return indexing.getitem(self._elements(), place_in(index, self.size())).item()

    def __setitem__(self, index: Any, value: Any) -> None:
        indexing.setitem(self._elements(), index, value)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def fill_(self, value: Any) -> TypedStorage:
        """Every element set to one number."""
        indexing.setitem(self._elements(), slice(None), value)
        return self

    def copy_(self, source: Any, non_blocking: bool | None = None) -> TypedStorage:
        """The elements of another storage, cast where its dtype is another."""
        given = source._elements() if isinstance(source, TypedStorage) else source._elements(self.dtype)
        conversion.copy_(self._elements(), given)
        return self

    def resize_(self, size: int) -> TypedStorage:
        """Another number of elements; see `UntypedStorage.resize_`."""
        self._untyped_storage.resize_(size * self.dtype.itemsize)
        return self

    def _as(self, kind: DType) -> TypedStorage:
        if kind is self.dtype:
            return self
        return TypedStorage(wrap_storage=UntypedStorage._of(conversion.to(self._elements(), kind)), dtype=kind)

    def clone(self) -> TypedStorage:
        return TypedStorage(wrap_storage=self._untyped_storage.clone(), dtype=self.dtype)

    def cpu(self) -> TypedStorage:
        return TypedStorage(wrap_storage=self._untyped_storage.cpu(), dtype=self.dtype)

    def cuda(self, device: Any = None, non_blocking: bool = False) -> TypedStorage:
        return TypedStorage(wrap_storage=self._untyped_storage.cuda(device), dtype=self.dtype)

    def to(self, *, device: Any, non_blocking: bool = False) -> TypedStorage:
        return TypedStorage(wrap_storage=self._untyped_storage.to(device=device), dtype=self.dtype)

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        """The legacy class's name, or this storage in a dtype."""
        return f"torch.{NAMES[self.dtype]}" if dtype is None else self._as(dtypes.given(dtype))

    def pickle_storage_type(self) -> str:
        return NAMES[self.dtype]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TypedStorage) and (self._cdata, self.dtype) == (other._cdata, other.dtype)

    def __hash__(self) -> int:
        return hash((self._cdata, self.dtype))

    def __copy__(self) -> TypedStorage:
        return self.clone()

    def __deepcopy__(self, memo: dict) -> TypedStorage:
        return TypedStorage(wrap_storage=self._untyped_storage.__deepcopy__(memo), dtype=self.dtype)

    def __repr__(self) -> str:
        listed = "\n".join(f" {v}" for v in self.tolist())
        return f"{listed}\n[torch.storage.TypedStorage(dtype={self.dtype}, device={self.device}) of size {self.size()}]"


class _Legacy(type):
    """The old classes are names for a dtype: every TypedStorage of it is an instance."""

    dtype: DType

    def __instancecheck__(cls, instance: Any) -> bool:
        return type(instance) is TypedStorage and instance.dtype is cls.dtype


NAMES = {
    dtypes.float32: "FloatStorage", dtypes.float64: "DoubleStorage", dtypes.float16: "HalfStorage",
    dtypes.bfloat16: "BFloat16Storage", dtypes.int64: "LongStorage", dtypes.int32: "IntStorage",
    dtypes.int16: "ShortStorage", dtypes.int8: "CharStorage", dtypes.uint8: "ByteStorage", dtypes.bool_: "BoolStorage",
    dtypes.complex64: "ComplexFloatStorage", dtypes.complex128: "ComplexDoubleStorage",
}  # fmt: skip
LEGACY = {name: _Legacy(name, (TypedStorage,), {"dtype": kind, "__module__": "torchlike"}) for kind, name in NAMES.items()}

for _method, _kind in (
    ("float", dtypes.float32), ("double", dtypes.float64), ("half", dtypes.float16), ("bfloat16", dtypes.bfloat16),
    ("long", dtypes.int64), ("int", dtypes.int32), ("short", dtypes.int16), ("char", dtypes.int8), ("byte", dtypes.uint8),
    ("bool", dtypes.bool_), ("complex_float", dtypes.complex64), ("complex_double", dtypes.complex128),
):  # fmt: skip
    setattr(TypedStorage, _method, lambda self, _kind=_kind: self._as(_kind))


def untyped_storage(self: Tensor) -> UntypedStorage:
    """The bytes that this tensor and its aliases share."""
    return UntypedStorage._of(self)


def storage(self: Tensor) -> TypedStorage:
    """The elements that this tensor and its aliases share (torch prefers `untyped_storage`)."""
    return TypedStorage(wrap_storage=UntypedStorage._of(self), dtype=self.dtype)


def storage_type(self: Tensor) -> type:
    """The old class of this tensor's storage."""
    return LEGACY[NAMES[self.dtype]]


def is_storage(obj: Any) -> bool:
    """Whether `obj` is a storage object."""
    return isinstance(obj, (UntypedStorage, TypedStorage))


METHODS: dict[str, Any] = {f.__name__: f for f in (untyped_storage, storage, storage_type)} | {"_typed_storage": storage}
FUNCTIONS: dict[str, Any] = {"is_storage": is_storage, "UntypedStorage": UntypedStorage, "TypedStorage": TypedStorage} | LEGACY
