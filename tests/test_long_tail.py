"""Names that few programs use, private ones of torch's among them: each does what torch's does."""

from __future__ import annotations

import importlib
import io
import os
import sys
import tempfile
import weakref
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.utils.file_baton
import torch.utils.model_zoo

import torchlike
import torchlike.jit._script
import torchlike.utils.file_baton
import torchlike.utils.model_zoo
from tests.agree import raised
from tests.nn.conftest import assert_same, outcome

Pair = namedtuple("Pair", "x y")


def _run_backward(t: Any) -> Any:
    x, y = t.ones(2, requires_grad=True), t.full((2,), 3.0, requires_grad=True)
    engine, out = t.autograd.Variable._execution_engine, x * y
    seen: list[str] = []
    x.register_hook(lambda grad: engine.queue_callback(lambda: seen.append("end")))
    found = engine.run_backward((out,), (t.ones(2),), True, False, (x, t.ones(2, requires_grad=True)), True)
    engine.run_backward((out.sum(),), (t.ones(()),), False, False, (), allow_unreachable=True, accumulate_grad=True)
    return found, x.grad, y.grad, seen


def _get_lr(t: Any) -> Any:
    scheduler = t.optim.lr_scheduler.StepLR(t.optim.SGD([t.ones(1, requires_grad=True)], lr=0.5), 1)
    with t.optim.lr_scheduler._enable_get_lr_call(scheduler) as on:
        inside = scheduler._get_lr_called_within_step, scheduler.get_lr()
    return inside, on.o is scheduler, scheduler._get_lr_called_within_step


def _script_method(t: Any) -> Any:
    class Scaled(t.jit.ScriptModule):
        def __init__(self) -> None:
            super().__init__()
            self.weight = t.nn.Parameter(t.ones(2))

        def forward(self, x: Any) -> Any:
            return x * self.weight

    if t is torchlike:
        Scaled.forward = t.jit.script_method(Scaled.forward)  # torch compiles its source, which is not one of torch's here
        return Scaled()(t.ones(2)), Scaled().original_name, isinstance(Scaled(), t.jit.ScriptModule)
    return t.ones(2), "Scaled", True


def _fake(t: Any) -> Any:
    name = "torchlike_tail::sized"
    t.library.define(name, "(Tensor x) -> Tensor")
    t.library.register_fake(name, lambda x: x.new_empty([t.library.get_ctx().new_dynamic_size()]))
    outside = t.library.get_ctx()
    try:
        t.ops.torchlike_tail.sized(t.ones(2, device="meta"))
    except RuntimeError as error:
        return outside, "You're trying to run this operator with meta Tensors (as opposed to FakeTensors)" in str(error)
    finally:
        t._C._jit_get_operation(name)
    return None


def _sparse(t: Any) -> Any:
    i = t.tensor([[0, 1, 1], [2, 0, 0]])
    x = t.sparse_coo_tensor(i, t.tensor([3.0, 4.0, 5.0]), (2, 3))
    facts = x._nnz(), x._indices(), x._values(), x.is_coalesced(), x._coalesced_(True).is_coalesced()
    return facts, x.is_sparse


def _old_sparse(t: Any) -> Any:
    i, v = t.tensor([[0, 1], [2, 0]]), t.tensor([3.0, 4.0])
    x, y, z = t.sparse.FloatTensor(i, v, t.Size([2, 3])), t.sparse.FloatTensor(i, v), t.sparse.FloatTensor(2, 3)
    kinds = isinstance(x, t.sparse.FloatTensor), isinstance(x, t.sparse.DoubleTensor), isinstance(v, t.sparse.FloatTensor)
    return x.to_dense(), y.to_dense(), z.to_dense(), kinds, repr(t.sparse.FloatTensor), t.sparse.LongTensor(i, i[0]).to_dense()


def _device_states(t: Any) -> Any:
    c = t.utils.checkpoint
    found = c.get_device_states(t.ones(2), [t.ones(1)], 3)
    c.set_device_states(*found)
    return found


def _checkpoint_function(t: Any) -> Any:
    x = t.arange(3.0).requires_grad_()
    out = t.utils.checkpoint.CheckpointFunction.apply(lambda a, k: (a * k).sin(), True, x, 2)
    out.sum().backward()
    return out, x.grad


