"""The public names are what ``__all__`` says, importable, documented, and cheap to ask for."""

import inspect
import subprocess
import sys

import pytest

import autosample
import autosample.data


@pytest.mark.parametrize("name", autosample.__all__)
def test_every_public_name_is_there_and_documented(name):
    thing = getattr(autosample, name)
    if name != "__version__":
        assert inspect.getdoc(thing)
        assert thing.__module__.startswith("autosample.")


def test_dir_shows_them_and_other_names_are_refused():
    assert set(autosample.__all__) <= set(dir(autosample))
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        _ = autosample.nothing_of_ours


def test_importing_the_package_imports_nothing_heavy():
    code = "import sys, autosample; print(sorted({'torch', 'numba', 'polars'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", autosample.data.__all__)
def test_every_name_of_data_is_there_and_documented(name):
    assert inspect.getdoc(getattr(autosample.data, name))
    assert name in dir(autosample.data)


def test_other_names_of_data_are_refused():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = autosample.data.nothing


def test_training_and_ranking_load_no_library_for_tables():
    code = (
        "import sys, autosample.evaluate, autosample.samplers, autosample.train\n"
        "print('polars' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_version_is_that_of_the_distribution():
    from importlib.metadata import version  # noqa: PLC0415

    assert autosample.__version__ == version("autosample")
