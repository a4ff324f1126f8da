"""When to stop training."""

from __future__ import annotations

import math

from autosample.errors import SettingsError

#: Trainings that a search may take when nothing else is said, the same for all of them.
BUDGET = 3.0


class Stopping:
    """Early stopping: give up after ``patience`` epochs without a better held-out value.

    Args:
        epochs: Most epochs.
        window: Epochs between two held-out values.
        patience: Epochs without a better value after which training is over.

    Raises:
        SettingsError: AS250 when a number is below 1.
    """

    def __init__(self, *, epochs: int, window: int, patience: int) -> None:
        if min(epochs, window, patience) < 1:
            raise SettingsError(
                "AS250",
                f"epochs, window and patience must be at least 1, got {epochs}, {window} and "
                f"{patience}.",
                "Common values are 100, 5 and 50.",
            )
        self.epochs, self.window, self.patience = epochs, window, patience
        self.done, self.best, self.best_at = 0, float("-inf"), 0

    def next_window(self) -> int:
        """Epochs of the next window; 0 when training is over."""
        if self.done - self.best_at >= self.patience:
            return 0
        return min(self.window, self.epochs_left)

    @property
    def epochs_left(self) -> int:
        """Until the most epochs."""
        return self.epochs - self.done

    @property
    def windows_left(self) -> int:
        """Windows until the most epochs, a shorter last one included."""
        return -(-self.epochs_left // self.window)

    def clip(self, epochs: int) -> int:
        """``epochs``, or as many as are left."""
        return min(epochs, self.epochs_left)

    def note(self, epochs: int, value: float) -> None:
        """Take note of the held-out value after ``epochs`` more."""
        self.done += epochs
        if value > self.best:
            self.best, self.best_at = value, self.done


def epochs_of(budget: float, epochs: int) -> int:
    """A budget in trainings as whole epochs, at least one.

    Raises:
        SettingsError: AS253 when it is not positive.
    """
    if not 0 < budget < math.inf:
        raise SettingsError(
            "AS253", f"A budget is a positive number of trainings, got {budget}.", "3 is usual."
        )
    return max(1, math.floor(budget * epochs + 1e-9))
