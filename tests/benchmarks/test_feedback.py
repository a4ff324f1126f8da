"""The data of the speed runs."""

import numpy as np
import pytest
from benchmarks.speed import feedback


def simulate(seed: int = 0) -> feedback.Arrays:
    return feedback.simulate(300, 500, 6000, seed=seed)


def keys(pairs: feedback.Arrays, part: str = "") -> set[tuple[int, int]]:
    users, items = pairs[f"{part}users"].tolist(), pairs[f"{part}items"].tolist()
    return set(zip(users, items, strict=True))


def test_pairs_are_distinct_in_range_and_cut_four_to_one() -> None:
    pairs = simulate()
    train, test = keys(pairs), keys(pairs, "test_")
    assert feedback.shape(pairs) == {"users": 300, "items": 500, "train": 4800, "test": 1200}
    assert (len(train), len(test)) == (4800, 1200)
    assert not train & test
    assert all(0 <= user < 300 and 0 <= item < 500 for user, item in train | test)


def test_train_is_sorted_by_user_then_item() -> None:
    pairs = simulate()
    flat = pairs["users"].astype(np.int64) * 500 + pairs["items"]
    assert (np.diff(flat) > 0).all()


def test_the_seed_decides_everything() -> None:
    assert keys(simulate()) == keys(simulate())
    assert keys(simulate()) != keys(simulate(seed=1))


def test_popularity_has_a_head_and_activity_varies() -> None:
    pairs = feedback.simulate(3000, 4000, 60_000)
    items = np.sort(np.bincount(pairs["items"], minlength=4000))[::-1]
    users = np.bincount(pairs["users"], minlength=3000)
    assert items[:40].sum() > 5 * items.sum() / 100  # one percent of the items, evenly: 1 %
    assert np.std(users) > 2 * np.sqrt(users.mean())  # a Poisson number: 1


@pytest.mark.parametrize("n_pairs", [0, 60 * 80 // 2 + 1])
def test_impossible_numbers_of_pairs_are_refused(n_pairs: int) -> None:
    with pytest.raises(ValueError, match="n_pairs"):
        feedback.simulate(60, 80, n_pairs)


def test_dense_data_end_all_the_same() -> None:
    assert len(feedback.simulate(60, 80, 2400)["users"]) == 1920


def test_files_in_lightgcn_format(tmp_path) -> None:
    (tmp_path / "train.txt").write_text("0 3 1\n1 2\n")
    (tmp_path / "test.txt").write_text("0 2\n2\n1 4\n")
    pairs = feedback.read_lightgcn(tmp_path)
    assert keys(pairs) == {(0, 3), (0, 1), (1, 2)}
    assert keys(pairs, "test_") == {(0, 2), (1, 4)}
    assert feedback.shape(pairs) == {"users": 2, "items": 5, "train": 3, "test": 2}
