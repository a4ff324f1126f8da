import inspect
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from autosample import AutoSample
from autosample.errors import DataError, SettingsError, StoreError
from autosample.settings import Settings
from tests.tiny import QUICK, assert_same, quick, tiny_dataset, write_events

DATA = tiny_dataset()


@pytest.fixture(scope="module")
def fitted() -> AutoSample:
    return AutoSample(**QUICK).fit(DATA)


def test_defaults_are_those_of_the_settings() -> None:
    assert Settings.of(**AutoSample().get_params()) == Settings()
    assert AutoSample().get_params().keys() == Settings.model_fields.keys()


def test_the_constructor_stores_and_fit_checks() -> None:
    """What scikit-learn's clone needs: the same objects under the same names."""
    wanted = {"candidates": ["uniform", "dns:pool=4"], "epochs": 0}
    one = AutoSample(**wanted)
    again = type(one)(**one.get_params(deep=True))
    for name, value in one.get_params().items():
        assert getattr(again, name) is value
    with pytest.raises(SettingsError, match="epochs"):
        one.fit(DATA)


def test_parameters_are_set_by_name() -> None:
    one = AutoSample()
    assert one.set_params(dim=8, seed=3) is one
    assert (one.dim, one.seed) == (8, 3)
    with pytest.raises(SettingsError, match="did you mean 'epochs'"):
        one.set_params(epoch=3)
    with pytest.raises(SettingsError, match="dim"):
        one.set_params(dim=0, seed=4)
    assert one.seed == 3
    assert AutoSample(strategy="random").set_params(budget=2).budget == 2
    with pytest.raises(SettingsError, match="budget"):
        one.set_params(budget=2, strategy="weighted")


def test_fit_returns_itself_with_what_it_found(fitted) -> None:
    assert fitted.schedule_ == fitted.result_.schedule
    assert sum(epochs for _, epochs in fitted.schedule_) <= 8
    assert fitted.valid_metric_ == max(
        record["value"] for record in fitted.history_ if record["kind"] == "evaluation"
    )
    assert 0 < fitted.metrics_["ndcg@20"] < 1
    assert fitted.dataset_ is DATA


def test_files_and_frames_of_the_same_rows_give_the_same(tmp_path) -> None:
    path = write_events(tmp_path / "events.csv")
    frame = pl.read_csv(path).rename({"user_id": "who", "item_id": "what"})
    of_file = AutoSample(**QUICK).fit(path)
    of_frame = AutoSample(**QUICK).fit(frame, user="who", item="what")
    assert_same(of_file.result_, of_frame.result_)
    assert of_file.dataset_.notes[0].code == "AS150"


def test_parts_may_come_apart(tmp_path) -> None:
    one, other = (
        pl.DataFrame({"user_id": ["a", "a", "b", "b", "c"], "item_id": list("vwxyz")}),
        {
            "test_file": pl.DataFrame({"user_id": ["a", "b"], "item_id": ["x", "z"]}),
            "valid_file": pl.DataFrame({"user_id": ["a", "c"], "item_id": ["z", "v"]}),
        },
    )
    fitted = AutoSample(**{**QUICK, "candidates": ["uniform"], "epochs": 2}).fit(one, **other)
    assert (len(fitted.dataset_.test), len(fitted.dataset_.valid)) == (2, 2)


def test_recommendations_are_the_best_unseen(fitted) -> None:
    frame = fitted.recommend(["u3", "u0"], k=5)
    assert frame.columns == ["user", "item", "rank", "score"]
    scores = (fitted.result_.user_table @ fitted.result_.item_table.T).numpy()
    for user in ("u3", "u0"):
        number = DATA.users.numbers([user])[0]
        row = scores[number].copy()
        row[fitted.result_.seen.of(number)] = -np.inf
        best = np.argsort(-row)[:5]
        mine = frame.filter(pl.col("user") == user)
        assert mine["item"].to_list() == DATA.items.ids(best)
        assert mine["rank"].to_list() == [1, 2, 3, 4, 5]
        np.testing.assert_allclose(mine["score"].to_numpy(), row[best], rtol=1e-5)
    assert frame["user"].to_list() == ["u3"] * 5 + ["u0"] * 5


def test_a_list_is_no_longer_than_there_are_unseen_items(fitted) -> None:
    seen = fitted.result_.seen.user_counts[DATA.users.numbers(["u3"])[0]]
    assert len(fitted.recommend("u3", k=1000)) == DATA.n_items - seen


def test_whole_numbers_stand_for_their_text() -> None:
    frame = pl.DataFrame({"user_id": [7, 7, 7, 7, 8, 8, 8, 8], "item_id": [1, 2, 3, 4] * 2})
    fitted = AutoSample(**{**QUICK, "candidates": ["uniform"], "epochs": 2}).fit(frame, test=0.25)
    assert fitted.recommend(7, k=1).equals(fitted.recommend("7", k=1))
    assert fitted.recommend([7, 8], k=1)["user"].to_list() == ["7", "8"]
    assert fitted.recommend(np.int64(7), k=1).equals(fitted.recommend(7, k=1))
    for floats in (7.0, np.float32(7), [7.0], np.array([7.0])):  # as fit takes a frame's
        assert fitted.recommend(floats, k=1).equals(fitted.recommend(7, k=1))


