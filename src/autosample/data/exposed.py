"""What users were shown: a second table of events, in the numbers of a dataset."""

from __future__ import annotations

from dataclasses import replace

from autosample.data.dataset import Dataset
from autosample.data.events import Events, Note
from autosample.data.interactions import Interactions


def with_exposed(dataset: Dataset, shown: Events) -> Dataset:
    """The dataset with what users were shown, whether they took it or not.

    Rows of users or items that no part of the dataset has are left out and counted: a row of
    parameters that nothing is ever learned for would be a negative like any other.
    """
    users = dataset.users.numbers(shown.frame["user"])
    items = dataset.items.numbers(shown.frame["item"])
    known = (users >= 0) & (items >= 0)
    exposed = Interactions.from_pairs(users[known], items[known], dataset.n_users, dataset.n_items)
    unknown = int((~known).sum())
    notes = [Note("AS175", f"{len(exposed)} pairs of users and items shown to them.", len(exposed))]
    if unknown:
        text = "Shown rows of users or items without interactions: left out."
        notes.append(Note("AS176", text, unknown))
    train = dataset.train.with_exposed(exposed)
    return replace(dataset, train=train, notes=(*dataset.notes, *shown.notes, *notes))
