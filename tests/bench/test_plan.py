import dataclasses

import pytest

from autosample.bench import Source, plan
from autosample.errors import AutosampleError
from autosample.settings import DEFAULT_CANDIDATES, Settings
from tests.bench.making import SAMPLERS, SHORT, jobs, write_file, write_parts
from tests.tiny import write_events


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    return write_parts(tmp_path_factory.mktemp("data") / "shop")


def test_the_product_of_everything_with_seeds_outermost(parts, tmp_path):
    other = write_parts(tmp_path / "films", seed=1)
    planned = list(
        plan(
            [Source(parts), Source(other)],
            models=["mf", "lightgcn"],
            strategies=["fixed", "adaptive"],
            seeds=[0, 1],
            candidates=SAMPLERS,
            settings=SHORT,
        )
    )
    assert len(planned) == 2 * 2 * (2 + 1) * 2
    assert [job.settings.seed for job in planned] == [0] * 12 + [1] * 12
    assert [job.dataset for job in planned[:12]] == ["shop"] * 6 + ["films"] * 6
    assert [job.label for job in planned[:3]] == ["uniform", "dns:pool=4", "adaptive"]
    assert len({job.key for job in planned}) == 24


def test_data_of_one_name_goes_by_its_path(tmp_path):
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
    paths = [tmp_path / name for name in ("a.csv", "one/events.csv", "two/events.csv")]
    sources = [Source(write_events(path, seed)) for seed, path in enumerate(paths)]
    planned = plan(sources, models=["mf"], strategies=["adaptive"], seeds=[0])
    assert [job.dataset for job in planned] == ["a", *map(str, paths[1:])]


def test_fixed_is_every_candidate_alone(parts):
    planned = list(plan([Source(parts)], models=["mf"], strategies=["fixed"], seeds=[0]))
    assert tuple(job.label for job in planned) == DEFAULT_CANDIDATES
    assert all(job.settings.strategy == "fixed" for job in planned)
    assert all(job.settings.candidates == (job.label,) for job in planned)


def test_one_fixed_sampler_and_a_strategy_with_settings(parts):
    one, tpe = jobs(parts, ["fixed:dns:pool=08", "tpe:budget=2"])
    assert one.label == "dns:pool=8"
    assert one.settings.candidates == ("dns:pool=8",)
    assert tpe.label == "tpe:budget=2"
    assert tpe.settings == Settings.of(**SHORT, strategy="tpe", budget=2, candidates=SAMPLERS)


def test_a_key_depends_on_settings_and_data_and_not_on_where_data_is(parts, tmp_path):
    (job,) = jobs(parts, ["adaptive"])
    (again,) = jobs(write_parts(tmp_path / "copy"), ["adaptive"])
    assert job.key == again.key
    assert job.key != jobs(parts, ["adaptive"], epochs=5)[0].key
    assert job.key != jobs(write_parts(tmp_path / "other", seed=1), ["adaptive"])[0].key


def test_a_key_depends_on_the_version(parts, monkeypatch):
    (job,) = jobs(parts, ["adaptive"])
    before = job.key
    monkeypatch.setattr("autosample.bench.jobs.version", lambda name: "9.9")
    assert dataclasses.replace(job).key != before


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"strategies": ["adaptiv"]}, "AS202"),
        ({"strategies": ["fixed:dsn"]}, "AS221"),
        ({"strategies": ["tpe:budget"]}, "AS209"),
        ({"strategies": ["weighted:budget=2"]}, "AS202"),
        ({"strategies": ["adaptive:seed=2"]}, "AS209"),
        ({"strategies": ["adaptive:model=lightgcn"]}, "AS209"),
        ({"models": ["fm"]}, "AS203"),
        ({"settings": {"epoch": 3}}, "AS202"),
        ({"settings": {"seed": 3}}, "AS209"),
        ({"settings": {"model": "lightgcn"}}, "AS209"),
        ({"settings": {"candidates": "uniform"}}, "AS209"),
    ],
)
def test_what_does_not_exist_is_refused_before_data_is_read(changes, code, tmp_path):
    given = {"models": ["mf"], "strategies": ["adaptive"], "seeds": [0]} | changes
    with pytest.raises(AutosampleError) as caught:
        list(plan([Source(tmp_path / "nowhere.csv")], **given))
    assert caught.value.code == code


def test_a_budget_that_would_be_exceeded_is_refused_before_training(parts):
    assert jobs(parts, ["adaptive:budget=2"])
    with pytest.raises(AutosampleError, match="AS253"):
        jobs(parts, ["fixed", "adaptive:budget=1"])


def test_sources_have_names(parts, tmp_path):
    assert Source(parts).name == "shop"
    assert Source(write_file(tmp_path / "events.csv.gz")).name == "events"
    assert Source(parts / "train.csv").name == "shop"


def test_a_folder_of_parts_is_split_as_it_is_but_for_validation(parts):
    one, other = Source(parts).load(0), Source(parts).load(1)
    assert one.test.fingerprint() != other.valid.fingerprint()
    assert one.summary()["test"] == other.summary()["test"]
    assert one.fingerprint() != other.fingerprint()


def test_a_file_is_split_by_the_seed(tmp_path):
    source = Source(write_file(tmp_path / "events.csv"), {"split": "ratio"})
    assert source.load(0).fingerprint() == Source.from_dict(source.as_dict()).load(0).fingerprint()
    assert source.load(0).fingerprint() != source.load(1).fingerprint()


def test_two_files_for_a_part_are_refused(tmp_path):
    folder = write_parts(tmp_path / "data")
    (folder / "train.tsv").write_text("x")
    with pytest.raises(AutosampleError, match="AS146"):
        Source(folder).load(0)
