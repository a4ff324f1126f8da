"""Examples in docstrings run and print what they say."""

import doctest
import importlib
import pkgutil

import pytest

import autosample

MODULES = [
    module.name
    for module in pkgutil.walk_packages(autosample.__path__, "autosample.")
    if "__main__" not in module.name
]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def examples(name):
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [test for test in finder.find(importlib.import_module(name)) if test.examples]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    for test in examples(name):
        runner = doctest.DocTestRunner(optionflags=FLAGS)
        assert runner.run(test).failed == 0, test.name


def test_the_names_a_newcomer_meets_have_examples():
    shown = {test.name for name in MODULES for test in examples(name)}
    for name in ("AutoSample", "load_dataset", "make_sampler", "view", "Pairs", "NegativeSampling"):
        home = getattr(autosample, name).__module__
        assert f"{home}.{name}" in shown, name
