"""The model that answers, and its replacement by another while requests come."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

from autosample.errors import AutosampleError, StoreError
from autosample.lists import Lists


class Model:
    """A run's lists, and what single requests need to be quick.

    Attributes:
        lists: Tables and ids.
        revision: Changes whenever the run's result does.
        users: Number by id, of users who were trained on.
        others: Number by id, of users whom validation or the test alone has.
        items: Number by id, of all items: those that were not trained on can come too.
        names: Ids of items by number.
    """

    def __init__(self, lists: Lists, revision: str) -> None:
        self.lists, self.revision = lists, revision
        known = lists.known(lists.users.names) >= 0
        self.users = {name: n for n, name in enumerate(lists.users.names) if known[n]}
        self.others = {name: n for n, name in enumerate(lists.users.names) if not known[n]}
        self.names: list[str] = lists.items.names.to_list()
        self.items = {name: n for n, name in enumerate(self.names)}
        _ = lists.fold_in, lists.directions, lists.popular  # made now, not by the first request

    def trained(self, item: str) -> bool:
        """Whether an item was trained on, so that its row means something."""
        return item in self.items and bool(self.lists.trained[self.items[item]])

    @classmethod
    def load(cls, path: Path) -> Model:
        """Read a run's result, all of it of one state of the folder.

        Raises:
            StoreError: AS506, AS507, AS508, AS509 when there is no whole result, AS515 when the
                folder changes again and again while it is read.
        """
        for _ in range(3):
            before = revision_of(path)
            lists = Lists.load(path)
            if revision_of(path) == before:
                return cls(lists, before)
        raise StoreError(
            "AS515", f"{path} changes while it is read.", "Wait until its run is over."
        )


class Holder:
    """The model that answers now.

    Requests take :attr:`model` once and keep to it, so that an answer comes from one model even if
    another takes its place meanwhile.

    Attributes:
        model: What answers.
        problem: Why the last attempt to replace it failed; empty when it did not.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem = ""
        self.model = Model.load(path)
        self._lock = threading.Lock()

    def refresh(self) -> bool:
        """Take the run's present result if it is another; returns whether it was.

        A result that cannot be read changes nothing but :attr:`problem`.
        """
        with self._lock:
            try:
                if changed := revision_of(self.path) != self.model.revision:
                    self.model = Model.load(self.path)
            except Exception as error:  # whatever comes of files that change while they are read
                known = isinstance(error, AutosampleError)
                self.problem = str(error) if known else f"{type(error).__name__}: {error}"
                return False
            self.problem = ""
            return changed

    def watch(self, wake: threading.Event, seconds: float) -> None:
        """Refresh every so many seconds, and when woken; never returns."""
        while True:
            wake.wait(seconds)
            wake.clear()
            self.refresh()


def revision_of(path: Path) -> str:
    """A word that changes with the result of a run.

    Raises:
        StoreError: AS507 when there is no run.
    """
    try:
        content = (path / "manifest.json").read_bytes()
    except OSError as cause:
        raise StoreError(
            "AS507", f"{path} must be the folder of a run: {cause.strerror}.", "Check the path."
        ) from None
    return hashlib.sha256(content).hexdigest()[:16]
