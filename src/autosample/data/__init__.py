"""Data: from files and frames to immutable interactions, with every dropped row accounted for.

Codes of notes: AS150 read; AS151 ids missing; AS152 float ids; AS153, AS154 ids that look alike;
AS155 columns swapped; AS156 bad lines; AS157 users without items; AS158 matrix; AS159 times;
AS160 duplicates; AS161, AS162 ratings; AS163 k-core; AS164 users whole in train; AS165 leave-last;
AS166 ties; AS167 temporal cut; AS168 validation drawn; AS169 overlap; AS170 users with every item;
AS171 users without training items; AS172 cold items; AS173 times hard to believe; AS174 cold users
dropped; AS175, AS176 shown pairs; AS177 a test that is no random part.

Names are imported when they are first used: interactions need no library for tables.
"""

from typing import TYPE_CHECKING

from autosample.lazy import names

if TYPE_CHECKING:
    from autosample.data.dataset import Dataset
    from autosample.data.events import Events, Note
    from autosample.data.filter import drop_duplicates, k_core, minimum_rating
    from autosample.data.formats import from_matrix
    from autosample.data.interactions import Interactions
    from autosample.data.load import load_dataset
    from autosample.data.read import read_events
    from autosample.data.split import (
        Split,
        from_files,
        split_leave_last,
        split_ratio,
        split_temporal,
    )
    from autosample.data.vocabulary import Vocabulary

__all__ = [
    "Dataset",
    "Events",
    "Interactions",
    "Note",
    "Split",
    "Vocabulary",
    "drop_duplicates",
    "from_files",
    "from_matrix",
    "k_core",
    "load_dataset",
    "minimum_rating",
    "read_events",
    "split_leave_last",
    "split_ratio",
    "split_temporal",
]
_HOMES = {
    "Dataset": "dataset",
    "Events": "events",
    "Interactions": "interactions",
    "Note": "events",
    "Split": "split",
    "Vocabulary": "vocabulary",
    "drop_duplicates": "filter",
    "from_files": "split",
    "from_matrix": "formats",
    "k_core": "filter",
    "load_dataset": "load",
    "minimum_rating": "filter",
    "read_events": "read",
    "split_leave_last": "split",
    "split_ratio": "split",
    "split_temporal": "split",
}

__getattr__, __dir__ = names(__name__, _HOMES)
