"""Run folders: what a run was asked, what it found, and all it takes to go on after a crash."""

from autosample.store.environment import describe
from autosample.store.folder import RunFolder
from autosample.store.fork import changes, fork, refuse
from autosample.store.result import numbers

__all__ = ["RunFolder", "changes", "describe", "fork", "numbers", "refuse"]
