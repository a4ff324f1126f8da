"""What is exported, read back by the libraries it is for, says what ``recommend`` says."""

import hashlib
import json
import resource
from dataclasses import replace
from urllib.parse import unquote

import numpy as np
import pandas as pd
import polars as pl
import pytest
from pandas._libs.parsers import STR_NA_VALUES
from safetensors.numpy import load_file

from autosample.data import Dataset, Interactions, Vocabulary, read_events
from autosample.errors import DataError, SettingsError, StoreError
from autosample.export import EXPORTS, export_run, scorer, text
from autosample.export.target import Target
from autosample.lists import Lists
from autosample.store import RunFolder
from tests.tiny import quick, tiny_dataset

K = 7


def numbered(prefix: str, n: int) -> Vocabulary:
    """Ids that look alike to a careless reader."""
    odd = ["007", "7", "=1+1", "é", "NA"]
    return Vocabulary(pl.Series(odd + [f"{prefix}{i}" for i in range(n - len(odd))]))


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    plain = tiny_dataset()
    return replace(plain, users=numbered("u", plain.n_users), items=numbered("i", plain.n_items))


@pytest.fixture(scope="module")
def run(tmp_path_factory, dataset):
    path = tmp_path_factory.mktemp("export") / "run"
    RunFolder.create(path, dataset, quick(dim=16)).run(dataset)
    return path


@pytest.fixture(scope="module")
def lists(run) -> Lists:
    return Lists.load(run)


@pytest.fixture(scope="module")
def expected(lists) -> dict[str, list[str]]:
    """Lists of all users by the command's own path."""
    frame = lists.recommend(lists.users.names, K)
    return {user: rows["item"].to_list() for (user,), rows in frame.group_by("user")}


@pytest.mark.parametrize("to", EXPORTS)
def test_a_full_disk_is_said_to_be_full(run, tmp_path, to) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, hard))
    try:
        with pytest.raises(StoreError, match="AS502"):
            export_run(run, to, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())


