import dataclasses

import polars as pl
import pytest

from autosample.data.events import Events, Note
from autosample.errors import DataError
from tests.data.making import make_events

NOTE = Note("AS150", "Read.", 1)


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame({"user": ["a"]}),
        pl.DataFrame({"user": [1], "item": ["x"]}),
        pl.DataFrame({"user": ["a"], "item": ["x"], "rating": [1]}),
        pl.DataFrame({"user": ["a"], "item": ["x"], "other": ["z"]}),
    ],
)
def test_only_the_canonical_columns(frame):
    with pytest.raises(DataError, match="AS100"):
        Events(frame)


def test_columns_are_reported():
    assert not make_events([("a", "x")]).has_rating
    assert make_events([("a", "x", 1.0)], "rating").has_rating
    assert make_events([("a", "x", 1)], "time").has_time


def test_changing_the_callers_frame_changes_nothing():
    frame = pl.DataFrame({"user": ["a"], "item": ["x"]})
    events = Events(frame)
    frame.insert_column(0, pl.Series("time", [1]))
    assert events.frame.columns == ["user", "item"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        events.notes = ()


def test_replace_adds_notes():
    events = Events(make_events([("a", "x"), ("b", "x")]).frame, (NOTE,))
    fewer = events.replace(events.frame.head(1), Note("AS160", "Dropped.", 1))
    assert len(fewer) == 1
    assert [note.code for note in fewer.notes] == ["AS150", "AS160"]
    assert NOTE.as_dict() == {"code": "AS150", "message": "Read.", "count": 1}