def test_unknown_users(fitted) -> None:
    with pytest.raises(DataError, match=r"AS133.*'nobody'"):
        fitted.recommend(["u1", "nobody"])
    skipped = fitted.recommend(["nobody", "u1"], k=3, unknown="skip")
    assert skipped.equals(fitted.recommend("u1", k=3))
    popular = fitted.recommend(["nobody"], k=3, unknown="popular")
    counts = fitted.result_.seen.item_counts
    numbers = DATA.items.numbers(popular["item"])
    assert counts[numbers].tolist() == sorted(counts.tolist(), reverse=True)[:3]
    assert popular["score"].null_count() == 3
    assert fitted.recommend([], k=3).is_empty()
    with pytest.raises(SettingsError, match="AS204"):
        fitted.recommend("u1", unknown="guess")
    with pytest.raises(SettingsError, match="AS231"):
        fitted.recommend("u1", k=0)


@pytest.mark.parametrize("retrain", ["continue", "replay"])
def test_whom_validation_alone_has_was_trained_on_by_a_replay_only(retrain) -> None:
    rows = [(f"u{n // 6}", f"i{n * n % 11}", n) for n in range(60)]
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "at"], orient="row")
    settings = {**QUICK, "candidates": ["uniform"], "epochs": 2, "retrain": retrain}
    fitted = AutoSample(**settings).fit(events, time="at", split="temporal", valid=0.2, test=0.1)
    data = fitted.dataset_
    late = np.flatnonzero((data.train.user_counts == 0) & (data.valid.user_counts > 0))
    names = data.users.ids(late)
    assert names
    held = pl.DataFrame({"user_id": [names[0]] * data.n_items, "item_id": data.items.names})
    if retrain == "replay":
        assert len(fitted.recommend(names, k=1)) == len(names)
        assert fitted.score(held) > 0
    else:
        assert fitted.recommend(names, k=1, unknown="skip").is_empty()
        with pytest.raises(DataError, match="AS141"):
            fitted.score(held)


def test_a_dataset_is_not_split_again() -> None:
    with pytest.raises(SettingsError, match=r"AS208.*split, k_core"):
        AutoSample(**QUICK).fit(DATA, split="leave-last", k_core=3)


def test_nothing_without_fit(tmp_path) -> None:
    for call in (lambda a: a.recommend("u1"), lambda a: a.save(tmp_path), lambda a: a.report("x")):
        with pytest.raises(SettingsError, match="AS205"):
            call(AutoSample())


def test_save_and_load(fitted, tmp_path) -> None:
    fitted.save(tmp_path / "kept")
    loaded = AutoSample.load(tmp_path / "kept")
    assert_same(loaded.result_, fitted.result_)
    assert Settings.of(**loaded.get_params()) == quick()
    assert loaded.recommend("u1").equals(fitted.recommend("u1"))
    with pytest.raises(StoreError, match="AS501"):
        fitted.save(tmp_path / "kept")


def test_fit_in_a_folder_is_the_same(fitted, tmp_path) -> None:
    kept = AutoSample(**QUICK).fit(DATA, folder=tmp_path / "run")
    assert_same(kept.result_, fitted.result_)
    assert_same(AutoSample.load(tmp_path / "run").result_, fitted.result_)


def test_the_report_is_written(fitted, tmp_path) -> None:
    path = fitted.report(tmp_path / "report.html")
    assert "<html" in Path(path).read_text()


def test_the_report_finds_users_of_other_seeds_by_their_ids(fitted, tmp_path) -> None:
    """Another validation part of one training file numbers users otherwise."""
    head, *rows = write_events(tmp_path / "all.csv").read_text().splitlines()
    rows = [rows[place] for place in np.random.default_rng(0).permutation(len(rows))]
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    train.write_text("\n".join([head, *rows[100:]]))
    test.write_text("\n".join([head, *rows[:100]]))
    one, other = (AutoSample(**QUICK).fit(train, test_file=test, seed=seed) for seed in (0, 1))
    assert one.dataset_.users.names.to_list() != other.dataset_.users.names.to_list()
    page = one.report(tmp_path / "report.html", against={"other": other, "same": one.result_})
    assert "other" in page.read_text()
    with pytest.raises(DataError, match=r"AS145: .* that of 'other' is on another"):
        one.report(tmp_path / "report.html", against={"other": other.result_})
    with pytest.raises(DataError, match="AS145"):
        one.report(tmp_path / "report.html", against={"of another test": fitted})


def test_it_prints_as_it_was_made() -> None:
    assert repr(AutoSample(dim=8, seed=2)) == "AutoSample(dim=8, seed=2)"
    assert all(
        p.kind is p.KEYWORD_ONLY
        for p in list(inspect.signature(AutoSample.__init__).parameters.values())[1:]
    )


def test_a_result_prints_in_a_few_lines(fitted) -> None:
    assert "metrics={" in repr(fitted.result_)
    assert len(repr(fitted.result_)) < 2000
