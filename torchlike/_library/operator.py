"""An operator of the user's own: its kernels, its gradient, and its place under `torch.ops`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlike._library import fake
from torchlike._library.schema import FunctionSchema
from torchlike.autograd import is_grad_enabled, no_grad
from torchlike.autograd.function import Function
from torchlike.tensor import Tensor

# Which dispatch keys serve all devices, in the order in which they are tried after the device's own.
_ANYWHERE = ("CompositeExplicitAutograd", "CompositeImplicitAutograd", "")
_KEYS = {"cpu": "CPU", "cuda": "CUDA", "meta": "Meta", "xpu": "XPU", "mps": "MPS", "tpu": "XLA"}


class Operator:
    """`namespace::name`: a schema, kernels by dispatch key, a shape function and a gradient."""

    def __init__(self, namespace: str, schema: FunctionSchema):
        self.namespace, self.schema = namespace, schema
        self.kernels: dict[str, Callable] = {}
        self.fake: Callable | None = None
        self.gradient: type[Function] | None = None

    @property
    def qualname(self) -> str:
        return self.schema.name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args, named = self.schema.bind(args, kwargs)
        autograd = self.kernels.get("Autograd") or self.kernels.get("AutogradCPU") or self.kernels.get("AutogradCUDA")
        if is_grad_enabled() and any(t.requires_grad for t in _tensors(args, named)):
            if self.gradient is not None:
                return self.gradient.apply(*args, **named)
            if autograd is not None:
                return autograd(*args, **named)
        return self.run(args, named)

    def run(self, args: tuple, named: dict[str, Any]) -> Any:
        """The kernel for the device of the tensors."""
        kinds = {t.device.type for t in _tensors(args, named)}
        if "meta" in kinds:
            if self.fake is not None:
                with fake.of_meta_tensors(self.qualname):
                    return self.fake(*args, **named)
            if "Meta" in self.kernels:
                return self.kernels["Meta"](*args, **named)
        for key in (*(_KEYS.get(kind, kind.upper()) for kind in sorted(kinds)), *_ANYWHERE):
            if key in self.kernels:
                return self.kernels[key](*args, **named)
        if not kinds and self.kernels:
            return next(iter(self.kernels.values()))(*args, **named)
        raise NotImplementedError(
            f"Could not run '{self.qualname}' with arguments from the '{next(iter(sorted(kinds)), 'CPU').upper()}' backend: it "
            f"has kernels for {sorted(self.kernels) or 'none'}; register one by torch.library.impl({self.qualname!r}, ...)"
        )

    def differentiate(self, backward: Callable, setup_context: Callable | None) -> None:
        """Set the gradient: `backward(ctx, *grads)`, with what `setup_context(ctx, inputs, output)` left in ctx."""
        operator = self
        named = any(a.kwarg_only for a in self.schema.arguments)

        def forward(ctx: Any, *args: Any, **keywords: Any) -> Any:
            with no_grad():
                output = operator.run(args, keywords)
            if setup_context is not None:
                extra = {"keyword_only_inputs": keywords} if named else {}
                setup_context(ctx=ctx, inputs=args, output=output, **extra)
            return output

        def run_backward(ctx: Any, *grads: Any) -> Any:
            return backward(ctx, *grads)

        name = f"GeneratedBackwardFor_{self.qualname.replace('::', '_')}_default"
        self.gradient = type(name, (Function,), {"forward": staticmethod(forward), "backward": staticmethod(run_backward)})


def _tensors(args: tuple, named: dict[str, Any]) -> list[Tensor]:
    found = []
    for value in (*args, *named.values()):
        found += [v for v in (value if isinstance(value, (list, tuple)) else (value,)) if isinstance(v, Tensor)]
    return found


class OpOverload:
    """One overload of an operator, `torch.ops.namespace.name.default`."""

    def __init__(self, operator: Operator, packet: OpOverloadPacket, overload: str):
        self._op, self.overloadpacket, self._overloadname = operator, packet, overload
        self._schema, self.namespace = operator.schema, operator.namespace
        self.__name__ = f"{packet.__name__}.{overload}"

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self._op(*args, **kwargs)

    def name(self) -> str:
        return self._op.qualname

    def __repr__(self) -> str:
        return f"<OpOverload(op='{self.namespace}.{self.overloadpacket.__name__}', overload='{self._overloadname}')>"

    def __str__(self) -> str:
        return f"{self.namespace}.{self.overloadpacket.__name__}.{self._overloadname}"


class OpOverloadPacket:
    """An operator with all its overloads, `torch.ops.namespace.name`."""

    def __init__(self, namespace: str, name: str):
        self._namespace, self.__name__ = namespace, name
        self._qualified_op_name = f"{namespace}::{name}"
        self._found: dict[str, OpOverload] = {}

    def add(self, operator: Operator) -> None:
        overload = operator.qualname.partition("::")[2].partition(".")[2] or "default"
        self._found[overload] = OpOverload(operator, self, overload)

    def overloads(self) -> list[str]:
        return list(self._found)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        error: Exception | None = None
        for found in self._found.values():  # the first whose schema takes the arguments
            try:
                found._schema.bind(args, kwargs)
            except RuntimeError as e:
                error = error or e
            else:
                return found(*args, **kwargs)
        assert error is not None
        raise error

    def __getattr__(self, overload: str) -> OpOverload:
        found = self.__dict__.get("_found", {}).get(overload)
        if found is None:
            raise AttributeError(
                f"The underlying op of '{self.__dict__.get('_qualified_op_name')}' has no overload name '{overload}'"
            )
        return found

    def __repr__(self) -> str:
        return f"<OpOverloadPacket(op='{self._namespace}.{self.__name__}')>"

    def __str__(self) -> str:
        return f"{self._namespace}.{self.__name__}"


OPERATORS: dict[str, Operator] = {}


class OpNamespace:
    """`torch.ops.namespace`: what was registered there."""

    def __init__(self, name: str):
        self.__name__ = f"torch.ops.{name}"
        self._name = name
        self._packets: dict[str, OpOverloadPacket] = {}

    def __getattr__(self, name: str) -> OpOverloadPacket:
        found = self.__dict__.get("_packets", {}).get(name)
        if found is None:
            raise AttributeError(f"'_OpNamespace' '{self.__dict__.get('_name')}' object has no attribute '{name}'")
        return found

    def __iter__(self) -> Any:
        return iter(self._packets)

    def __dir__(self) -> list[str]:
        return list(self._packets)

    def __repr__(self) -> str:
        return f"<module '{self.__name__}'>"


_namespaces: dict[str, OpNamespace] = {}


def namespace(name: str) -> OpNamespace:
    """`torch.ops.name`; as in torch every name gives one, be it empty."""
    if name.startswith("__"):
        raise AttributeError(f"'_Ops' object has no attribute {name!r}")
    return _namespaces.setdefault(name, OpNamespace(name))


def register(operator: Operator) -> Operator:
    """Put an operator under `torch.ops`.

    Raises:
        RuntimeError: if there is one of that name.
    """
    name = operator.qualname
    if name in OPERATORS:
        raise RuntimeError(
            f"Tried to register an operator ({operator.schema}) with the same name and overload name multiple times. Each "
            f"overload's schema should only be registered with a single call to def(). Already there: {OPERATORS[name].schema}"
        )
    OPERATORS[name] = operator
    place, short = name.split("::")[0], name.split("::")[1].partition(".")[0]
    packets = namespace(place)._packets
    packets.setdefault(short, OpOverloadPacket(place, short)).add(operator)
    return operator


def drop(name: str) -> None:
    """Forget an operator."""
    operator = OPERATORS.pop(name, None)
    if operator is not None:
        packets = namespace(operator.namespace)._packets
        short, _, overload = name.split("::")[1].partition(".")
        packets[short]._found.pop(overload or "default", None)
        if not packets[short]._found:
            del packets[short]


def find(op: Any) -> Operator:
    """The operator of a name, of `torch.ops.a.b`, of its overload, or of a `custom_op`.

    Raises:
        RuntimeError: if there is none.
    """
    if isinstance(op, Operator):
        return op
    if isinstance(op, OpOverload):
        return op._op
    if isinstance(op, OpOverloadPacket):
        return op.default._op
    name = getattr(op, "_qualname", op)
    name = name.removesuffix(".default") if isinstance(name, str) else name
    if name not in OPERATORS:
        raise RuntimeError(f"operator {name} does not exist: torch.library.custom_op or Library.define makes one")
    return OPERATORS[name]
