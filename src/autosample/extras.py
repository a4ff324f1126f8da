"""What is installed only with an extra, and said in one line when it is not."""

from __future__ import annotations

from importlib.util import find_spec

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
