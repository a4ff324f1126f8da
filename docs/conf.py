"""Sphinx: pages in Markdown, references generated from the code when the pages are built."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import generate

import autosample

project = "autosample"
author = "The autosample authors"
version = release = autosample.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"autosample {version}"
exclude_patterns = ["_build"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_use_ivar = True
napoleon_use_rtype = False
#: Pages link to files above this folder.
suppress_warnings = ["myst.xref_missing"]


def setup(app):
    """Generate text before a page is parsed, and prepare docstrings."""
    app.connect("source-read", lambda _app, _page, text: text.append(generate.fill(text.pop())))
    app.connect("autodoc-process-docstring", lambda *given: generate.plain(given[-1]))
