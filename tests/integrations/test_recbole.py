"""A RecBole folder and configuration: read as RecBole means them, or refused."""

import pytest

from autosample.data import load_dataset
from autosample.errors import SettingsError
from autosample.integrations import from_recbole
from tests.tiny import write_events


def atomic(folder, name="tiny", extra=()):
    """The tiny events as an atomic file; ratings are 1 to 5, times count up."""
    path = folder / name / f"{name}.inter"
    path.parent.mkdir(parents=True)
    rows = write_events(folder / "events.csv").read_text().splitlines()[1:]
    lines = ["user_id:token\titem_id:token\trating:float\ttimestamp:float"]
    for number, row in enumerate([*rows, *extra]):
        lines.append("\t".join([*row.split(","), str(number % 5 + 1), str(number)]))
    path.write_text("\n".join(lines))
    return {"data_path": str(folder), "dataset": name}


def test_the_same_as_reading_it_by_hand(tmp_path):
    config = atomic(tmp_path) | {
        "model": "LightGCN",
        "embedding_size": 16,
        "learning_rate": 0.01,
        "train_batch_size": 256,
        "epochs": 20,
        "stopping_step": 3,
        "eval_step": 2,
        "seed": 7,
        "val_interval": {"rating": "[3,inf)"},
        "user_inter_num_interval": "[2,inf)",
        "item_inter_num_interval": "[2,inf)",
        "eval_args": {"split": {"RS": [8, 1, 1]}, "order": "RO", "group_by": "user"},
        "topk": [5, 10],
        "metrics": ["NDCG", "Recall"],
        "valid_metric": "NDCG@10",
        "reg_weight": 1e-4,
        "learner": "Adam",  # RecBole takes any case
        "weight_decay": 0.0,
        "gpu_id": 0,
    }
    dataset, settings, left_out = from_recbole(config)
    by_hand = load_dataset(
        tmp_path / "tiny" / "tiny.inter",
        rating="rating",
        minimum_rating=3,
        k_core=2,
        valid=0.1,
        test=0.1,
        seed=7,
    )
    assert dataset.fingerprint() == by_hand.fingerprint()
    assert (settings.model, settings.dim, settings.depth) == ("lightgcn", 16, 2)
    assert (settings.lr, settings.batch_size, settings.epochs) == (0.01, 256, 20)
    assert (settings.patience, settings.metric, settings.seed) == (6, "ndcg@10", 7)
    assert settings.metrics == ("ndcg@5", "recall@5", "ndcg@10", "recall@10")
    assert settings.strategy == "adaptive"
    assert left_out == ("gpu_id", "reg_weight")


@pytest.mark.parametrize(
    ("arguments", "sampler"),
    [
        ({"distribution": "uniform", "sample_num": 2}, "uniform:k=2"),
        ({"distribution": "popularity", "alpha": 0.5}, "popularity:beta=0.5:k=1"),
        ({"distribution": "uniform", "dynamic": True, "candidate_num": 8}, "dns:pool=8"),
    ],
)
def test_its_sampler_is_kept_fixed(tmp_path, arguments, sampler):
    settings = from_recbole(atomic(tmp_path) | {"train_neg_sample_args": arguments}).settings
    assert (settings.strategy, settings.candidates) == ("fixed", (sampler,))


def test_the_hidden_sizes_of_ngcf_are_its_depth(tmp_path):
    config = atomic(tmp_path) | {"model": "NGCF", "hidden_size_list": [64, 64]}
    _, settings, left_out = from_recbole(config)
    assert (settings.dim, settings.depth) == (64, 2)
    assert "hidden_size_list" not in left_out


def test_a_config_object_and_benchmark_files_are_taken(tmp_path):
    config = atomic(tmp_path)
    lines = (tmp_path / "tiny" / "tiny.inter").read_text().splitlines()
    parts = {"train": lines[1:400], "valid": lines[400:450], "test": lines[450:]}
    for part, rows in parts.items():
        (tmp_path / "tiny" / f"tiny.{part}.inter").write_text("\n".join([lines[0], *rows]))

    class Config:  # as recbole.config.Config keeps what it has gathered, the folder's path too
        final_config_dict = config | {"data_path": str(tmp_path / "tiny")}

    assert (
        from_recbole(Config()).dataset.fingerprint() == from_recbole(config).dataset.fingerprint()
    )
    Config.final_config_dict["benchmark_filename"] = list(parts)
    # how it would be split does not matter then, nor whether that needs times
    for split in ({}, {"split": {"LS": "valid_and_test"}, "order": "TO"}, {"split": {"LS": "x"}}):
        Config.final_config_dict |= {"eval_args": split, "TIME_FIELD": "none"}
        found = from_recbole(Config()).dataset
        assert [len(getattr(found, part)) for part in parts] == [len(r) for r in parts.values()]
    Config.final_config_dict["eval_args"] = {"mode": "uni100"}
    with pytest.raises(SettingsError, match="AS282"):
        from_recbole(Config())


@pytest.mark.parametrize(
    ("split", "wanted"),
    [
        ({"split": {"LS": "valid_and_test"}, "order": "TO"}, "leave-last"),
        ({"split": {"RS": [0.8, 0.1, 0.1]}, "order": "TO", "group_by": "none"}, "temporal"),
    ],
)
def test_splits_by_time(tmp_path, split, wanted):
    found = from_recbole(atomic(tmp_path) | {"eval_args": split, "seed": 0}).dataset
    path = tmp_path / "tiny" / "tiny.inter"
    assert found.fingerprint() == load_dataset(path, time="timestamp", split=wanted).fingerprint()


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "SASRec"},
        {"learner": "sgd"},
        {"weight_decay": 1e-4},
        {"neg_sampling": {"popularity": 1}},
        {"eval_args": {"mode": "uni100"}},
        {"eval_args": {"mode": {"valid": "full", "test": "pop100"}}},
        {"eval_args": {"split": {"RS": [8, 1, 1]}, "order": "TO", "group_by": "user"}},
        {"eval_args": {"split": {"LS": "test_only"}, "order": "TO"}},
        {"val_interval": {"rating": "(3,inf)"}},
        {"val_interval": {"age": "[3,inf)"}},
        {"user_inter_num_interval": "[5,inf)"},
        {"benchmark_filename": ["train", "test"]},
        {"train_neg_sample_args": {"distribution": "none"}},
        {"train_neg_sample_args": {"dynamic": True, "candidate_num": 8, "sample_num": 2}},
        {"train_neg_sample_args": {"dynamic": True, "distribution": "popularity"}},
        {"model": "NGCF", "embedding_size": 16, "hidden_size_list": [16, 32]},
        {"dataset": None},
    ],
    ids=str,
)
def test_what_has_no_counterpart_is_refused(tmp_path, wrong):
    with pytest.raises(SettingsError, match="AS282"):
        from_recbole(atomic(tmp_path) | wrong)


def test_the_path_of_a_configuration_is_none(tmp_path):
    with pytest.raises(SettingsError, match=r"AS282: .* got str.*yaml.safe_load"):
        from_recbole(str(tmp_path / "config.yaml"))


@pytest.mark.parametrize("split", ["RS", ["RS"], {"RS": [8, 1, 1], "LS": "valid_and_test"}])
def test_a_split_that_is_no_mapping_of_one_is_refused(split):
    with pytest.raises(SettingsError, match=r"AS282: eval_args: split must be one entry"):
        from_recbole({"dataset": "small", "eval_args": {"split": split}})