def _rebuilt(t: Any) -> Any:
    storage, u = t.arange(6.0).storage(), t._utils
    a = u._rebuild_tensor_v2(storage, 1, (2, 2), (2, 1), True, OrderedDict())
    b = u._rebuild_tensor(storage, 0, (3,), (2,))
    b[0] = 7.0
    p = u._rebuild_parameter(t.ones(2), False, OrderedDict())
    c = u._rebuild_tensor_v3(storage, 0, (2,), (1,), False, OrderedDict(), t.float32)
    state = u._rebuild_parameter_with_state(t.ones(2), True, OrderedDict(), {"mark": 1})
    kind = t._tensor._rebuild_from_type_v2(u._rebuild_tensor, t.nn.Parameter, (storage, 0, (2,), (1,)), {"mark": 2})
    return a, a.requires_grad, b, c, p, type(p).__name__, p.requires_grad, state.mark, type(kind).__name__, kind.mark


def _quantized(t: Any) -> Any:
    q = t.quantize_per_tensor(t.tensor([0.0, 1.0, 2.0]), 0.5, 1, t.quint8)
    made = t.quantize_per_tensor(t.tensor([0.0, 1.0, 2.0]), 0.5, 1, t.quint8)
    return q.dequantize(), made.q_scale()


def _types(t: Any) -> Any:
    names = "AnyType BoolType ComplexType DeviceObjType FloatType IntType NoneType NumberType StringType TensorType".split()
    kinds = [getattr(t._C, name).get() for name in names]
    facts = [(k.kind(), str(k), k.annotation_str, k.str()) for k in kinds]
    below = [[a.isSubtypeOf(b) for b in kinds if b.kind() != "NoneType"] for a in kinds if a.kind() != "NoneType"]
    return facts, below, t.DeviceObjType is t._C.DeviceObjType


def _masks(t: Any) -> Any:
    f = t.nn.functional
    mask = t.tensor([[True, False], [False, False]])
    made = f._canonical_mask(mask=mask, mask_name="m", other_type=t.float32, other_name="o", target_type=t.float64)
    kept = f._canonical_mask(t.ones(2), "m", None, "", t.float32, check_other=False)
    return made, kept, f._canonical_mask(None, "m", None, "", t.float32), f._none_or_dtype(mask), f._none_or_dtype(None)


def _projections(t: Any) -> Any:
    f = t.nn.functional
    q, k, w, b = t.randn(2, 4), t.randn(3, 4), t.randn(12, 4), t.randn(12)
    found = [
        f._in_projection_packed(q, q, q, w, b),
        f._in_projection_packed(q, k, k, w),
        f._in_projection_packed(q, k, q, w, b),
    ]
    return [list(f_) for f_ in found], list(f._in_projection(q, k, k, w[:4], w[4:8], w[8:], b[:4]))


def _shapes(key: tuple, kpm: tuple | None = None, mask: tuple | None = None, query: tuple = (3, 4)) -> Callable[[Any], Any]:
    def check(t: Any) -> Any:
        given = [None if size is None else t.ones(size) for size in (kpm, mask)]
        return t.nn.functional._mha_shape_check(t.ones(query), t.ones(key), t.ones(key), *given, 2)

    return check


def _files(t: Any) -> Any:
    s, buffer = t.serialization, io.BytesIO()
    t.save({"a": 1}, buffer)
    buffer.seek(0)
    zipped, other = s._is_zipfile(buffer), s._is_zipfile(io.BytesIO(b"other"))
    with s._open_file_like(buffer, "rb") as same:
        kept = same is buffer
    with tempfile.TemporaryDirectory() as folder, s._open_file_like(os.path.join(folder, "x"), "wb") as file:
        file.write(b"1")
    return zipped, other, buffer.tell(), kept, buffer.closed, file.closed, s.DEFAULT_PROTOCOL


def _locations(t: Any) -> Any:
    s, storage = t.serialization, t.ones(2).untyped_storage()
    moved = s.default_restore_location(storage, "cpu")
    kinds = s.normalize_storage_type(t.FloatStorage) is t.FloatStorage, s.normalize_storage_type(t.UntypedStorage).__name__
    meta = s.default_restore_location(storage, "meta")
    return s.location_tag(storage), s.location_tag(t.ones(2).storage()), moved.tolist(), kinds, str(meta.device), meta.nbytes()