def ids(folder, name) -> list[str]:
    return json.loads((folder / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("to", EXPORTS)
def test_the_manifest_has_the_checksum_of_every_file(run, tmp_path, to) -> None:
    told = export_run(run, to, tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert manifest["export"] == told["export"] == to
    names = {path.name for path in (tmp_path / "out").iterdir()} - {"manifest.json"}
    assert manifest["files"].keys() == names
    for name in names:
        content = (tmp_path / "out" / name).read_bytes()
        fine = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        assert manifest["files"][name] == fine
    with pytest.raises(StoreError, match="AS501"):
        export_run(run, to, tmp_path / "out")


def test_embeddings(run, tmp_path, expected) -> None:
    export_run(run, "embeddings", tmp_path)
    read = load_file(tmp_path / "embeddings.safetensors")
    users, items = ids(tmp_path, "users"), ids(tmp_path, "items")
    assert users[:5] == ["007", "7", "=1+1", "é", "NA"]
    scores = read["users"] @ read["items"].T
    for number, user in enumerate(users):
        seen = read["seen_items"][slice(*read["seen_indptr"][number : number + 2])]
        scores[number, seen] = -np.inf
        best = np.argsort(-scores[number], kind="stable")[:K]
        assert [items[item] for item in best] == expected[user]


def test_tables_have_ids_and_rows(run, tmp_path, dataset) -> None:
    pandas = pytest.importorskip("pandas")
    export_run(run, "embeddings", tmp_path / "all")
    export_run(run, "onnx", tmp_path / "ids")
    arrays = load_file(tmp_path / "all" / "embeddings.safetensors")
    for kind, names in (("users", dataset.users.names), ("items", dataset.items.names)):
        table = pl.read_parquet(tmp_path / "all" / f"{kind}.parquet")
        assert table["id"].to_list() == ids(tmp_path / "all", kind) == names.to_list()
        assert table["row"].to_list() == list(range(len(names)))
        assert (table["embedding"].to_numpy() == arrays[kind]).all()
        rows = pandas.read_parquet(tmp_path / "all" / f"{kind}.parquet")["embedding"]
        assert (np.stack(rows.to_list()) == arrays[kind]).all()
        bare = pl.read_parquet(tmp_path / "ids" / f"{kind}.parquet")
        assert bare.equals(table.drop("embedding"))


def test_the_index_gives_the_same_lists(run, tmp_path, expected) -> None:
    faiss = pytest.importorskip("faiss")
    export_run(run, "faiss", tmp_path)
    index = faiss.read_index(str(tmp_path / "items.faiss"))
    read = load_file(tmp_path / "embeddings.safetensors")
    items = ids(tmp_path, "items")
    seen = np.split(read["seen_items"], read["seen_indptr"][1:-1])
    _, found = index.search(read["users"], K + max(map(len, seen)))
    for user, row, had in zip(ids(tmp_path, "users"), found, seen, strict=True):
        kept = [items[item] for item in row if item not in had]
        assert kept[:K] == expected[user]


@pytest.mark.parametrize("inline", [True, False])
def test_the_scorer_gives_the_same_lists(run, tmp_path, expected, monkeypatch, inline) -> None:
    runtime = pytest.importorskip("onnxruntime")
    if not inline:
        monkeypatch.setattr(scorer, "_INLINE", 0)
    told = export_run(run, "onnx", tmp_path)
    assert told["opset"] == 17
    assert (tmp_path / "scorer.weights").exists() != inline
    session = runtime.InferenceSession(tmp_path / "scorer.onnx")
    users, items, seen = (ids(tmp_path, name) for name in ("users", "items", "seen"))
    exclude = np.full((len(users), max(map(len, seen))), -1)
    for row, had in zip(exclude, seen, strict=True):
        row[: len(had)] = had
    given = {"users": np.arange(len(users)), "exclude": exclude}
    found, scores = session.run(None, {**given, "k": np.array([K])})
    assert (np.diff(scores) <= 0).all()
    for user, row in zip(users, found, strict=True):
        assert [items[item] for item in row] == expected[user]
    found, scores = session.run(None, {**given, "k": np.array([10**6])})
    assert found.shape == (len(users), len(items))
    left = [len(items) - len(had) for had in seen]
    assert (found >= 0).sum(axis=1).tolist() == left, "never filled up with an item"


def test_the_scorer_needs_no_exclusion(run, tmp_path, lists) -> None:
    runtime = pytest.importorskip("onnxruntime")
    export_run(run, "onnx", tmp_path)
    session = runtime.InferenceSession(tmp_path / "scorer.onnx")
    none = np.empty((2, 0), np.int64)
    given = {"users": np.array([4, 4]), "exclude": none, "k": np.array([1])}
    best = int((lists.user_table[4] @ lists.item_table.T).argmax())
    assert session.run(["items"], given)[0].tolist() == [[best], [best]]


def test_trec_files_give_our_metrics(run, tmp_path) -> None:
    measures = pytest.importorskip("ir_measures")
    export_run(run, "trec", tmp_path)
    found = measures.calc_aggregate(
        [measures.nDCG @ 20, measures.R @ 20, measures.nDCG @ 10],
        list(measures.read_trec_qrels(str(tmp_path / "qrels.trec"))),
        list(measures.read_trec_run(str(tmp_path / "run.trec"))),
    )
    ours = RunFolder.open(run).result().metrics
    got = {str(name).lower(): value for name, value in found.items()}
    assert got["ndcg@20"] == pytest.approx(ours["ndcg@20"], abs=1e-9)
    assert got["ndcg@10"] == pytest.approx(ours["ndcg@10"], abs=1e-9)
    assert got["r@20"] == pytest.approx(ours["recall@20"], abs=1e-9)


def test_ties_keep_our_order_in_float32() -> None:
    scores = np.array([[2, 2, 2, 1], [0.5, 0.25, 0.25, 0.25]], np.float32)
    lowered = text._falling(scores)
    assert (np.diff(lowered) < 0).all()
    np.testing.assert_allclose(lowered, scores, rtol=1e-6)
    assert (text._falling(np.array([[3, 2, 1]], np.float32)) == [[3, 2, 1]]).all()


def test_recbole_files_are_the_same_split(run, tmp_path, dataset) -> None:
    told = export_run(run, "recbole", tmp_path / "shop")
    assert told["ids"] == "percent-encoded", "for the id NA, which pandas takes for nothing"
    for kind in ("train", "valid", "test"):
        part: Interactions = getattr(dataset, kind)
        path = tmp_path / "shop" / f"shop.{kind}.inter"
        assert path.read_text("utf-8").splitlines()[0] == "user_id:token\titem_id:token"
        for frame in (read_events(path).frame, pd.read_csv(path, sep="\t", dtype=str)):
            users, items = (map(unquote, frame[column]) for column in list(frame.columns))
            assert list(users) == dataset.users.ids(part.users)
            assert list(items) == dataset.items.ids(part.items)


def test_ids_that_a_format_cannot_hold_are_encoded(dataset, lists, tmp_path) -> None:
    odd = Vocabulary(pl.Series(["a b", "c%d", "", "tab\there", *dataset.items.names[4:]]))
    other = Lists(lists.user_table, lists.item_table, lists.seen, lists.users, odd)
    told = text.trec(other, dataset, Target(tmp_path), 80)
    assert told["ids"] == "percent-encoded"
    lines = (tmp_path / "run.trec").read_text("utf-8").splitlines()
    assert {len(line.split()) for line in lines} == {6}
    assert {"a%20b", "c%25d", "%", "tab%09here"} <= {line.split()[2] for line in lines}


def test_ids_that_pandas_takes_for_nothing_reach_recbole(run, lists, dataset, tmp_path) -> None:
    words = [*sorted(STR_NA_VALUES - {""}), "Nancy", "NA1", "x"]
    odd = Vocabulary(pl.Series([*words, *dataset.items.names[len(words) :]]))
    other = Lists(lists.user_table, lists.item_table, lists.seen, lists.users, odd)
    told = text.recbole(other, dataset, Target(tmp_path), "shop")
    assert told["ids"] == "percent-encoded"
    read = pd.read_csv(tmp_path / "shop.train.inter", sep="\t", dtype=str)
    found = [unquote(item) for item in read["item_id:token"]]
    assert found == odd.ids(dataset.train.items)


def test_what_cannot_be_exported_is_refused(run, tmp_path, dataset, lists, monkeypatch) -> None:
    with pytest.raises(SettingsError, match=r"AS271.*'faiss'"):
        export_run(run, "fais", tmp_path / "x")
    untested = replace(dataset, test=Interactions.from_pairs([], [], 60, 80))
    with pytest.raises(DataError, match="AS141"):
        text.trec(lists, untested, Target(tmp_path / "y"), K)
    monkeypatch.setattr("autosample.extras.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"AS270.*'export'.*autosample\[export\]"):
        export_run(run, "onnx", tmp_path / "z")
