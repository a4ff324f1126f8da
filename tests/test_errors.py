"""Errors pass from one process to another as they are."""

import copy
import pickle

from autosample.errors import AutosampleError, DataError


def test_a_pickled_or_copied_error_is_the_same():
    error = DataError("AS111", "A number is out of range.", "Count from 0.", [7, "x"])
    error.add_note("in part 3")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is DataError
        assert isinstance(again, AutosampleError)
        assert str(again) == str(error)
        assert again.as_dict() == error.as_dict()
        assert again.__notes__ == ["in part 3"]