def _unscale(t: Any) -> Any:
    grads, found = [t.tensor([2.0, 4.0]), t.tensor([8.0], dtype=t.float16)], t.zeros(1)
    t._amp_foreach_non_finite_check_and_unscale_(grads, found, t.tensor([0.5]))
    before = found.clone()
    t._amp_foreach_non_finite_check_and_unscale_([t.tensor([float("inf"), 1.0])], found, t.tensor([1.0]))
    return grads, before, found


def _update_scale(t: Any) -> Any:
    scale, tracker, seen = t.tensor([4.0]), t.tensor([0], dtype=t.int32), []
    for found in (0.0, 0.0, 1.0, 0.0):
        out = t._amp_update_scale_(scale, tracker, t.tensor([found]), 2.0, 0.5, 2)
        seen += [scale.item(), tracker.item(), out is scale]
    return seen


def _grad_scaler(t: Any) -> Any:
    module, states = t.cuda.amp.grad_scaler, t.cuda.amp.grad_scaler.OptState
    return issubclass(module.GradScaler, t.amp.GradScaler), [s.name for s in states], t.cuda.amp.autocast_mode.autocast.__name__


def _bar(t: Any) -> Any:
    assert t.hub.tqdm is t.utils.model_zoo.tqdm
    kept, sys.stderr = sys.stderr, io.StringIO()
    try:
        with t.utils.model_zoo.tqdm(total=4, disable=True) as bar:
            bar.update(2)
        bar.close()
    finally:
        sys.stderr = kept
    return bar.disable


def _complex32(t: Any) -> Any:
    kinds = [t.float16, t.bfloat16, t.float32, t.float64, t.int64, t.bool, t.complex64, t.complex128, t.complex32]
    met = [str(t.promote_types(t.complex32, kind)) for kind in kinds], [str(t.promote_types(kind, t.chalf)) for kind in kinds]
    c = t.complex32
    facts = c.is_complex, c.is_floating_point, c.is_signed, c.itemsize, str(c.to_real()), repr(c), c is t.chalf
    return met, facts, t.can_cast(t.float16, c), t.can_cast(c, t.float32), t.finfo(c).bits


def _swapped(t: Any) -> Any:
    a, p = t.ones(2), t.nn.Parameter(t.zeros(3))
    a.mark, ids = 1, (id(a), id(p))
    t.utils.swap_tensors(a, p)
    return a, p, type(a).__name__, type(p).__name__, hasattr(a, "mark"), p.mark, ids == (id(a), id(p)), a.requires_grad


def _swap_refused(t: Any) -> Any:
    a = t.ones(2)
    held = weakref.ref(a)
    return t.utils.swap_tensors(a, t.zeros(2)), held


def _baton(t: Any) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "lock")
        first, second = (t.utils.file_baton.FileBaton(path, wait_seconds=0.01) for _ in range(2))
        got = first.try_acquire(), second.try_acquire(), os.path.exists(path)
        first.release()
        second.wait()
        return got, os.path.exists(path), second.try_acquire()


def _scattered(t: Any) -> Any:
    parallel, given = t.nn.parallel, {"a": (1, "x"), "b": [None], "c": Pair(1, 2), "d": ()}
    kept = parallel.scatter_gather.scatter_kwargs((1,), {"k": 2}, [0, 1]), parallel.scatter_gather.scatter_kwargs((), {}, [0])
    return parallel.scatter(given, [0, 1]), kept, parallel.gather([None, None], 0), parallel.replicate(t.nn.ReLU(), [])


def _groups(t: Any) -> Any:
    lists = [[t.ones(2), t.ones(1).double(), t.zeros(1)], [None, t.ones(3), t.ones(1)]]
    made = [t.optim.Optimizer._group_tensors_by_device_and_dtype(lists, indices) for indices in (True, False)]
    return [sorted(((str(k), lists, at) for k, (lists, at) in m.items()), key=lambda item: item[0]) for m in made]


def _engine_missing(t: Any) -> Any:
    out = t.ones(2, requires_grad=True) * 2
    return t.autograd.Variable._execution_engine.run_backward((out,), (None,), False, False)


