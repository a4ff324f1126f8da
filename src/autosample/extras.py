"""What other packages bring: extras, and what is plugged in; said in one line when it fails."""

from __future__ import annotations

from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any

from autosample.errors import SettingsError


def require(extra: str, *modules: str) -> None:
    """See that modules are installed, without importing them.

    Raises:
        SettingsError: AS270 naming the extra that brings those that are missing.
    """
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise SettingsError(
            "AS270",
            f"This needs {' and '.join(missing)}, which the extra {extra!r} brings.",
            f"Install it: pip install 'autosample[{extra}]'.",
        )


def plugged_in(group: str) -> dict[str, Any]:
    """What installed packages have under the entry points of a group, by name.

    Raises:
        SettingsError: AS225 naming the entry point that cannot be imported.
    """
    found = {}
    for point in {point.name: point for point in entry_points(group=group)}.values():
        try:
            found[point.name] = point.load()
        except Exception as cause:
            package = point.dist.name if point.dist else point.value
            raise SettingsError(
                "AS225",
                f"The package {package} must have {point.value}, its entry point {point.name!r} of "
                f"{group}, and importing it raised {type(cause).__name__}: {cause}.",
                "Mend or uninstall that package.",
            ) from cause
    return found
