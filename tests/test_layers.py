"""Imports point down: a module imports from its own package or from lower layers only."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "autosample"

#: From the bottom up. Names in one layer do not import each other; packages may import themselves.
LAYERS = [
    {"errors", "types", "container", "status", "lazy"},
    {"border"},
    {"kernels", "data", "extras"},
    {"samplers", "models", "losses", "metrics", "significance"},
    {"objective", "optimise", "evaluate", "fold_in"},
    {"train", "beyond"},
    {"search"},
    {"retrain", "settings"},
    {"memory"},
    {"run"},
    {"store", "report", "demo", "codes"},
    {"lists", "integrations"},
    {"api", "testing", "export", "serve", "bench"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
#: Within a layer, and why.
ALLOWED = {
    ("data", "kernels"),  # seeded order of batches and splits
    ("kernels", "data"),  # kernels read the immutable interactions
}
ENTRY = {"__init__", "__main__"}


def imports(path: Path) -> set[str]:
    """First name below ``autosample`` of everything that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            names = [node.module]
            if node.module == "autosample":
                names = [f"autosample.{alias.name}" for alias in node.names]
        found |= {n.split(".")[1] for n in names if n.startswith("autosample.")}
    return found


def home(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.name))
def test_imports_point_down(path: Path) -> None:
    here = home(path)
    if here in ENTRY:
        return
    for other in imports(path) - {here}:
        down = LEVEL[other] < LEVEL[here]
        assert down or (here, other) in ALLOWED, f"{path.name} imports {other}"


def test_every_module_has_a_layer() -> None:
    modules = {home(path) for path in PACKAGE.rglob("*.py")} - ENTRY
    assert modules == set(LEVEL)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.name))
def test_modules_stay_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300
    banned = {"utils", "helpers", "common", "misc", "core", "manager"}
    assert path.stem not in banned
