"""LensKit's data: the columns of its frames, and its dataset by what it offers."""

import pandas as pd
import polars as pl
import pytest

from autosample.data import load_dataset
from autosample.errors import DataError
from autosample.integrations import from_lenskit
from tests.tiny import write_events


class LensKitDataset:
    """The one method that is used, with the signature that LensKit documents."""

    def __init__(self, frame):
        self._frame = frame

    def interaction_table(self, *, format, fields=None, original_ids=False):  # noqa: A002
        assert (format, fields, original_ids) == ("pandas", None, True)
        return self._frame


@pytest.fixture
def frame(tmp_path):
    rows = pd.read_csv(write_events(tmp_path / "events.csv"))
    return rows.assign(rating=[n % 5 + 1.0 for n in range(len(rows))], timestamp=range(len(rows)))


def test_a_dataset_and_a_frame_are_the_same(frame):
    expected = load_dataset(frame, time="timestamp", split="leave-last").fingerprint()
    assert from_lenskit(frame, split="leave-last").fingerprint() == expected
    assert from_lenskit(LensKitDataset(frame), split="leave-last").fingerprint() == expected
    assert from_lenskit(pl.from_pandas(frame), split="leave-last").fingerprint() == expected
    arrow = pl.from_pandas(frame).to_arrow()
    assert from_lenskit(arrow, split="leave-last").fingerprint() == expected


def test_ratings_are_read_when_they_decide(frame):
    fewer = from_lenskit(frame, minimum_rating=4)
    by_hand = load_dataset(frame[frame["rating"] >= 4], time="timestamp")
    assert fewer.fingerprint() == by_hand.fingerprint()


def test_former_names_and_other_names(frame):
    old = frame.rename(columns={"user_id": "user", "item_id": "item"})
    assert from_lenskit(old).fingerprint() == from_lenskit(frame).fingerprint()
    with pytest.raises(DataError, match="AS104"):
        from_lenskit(frame.rename(columns={"user_id": "who"}))


def test_a_path_is_no_dataset(tmp_path):
    with pytest.raises(DataError, match=r"AS104: .* got str.*load_dataset"):
        from_lenskit(str(tmp_path / "events.csv"))
