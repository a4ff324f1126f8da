import pytest

from autosample.errors import SettingsError
from autosample.settings import Settings


def problem(**values) -> str:
    with pytest.raises(SettingsError) as caught:
        Settings.of(**values)
    assert caught.value.code == "AS202"
    return str(caught.value)


def test_none_is_the_default() -> None:
    assert Settings.of(lr=None, dim=None) == Settings()


def test_an_unknown_name_brings_the_nearest() -> None:
    text = problem(modle="mf")
    assert "'modle'" in text
    assert "did you mean 'model'" in text
    assert "did you mean" not in problem(xyzzy=1)


def test_all_problems_come_at_once() -> None:
    text = problem(epochs=0, loss="hinge", dmi=8)
    assert all(word in text for word in ("epochs", "'hinge'", "'bpr' or 'softmax'", "'dim'"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"dim": 0},
        {"dim": 2.5},
        {"depth": -1},
        {"lr": 0},
        {"lr": float("nan")},
        {"l2": -1},
        {"batch_size": 0},
        {"candidates": []},
        {"candidates": "uniform"},
        {"window": 0},
        {"patience": 0},
        {"seed": -1},
        {"strategy": "__import__('os')"},
        {"retrain": "again"},
    ],
)
def test_values_out_of_range_are_refused(wrong) -> None:
    assert next(iter(wrong)) in problem(**wrong)


@pytest.mark.parametrize(("epochs", "window"), [(100, 5), (1000, 50), (19, 1), (1, 1)])
def test_a_window_is_a_twentieth_of_the_epochs(epochs, window) -> None:
    assert Settings.of(epochs=epochs).trial_window == window
    assert Settings.of(epochs=epochs, window=3).trial_window == 3


def test_settings_come_back_from_json() -> None:
    settings = Settings.of(candidates=["uniform"], lr=0.1)
    assert Settings.of(**settings.model_dump(mode="json")) == settings


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().dim = 3
