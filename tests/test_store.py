import errno
import json
import os
import pickle
import resource
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from autosample.data import Note
from autosample.errors import SettingsError, StoreError
from autosample.run import run
from autosample.store import RunFolder
from autosample.store.files import locked, replace_file, replace_json
from autosample.store.manifest import read_manifest, write_manifest
from tests.tiny import assert_same, quick, tiny_dataset

SETTINGS = {"strategy": "exhaustive", "candidates": ["uniform", "dns:pool=4"], "epochs": 4}


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "run"
    RunFolder.create(path, tiny_dataset(), quick(**SETTINGS)).run()
    return path


@pytest.fixture
def copy(finished, tmp_path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))


@pytest.fixture
def new(tmp_path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", tiny_dataset(), quick(**SETTINGS))


def code_of(call, *arguments, **keywords) -> str:
    with pytest.raises(StoreError) as caught:
        call(*arguments, **keywords)
    return caught.value.code


def test_what_is_written_is_what_is_read(finished) -> None:
    folder, data = RunFolder.open(finished), tiny_dataset()
    assert folder.finished
    assert folder.settings() == quick(**SETTINGS)
    assert folder.dataset().fingerprint() == data.fingerprint()
    assert_same(folder.result(), run(data, quick(**SETTINGS)))


def test_notes_and_strange_ids_are_kept(tmp_path) -> None:
    data = tiny_dataset()
    names = data.users.names.to_list()
    names[:4] = ["", "a\nb", "<script>", "é\u202e"]
    users = type(data.users).from_ids(names)
    notes = (Note("AS150", "Read.", 3),)
    odd = type(data)(data.train, data.valid, data.test, users, data.items, notes)
    back = RunFolder.create(tmp_path / "run", odd, quick()).dataset()
    assert back.users.names.to_list() == names
    assert back.notes == notes
    assert back.fingerprint() == odd.fingerprint()


def test_a_result_without_test_split(tmp_path) -> None:
    data = tiny_dataset()
    empty = type(data.test).from_pairs([], [], data.n_users, data.n_items)
    untested = type(data)(data.train, data.valid, empty, data.users, data.items)
    folder = RunFolder.create(tmp_path / "run", untested, quick(**SETTINGS))
    folder.run()
    assert folder.result().ranks is None
    assert folder.result().metrics == {}


def test_a_finished_run_is_read_not_run(finished) -> None:
    before = (finished / "result.json").stat().st_mtime_ns
    seen = []
    RunFolder.open(finished).run(on_progress=seen.append)
    assert seen == []
    assert (finished / "result.json").stat().st_mtime_ns == before


def test_the_manifest_has_the_sha256_of_every_file(finished) -> None:
    sums = json.loads((finished / "manifest.json").read_text())["sha256"]
    files = {path.name for path in finished.iterdir()} - {"manifest.json", "lock"}
    assert sums == {n: sha256((finished / n).read_bytes()).hexdigest() for n in files}


def test_no_file_names_this_machine(finished) -> None:
    private = {os.uname().nodename, str(finished.parent), str(Path.home()), str(Path.cwd())}
    for path in finished.glob("*.json*"):
        text = path.read_text()
        assert not [word for word in private if len(word) > 3 and word in text], path.name


def test_a_folder_with_something_in_it_is_refused(new, tmp_path) -> None:
    assert code_of(RunFolder.create, new.path, tiny_dataset(), quick()) == "AS501"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("mine")
    assert code_of(RunFolder.create, tmp_path / "other", tiny_dataset(), quick()) == "AS501"
    assert (tmp_path / "other" / "thesis.tex").read_text() == "mine"
    assert len(list((tmp_path / "other").iterdir())) == 1, "a lock was left in it"


def test_wrong_names_are_refused_before_anything_is_written(tmp_path) -> None:
    for wrong in ({"model": "nfm"}, {"candidates": ["dns:pol=4"]}, {"metric": "ndgc@20"}):
        with pytest.raises(SettingsError):
            RunFolder.create(tmp_path / "run", tiny_dataset(), quick(**wrong))
    assert not (tmp_path / "run").exists()


def test_a_second_writer_is_refused(new) -> None:
    with locked(new.path):
        assert code_of(new.run) == "AS505"
    new.run()
    assert new.finished


def test_a_full_disk_loses_nothing(new) -> None:
    """A real refusal by the system: files may not grow beyond 2 kB after the third trial."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(progress):
        if progress.trial == 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))

    try:
        code = code_of(new.run, on_progress=fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert code == "AS502"
    again = RunFolder.open(new.path)
    assert_same(again.run(), run(tiny_dataset(), quick(**SETTINGS)))
    assert [note.code for note in again.notes] == ["AS521"]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "AS502"),
        (errno.EROFS, "AS503"),
        (errno.EACCES, "AS503"),
        (errno.EIO, "AS504"),
    ],
)
def test_a_refused_write_leaves_the_old_file(tmp_path, monkeypatch, number, code) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def refuse(*arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "replace", refuse)
    assert code_of(replace_file, path, lambda part: part.write_text("new")) == code
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["result.json", "model.safetensors", "users.jsonl", "data.json"])
def test_a_changed_file_is_refused(copy, name) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    assert code_of(RunFolder.open(copy).result) == "AS506"


@pytest.mark.parametrize("name", ["ranks.safetensors", "data.safetensors"])
def test_a_missing_file_is_refused(copy, name) -> None:
    (copy / name).unlink()
    with pytest.raises(StoreError, match=rf"AS506.*{name} must be there.*--keep"):
        RunFolder.open(copy).result()


def test_what_is_no_run_folder_is_refused(copy, tmp_path) -> None:
    assert code_of(RunFolder.open, tmp_path / "nowhere") == "AS507"
    for text in ("", "[]", "{}", '{"format": 1}'):
        (copy / "manifest.json").write_text(text)
        assert code_of(RunFolder.open, copy) == "AS507"
    (copy / "manifest.json").write_text('{"format": 3, "sha256": {}}')
    assert code_of(RunFolder.open, copy) == "AS508"


def test_names_in_a_manifest_lead_nowhere(copy) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["sha256"] |= {"../../secret": "0", "/etc/passwd": "0"}
    (copy / "manifest.json").write_text(json.dumps(manifest))
    assert not {"../../secret", "/etc/passwd"} & read_manifest(copy).keys()


def test_a_run_that_is_not_over_has_no_result(new) -> None:
    with pytest.raises(StoreError, match=r"AS509.*autosample resume"):
        new.result()
    with locked(new.path), pytest.raises(StoreError, match=r"AS509.*wait"):
        new.result()


def test_a_search_that_asks_otherwise_is_not_resumed(new) -> None:
    def stop(progress):
        if progress.trial == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        new.run(on_progress=stop)
    other = quick(**{**SETTINGS, "candidates": ["popularity", "dns:pool=4"]})
    digest = replace_json(new.path / "settings.json", other.model_dump(mode="json"))
    write_manifest(new.path, read_manifest(new.path) | {"settings.json": digest})
    assert code_of(RunFolder.open(new.path).run) == "AS510"


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_nothing_is_unpickled(new, tmp_path) -> None:
    content = pickle.dumps(Trap(tmp_path / "sprung"))
    folder = new.path / "checkpoints"
    folder.mkdir()
    digest = sha256(content).hexdigest()
    (folder / f"checkpoint-00000009-{digest[:16]}.json").write_bytes(content)
    (folder / f"{digest}.safetensors").write_bytes(content)
    books = json.dumps({"parts": [], "within": None, "blobs": [digest]}).encode()
    name = f"checkpoint-00000008-{sha256(books).hexdigest()[:16]}.json"
    (folder / name).write_bytes(books)
    new.run()
    assert [note.code for note in new.notes] == ["AS520", "AS520", "AS522"]
    assert not (tmp_path / "sprung").exists()
