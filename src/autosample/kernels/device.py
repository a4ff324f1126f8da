"""Which device a run trains on: the one place that reads a name and looks what is there."""

from __future__ import annotations

import re

import torch

from autosample.errors import SettingsError

CPU = "cpu"
AUTO = "auto"


def settled(name: str) -> str:
    """The full name of a device: ``cuda`` becomes ``cuda:0``, and ``auto`` what is there.

    Whether a named device is there is not asked: a run that was made elsewhere can be read here.

    Raises:
        SettingsError: AS216 for a name of no device that a run can train on.
    """
    if name == AUTO:
        return available()[:2][-1]
    if name == CPU or re.fullmatch(r"cuda(:\d{1,3})?", name):
        return f"{name}:0" if name == "cuda" else name
    why = " mps has no float64, which exact draws need." if name.startswith("mps") else ""
    raise SettingsError(
        "AS216",
        f"A device must be cpu, cuda, cuda:NUMBER or auto, got {name!r}.{why}",
        _choice(),
    )


def require(name: str) -> torch.device:
    """The device of a name, which must be there.

    Raises:
        SettingsError: AS216 when it is not, naming those that are.
    """
    full = settled(name)
    if full not in available():
        raise SettingsError(
            "AS216",
            f"The device {full} must be there, and this torch ({torch.__version__}) sees "
            f"{', '.join(available())}.",
            f"{_choice()} A run that began elsewhere goes on in a new folder: `autosample resume "
            "RUN --fork FOLDER --device cpu`.",
        )
    return torch.device(full)


def available() -> list[str]:
    """Full names of the devices that are there, the CPU first."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return [CPU, *(f"cuda:{number}" for number in range(count))]


def described(name: str) -> str:
    """A device's full name, with its maker's name for it where it is there."""
    if name == CPU or name not in available():
        return name
    return f"{name} ({torch.cuda.get_device_name(int(name.rpartition(':')[2]))})"


def free_memory(name: str) -> int | None:
    """Bytes that are free on a device other than the CPU; None where nobody knows."""
    if name == CPU or name not in available():
        return None
    return int(torch.cuda.mem_get_info(int(name.rpartition(":")[2]))[0])


def _choice() -> str:
    return f"Choose one of {', '.join(available())}."
