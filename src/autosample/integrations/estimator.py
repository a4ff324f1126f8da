"""scikit-learn's conventions, without scikit-learn."""

from __future__ import annotations

import inspect
from typing import Any, Self

from autosample.settings import Settings


class Estimator:
    """Base of classes whose keyword arguments are :class:`autosample.settings.Settings`.

    ``sklearn.base.clone``, ``check_is_fitted`` and the searches over parameters work on it.
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002, RUF100
        """Constructor arguments by name; ``deep`` changes nothing."""
        names = inspect.signature(type(self).__init__).parameters
        return {name: getattr(self, name) for name in names if name != "self"}

    def set_params(self, **params: Any) -> Self:
        """Change constructor arguments.

        Raises:
            SettingsError: AS202 for an unknown name or a value out of range.
        """
        Settings.of(**{**self.get_params(), **params})
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "result_")

    def __sklearn_tags__(self) -> Any:
        """Called by scikit-learn only, so it is there."""
        from sklearn.utils import InputTags, Tags, TargetTags  # noqa: PLC0415

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            input_tags=InputTags(two_d_array=False, string=True),
        )

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        params = self.get_params().items()
        shown = ", ".join(f"{k}={v!r}" for k, v in params if repr(v) != repr(defaults[k].default))
        return f"{type(self).__name__}({shown})"
