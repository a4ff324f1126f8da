"""A pretended CUDA device: real arithmetic on the CPU, and an error where devices would mix.

It finds, without a GPU, what would fail or copy silently with one: a tensor made on the wrong
device, operands on two devices, and ``.numpy()`` of a tensor that is not on the CPU. It is stricter
than torch, which moves the indices of a lookup by itself. As in torch, a number (a tensor without
dimensions) may be on the CPU. Speed, memory and the rounding of a GPU's sums are not pretended.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn
from unittest import mock

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

DEVICE = torch.device("cuda", 0)
_CPU = torch.device("cpu")
_COPY = torch.ops.aten._to_copy.default
_COPY_INTO = torch.ops.aten.copy_.default
_TO_NUMBER = torch.ops.aten._local_scalar_dense.default


@dataclass
class Traffic:
    """What went between the devices.

    Attributes:
        up: Bytes of each copy to the pretended device.
        down: Bytes of each copy from there, of numbers too; on a GPU each waits for it.
    """

    up: list[int] = field(default_factory=list)
    down: list[int] = field(default_factory=list)


class Pretended(Tensor):
    """A tensor that says it is on the device; ``numbers`` are on the CPU."""

    numbers: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> Pretended:
        """Wrap a tensor on the CPU."""
        made: Pretended = Tensor._make_wrapper_subclass(
            cls,
            inner.shape,
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=torch.device("meta"),
        )
        made.numbers = inner
        return made

    device = property(lambda self: DEVICE)
    is_cuda = property(lambda self: True)
    is_meta = property(lambda self: False)
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Operations after the mode has ended are the mode's too."""
        return _carry_out(function, args, kwargs or {}, Traffic())

    def tolist(self) -> Any:
        """As torch does, by way of the CPU."""
        return self.cpu().tolist()

    def numpy(self, *, force: bool = False) -> NoReturn:
        """Refused, as for any tensor that is not on the CPU."""
        raise TypeError(f"A tensor on {DEVICE} of shape {tuple(self.shape)} is no numpy array.")

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return f"Pretended({self.numbers!r})"


class _Mode(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self, traffic: Traffic) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.traffic = traffic

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _carry_out(function, args, kwargs or {}, self.traffic)


@contextlib.contextmanager
def pretended_device() -> Iterator[Traffic]:
    """Within it, ``cuda:0`` is a device of this torch, on which nothing runs faster.

    Yields:
        What is copied between the devices.

    Raises:
        RuntimeError: From an operation whose operands are on both devices.
        TypeError: From ``.numpy()`` of a tensor on the device.
    """
    traffic = Traffic()
    there: dict[str, Any] = {
        "is_available": lambda: True,
        "device_count": lambda: 1,
        "get_device_name": lambda _: "pretended",
        "mem_get_info": lambda _: (8 * 10**9, 8 * 10**9),
        "_lazy_init": lambda: None,
    }
    lifts = torch._C._only_lift_cpu_tensors()
    torch._C._set_only_lift_cpu_tensors(True)
    try:
        with mock.patch.multiple(torch.cuda, **there), _Mode(traffic):
            yield traffic
    finally:
        torch._C._set_only_lift_cpu_tensors(lifts)


def _carry_out(function: Any, args: Any, kwargs: dict[str, Any], traffic: Traffic) -> Any:
    """Do an operation of torch on the values, and say where its result is."""
    operands: list[Tensor] = []
    tree_map(lambda x: operands.append(x) if isinstance(x, Tensor) else None, (args, kwargs))
    there = [tensor for tensor in operands if isinstance(tensor, Pretended)]
    here = [tensor for tensor in operands if not isinstance(tensor, Pretended)]
    up = bool(there)
    if kwargs.get("device") is not None:
        up = torch.device(kwargs["device"]) != _CPU
        kwargs = {**kwargs, "device": _CPU}
    if there and function is not _COPY_INTO and any(tensor.dim() for tensor in here):
        shapes = [tuple(tensor.shape) for tensor in here if tensor.dim()]
        raise RuntimeError(
            f"{function}: {DEVICE} meets the CPU, where tensors of shapes {shapes} are."
        )
    _count(function, args, up, traffic)
    values = tree_map(_inner, (args, kwargs))
    result = function(*values[0], **values[1])
    given = {id(tensor.numbers): tensor for tensor in there}
    if function is _COPY_INTO:
        return args[0]
    if not up or function is _TO_NUMBER:
        return result
    return tree_map(lambda x: _outer(x, given), result)


def _count(function: Any, args: Any, up: bool, traffic: Traffic) -> None:
    """Note a copy from one device to the other."""
    if function is _COPY_INTO:
        source, up = args[1], isinstance(args[0], Pretended)
    elif function in (_COPY, _TO_NUMBER):
        source, up = args[0], up and function is _COPY
    else:
        return
    if isinstance(source, Pretended) != up:
        (traffic.up if up else traffic.down).append(source.numel() * source.element_size())


def _inner(value: Any) -> Any:
    return value.numbers if isinstance(value, Pretended) else value


def _outer(value: Any, given: dict[int, Pretended]) -> Any:
    if not isinstance(value, Tensor):
        return value
    return given[id(value)] if id(value) in given else Pretended(value)
