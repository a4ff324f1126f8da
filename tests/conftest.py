"""What tests of every part share."""

import pytest

from autosample.kernels.threads import get_threads, set_threads


@pytest.fixture
def use_threads():
    """``set_threads``, with the number of threads put back after the test."""
    before = get_threads()
    yield set_threads
    set_threads(before)