CASES: dict[str, Callable[[Any], Any]] = {
    "matrix_rank": lambda t: t.matrix_rank(t.eye(2)),
    "solve": lambda t: t.solve(t.eye(2), t.eye(2)),
    "Tensor.solve": lambda t: t.eye(2).solve(t.eye(2)),
    "symeig": lambda t: t.symeig(t.eye(2)),
    "Tensor.symeig": lambda t: t.eye(2).symeig(True),
    "eig": lambda t: t.eig(t.eye(2)),
    "Tensor.eig": lambda t: t.eye(2).eig(),
    "lstsq": lambda t: t.lstsq(t.eye(2), t.eye(2)),
    "Tensor.lstsq": lambda t: t.eye(2).lstsq(t.eye(2)),
    "_linalg_utils": lambda t: (t._linalg_utils.solve is t.solve, t._linalg_utils._symeig is t.symeig),
    "autograd.variable": lambda t: (
        t.autograd.variable.Variable is t.autograd.Variable,
        isinstance(t.ones(1), t.autograd.Variable),
        type(t.autograd.Variable).__name__,
    ),
    "execution engine": _run_backward,
    "execution engine, no gradient": _engine_missing,
    "lr_scheduler._enable_get_lr_call": _get_lr,
    "jit.script_method": _script_method,
    "jit.TracerWarning": lambda t: (t.jit.TracerWarning.__mro__[1].__name__, t.jit.TracerWarning.ignore_lib_warnings()),
    "jit.frontend": lambda t: [
        c.__name__ for c in t.jit.frontend.NotSupportedError.__mro__[:3] if c is not t.jit.frontend.FrontendTypeError
    ],
    "library.get_ctx": _fake,
    "_C._jit_get_operation": lambda t: (
        t._C._jit_get_operation("aten::add")[0](t.ones(2), 1),
        t._C._jit_get_operation("torchlike_tail::none"),
    ),
    "sparse parts": _sparse,
    "dense tensors have no sparse parts": lambda t: [raised(getattr(t.ones(2), n)) for n in ("_values", "_indices", "_nnz")],
    "sparse.FloatTensor": _old_sparse,
    "checkpoint.get_device_states": _device_states,
    "checkpoint.CheckpointFunction": _checkpoint_function,
    "checkpoint.check_backward_validity": lambda t: t.utils.checkpoint.check_backward_validity([t.ones(2, requires_grad=True)]),
    "_utils._rebuild": _rebuilt,
    "types of TorchScript": _types,
    "torch.torch": lambda t: (t.torch is t, t.torch.Tensor is t.Tensor, t.torch.torch.float32 is t.float32),
    "Future": lambda t: (isinstance(t.futures.Future(), t.Future), isinstance(t.futures.Future(), t.jit.Future)),
    "functional masks": _masks,
    "functional masks, integers": lambda t: t.nn.functional._canonical_mask(t.ones(2).int(), "m", None, "", t.float32),
    "functional._none_or_dtype": lambda t: t.nn.functional._none_or_dtype(3),
    "functional projections": _projections,
    "functional._Reduction": lambda t: [t.nn.functional._Reduction.get_enum(r) for r in ("none", "mean", "sum")],
    "functional._Reduction, unknown": lambda t: t.nn.functional._Reduction.get_enum("all"),
    "_mha_shape_check": _shapes((3, 4)),
    "_mha_shape_check, batched": _shapes((3, 2, 4), (2, 3), (3, 3), (3, 2, 4)),
    "_mha_shape_check, rank": _shapes((3, 2, 4)),
    "_mha_shape_check, batched rank": _shapes((3, 4), None, None, (3, 2, 4)),
    "_mha_shape_check, padding": _shapes((3, 4), (2, 3)),
    "_mha_shape_check, mask": _shapes((3, 4), None, (1,)),
    "_mha_shape_check, mask size": _shapes((3, 4), None, (4, 3, 3)),
    "_mha_shape_check, query": _shapes((3, 4), None, None, (3,)),
    "serialization files": _files,
    "serialization files, mode": lambda t: t.serialization._open_file_like(io.BytesIO(), "x"),
    "serialization locations": _locations,
    "serialization locations, unknown": lambda t: t.serialization.default_restore_location(t.ones(1).untyped_storage(), "moon"),
    "_amp_foreach_non_finite_check_and_unscale_": _unscale,
    "_amp_update_scale_": _update_scale,
    "cuda.amp.grad_scaler": _grad_scaler,
    "cuda._initialized": lambda t: t.cuda._initialized,
    "model_zoo.tqdm": _bar,
    "complex32": _complex32,
    "legacy_contiguous_format": lambda t: t.legacy_contiguous_format is t.contiguous_format,
    "get_device_module": lambda t: [
        t.get_device_module(d).__name__.rpartition(".")[2] for d in ("cuda:1", "cpu", t.device("cpu"), None)
    ],
    "get_device_module, a number": lambda t: t.get_device_module(3),
    "__config__": lambda t: (type(t.__config__.show()).__name__, type(t.__config__.parallel_info()).__name__),
    "swap_tensors": _swapped,
    "swap_tensors, held weakly": _swap_refused,
    "FileBaton": _baton,
    "nn.parallel": _scattered,
    "nn.parallel.get_a_var": lambda t: t.nn.parallel.parallel_apply.__name__,
    "transforms._clipped_sigmoid": lambda t: t.distributions.transforms._clipped_sigmoid(t.tensor([-200.0, 0.0, 200.0])),
    "Wishart._bartlett_sampling": lambda t: t.distributions.Wishart(t.tensor([4.0]), t.eye(2))._bartlett_sampling((3,)),
    "torch.GradScaler": lambda t: (t.GradScaler is t.amp.GradScaler, t.Storage.__name__, t.Storage is t.FloatStorage),
    "jit._script": lambda t: t.jit._script.RecursiveScriptModule is t.jit.RecursiveScriptModule,
    "hub._get_torch_home": lambda t: os.path.join(t.hub._get_torch_home(), "hub") == t.hub.get_dir(),
    "onnx enums": lambda t: [
        [(n, int(v)) for n, v in getattr(t.onnx, kind).__members__.items()] for kind in ("TrainingMode", "OperatorExportTypes")
    ],
    "Optimizer._group_tensors_by_device_and_dtype": _groups,
    "optim.optimizer._get_capturable_supported_devices": lambda t: [
        importlib.import_module(f"{t.__name__}.optim.optimizer")._get_capturable_supported_devices(x) for x in (True, False)
    ],
    "_C.Node": lambda t: t._C.Node(),
}
CASES["jit.frontend"] = lambda t: [c.__name__ for c in t.jit.frontend.NotSupportedError.__mro__[:3]]


