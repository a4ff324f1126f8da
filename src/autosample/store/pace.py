"""When the next checkpoint is due."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """After every epoch that is long beside a checkpoint, and within longer ones.

    Args:
        share: Of the time, that checkpoints may take after epochs.
        longest: Seconds of training, after which one is due even within an epoch.
        clock: Monotonic seconds, so that nobody's setting of the clock matters.
    """

    def __init__(
        self,
        *,
        share: float = 0.05,
        longest: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.share, self.longest, self.clock = share, longest, clock
        self._last, self._cost = clock(), 0.0

    def due(self, *, over: bool) -> bool:
        """Whether it is time, after a batch or, with ``over``, after an epoch or a trial."""
        since = self.clock() - self._last
        return since >= (min(self.longest, self._cost / self.share) if over else self.longest)

    def keep(self, save: Callable[[], object]) -> None:
        """Make a checkpoint, and note what it took."""
        started = self.clock()
        save()
        self._last = self.clock()
        self._cost = self._last - started
