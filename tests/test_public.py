"""The public names are what ``__all__`` says, importable, documented, and cheap to ask for."""

import inspect
import subprocess
import sys

import pytest

import autosample


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


def test_the_version_is_that_of_the_distribution():
    from importlib.metadata import version  # noqa: PLC0415

    assert autosample.__version__ == version("autosample")