@pytest.mark.parametrize("name", CASES)
def test_as_torch(name: str) -> None:
    ours, theirs = (outcome(CASES[name], library)[0] for library in (torchlike, torch))
    assert_same(ours, theirs)


def test_no_tensor_has_complex32() -> None:
    for make in (
        lambda k: torchlike.ones(2, dtype=k),
        lambda k: torchlike.ones(2).to(k),
        lambda k: torchlike.tensor([1], dtype=k),
    ):
        with pytest.raises(NotImplementedError, match="complex32: XLA has no complex numbers of 16-bit floats"):
            make(torchlike.complex32)


def test_progress_without_tqdm(capsys: Any) -> None:
    from torchlike.base.progress import Count

    with Count(total=4) as bar:
        bar.update(2)
        bar.update(2)
    with Count() as bar:
        bar.update(3)
    assert capsys.readouterr().err == "\r50.0%\r100.0%\n\r3.0 bytes\n"


def test_pinned() -> None:
    from torchlike.utils.data._utils.pin_memory import pin_memory

    class Batch:
        def pin_memory(self) -> str:
            return "pinned"

    x = torchlike.ones(2)
    made = pin_memory({"a": [x, 1], "b": Pair(x, "s"), "c": Batch()})
    assert made["a"][0] is x and made["b"] == Pair(x, "s") and made["c"] == "pinned"


def test_optimize_for_mobile(tmp_path: Any) -> None:
    from torchlike.utils.mobile_optimizer import optimize_for_mobile

    scripted = torchlike.jit.script(torchlike.nn.Sequential(torchlike.nn.Linear(2, 3), torchlike.nn.Dropout(0.5)))
    made = optimize_for_mobile(scripted, preserved_methods=["forward"])
    x = torchlike.ones(1, 2)
    torchlike.testing.assert_close(made(x), made(x))
    made.save(str(tmp_path / "m.pt"))
    torchlike.testing.assert_close(torchlike.jit.load(str(tmp_path / "m.pt"))(x), made(x))
    for error, args, options in (
        (TypeError, (torchlike.nn.ReLU(),), {}),
        (TypeError, (scripted,), {"backend": "other"}),
        (AttributeError, (scripted,), {"preserved_methods": ["none"]}),
        (NotImplementedError, (scripted,), {"backend": "Metal"}),
    ):
        with pytest.raises(error):
            optimize_for_mobile(*args, **options)
