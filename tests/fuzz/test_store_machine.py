"""The run store driven at random: create, run, stop, damage, resume, open. It never lies.

Whatever happened before, a run either ends with the result of an undisturbed one, or says by a code
why not; what was finished stays finished.
"""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from autosample.errors import StoreError
from autosample.run import run
from autosample.store import RunFolder
from tests.tiny import assert_same, quick, tiny_dataset

SETTINGS = quick(epochs=3, window=1, strategy="fixed", candidates=["uniform"])
DATA = tiny_dataset()
KNOWN: dict[str, object] = {}
DONE: set[str] = set()  # what the machine did at least once


def undisturbed():
    if "result" not in KNOWN:
        KNOWN["result"] = run(DATA, SETTINGS)
    return KNOWN["result"]


def checkpoints(folder: Path) -> list[Path]:
    return sorted(folder.glob("checkpoints/*"))


class StopError(Exception):
    """The process is gone."""


class Store(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="autosample-machine-"))
        self.path = self.home / "run"
        self.over = self.damaged = False

    @initialize()
    def create(self) -> None:
        RunFolder.create(self.path, DATA, SETTINGS)

    @rule()
    def create_again(self) -> None:
        with pytest.raises(StoreError) as caught:
            RunFolder.create(self.path, DATA, SETTINGS)
        assert caught.value.code == "AS501"

    @precondition(lambda self: not self.over)
    @rule(trial=st.integers(1, 3))
    def run_and_die(self, trial: int) -> None:
        def stop(progress) -> None:
            if progress.trial >= trial:
                raise StopError

        with pytest.raises(StopError):
            RunFolder.open(self.path).run(on_progress=stop)

    @precondition(lambda self: checkpoints(self.path))
    @rule(file=st.integers(0, 99), bit=st.integers(0, 7), share=st.floats(0, 0.99))
    def damage_a_checkpoint(self, file: int, bit: int, share: float) -> None:
        """Any of its files: a manifest or tensors."""
        every = checkpoints(self.path)
        path = every[file % len(every)]
        content = bytearray(path.read_bytes())
        content[int(share * len(content))] ^= 1 << bit
        path.write_bytes(content)
        DONE.add("damaged a checkpoint")

    @precondition(lambda self: not self.damaged)
    @rule()
    def resume(self) -> None:
        assert_same(RunFolder.open(self.path).run(), undisturbed())
        self.over = True
        DONE.add("resumed")

    @rule()
    def open(self) -> None:
        folder = RunFolder.open(self.path)
        assert folder.finished == self.over
        if not self.over:
            with pytest.raises(StoreError) as caught:
                folder.result()
            assert caught.value.code == "AS509"
        elif not self.damaged:
            assert_same(folder.result(), undisturbed())

    @precondition(lambda self: self.over and not self.damaged)
    @rule(name=st.sampled_from(("result.json", "model.safetensors", "users.jsonl")))
    def damage_the_result(self, name: str) -> None:
        content = (self.path / name).read_bytes()
        (self.path / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(StoreError) as caught:
            RunFolder.open(self.path).result()
        assert caught.value.code == "AS506"
        self.damaged = True
        DONE.add("damaged a result")

    def teardown(self) -> None:
        shutil.rmtree(self.home)


def test_the_store_never_lies() -> None:
    DONE.clear()
    run_state_machine_as_test(
        Store,
        settings=settings(
            max_examples=10,
            stateful_step_count=8,
            deadline=None,
            database=None,
            derandomize=True,
        ),
    )
    # a rule whose condition never holds would test nothing
    assert {"damaged a checkpoint", "resumed", "damaged a result"} == DONE
