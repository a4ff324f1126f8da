"""What SECURITY.md promises: no code is loaded, no secret is kept, torch is new enough."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "autosample"

#: Modules that load or run code, by the first part of their name.
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml",
           "subprocess", "pty", "commands", "ctypes", "cffi"}  # fmt: skip
#: Calls that do, by their last names.
CALLS = {"eval", "exec", "compile", "__import__", "system", "popen", "unpickle", "literal_eval"}
#: Called on these modules only.
LOADERS = {("torch", "load"), ("yaml", "load"), ("joblib", "load"), ("pd", "read_pickle"),
           ("np", "fromfile"), ("importlib", "reload")}  # fmt: skip
#: Starts its own interpreter with a script of this package on files whose damage can end a process.
ALLOWED = {"parquet.py": ["subprocess"]}
SECRETS = {
    "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "GitHub token": r"\bgh[pousr]_[0-9A-Za-z]{36}\b|\bgithub_pat_[0-9A-Za-z_]{50,}\b",
    "PyPI token": r"\bpypi-AgEIcHlwaS5vcmc[\w-]{50,}",
    "Slack token": r"\bxox[abprs]-[0-9A-Za-z-]{10,}",
    "Google key": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "password in an address": r"\bhttps?://[^\s/:@]+:[^\s/:@]+@",
    "assigned secret": r"(?i)\b(?:api_?key|secret|passwd|password|token)\s*=\s*[\"'][\w/+=-]{16,}",
}


def dangers(source: str) -> list[str]:
    """What a module's syntax tree has that can load or run code."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [n.name for n in node.names if n.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            found.append(str(node.module))
        elif isinstance(node, ast.Call):
            found += [f"{key.arg}=" for key in node.keywords if dangerous(key)]
            name = node.func
            if isinstance(name, ast.Name) and name.id in CALLS:
                found.append(name.id)
            elif isinstance(name, ast.Attribute):
                owner = name.value.id if isinstance(name.value, ast.Name) else ""
                if (owner, name.attr) in LOADERS or (owner == "os" and name.attr in CALLS):
                    found.append(f"{owner}.{name.attr}")
    return found


def dangerous(key: ast.keyword) -> bool:
    on = not (isinstance(key.value, ast.Constant) and key.value.value is False)
    return on and key.arg in ("allow_pickle", "shell")


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.name)
def test_no_module_loads_or_runs_code(path) -> None:
    assert dangers(path.read_text("utf-8")) == ALLOWED.get(path.name, [])


@pytest.mark.parametrize(
    "source",
    ["import pickle", "from yaml import load", "eval('1')", "torch.load(p)",
     "import os\nos.system(c)", "np.load(p, allow_pickle=True)", "run(c, shell=True)",
     "pd.read_pickle(p)"],
)  # fmt: skip
def test_the_look_finds_what_it_looks_for(source) -> None:
    assert dangers(source)
    assert dangers("np.load(p, allow_pickle=False)\nre.compile('x')\nmodel.eval()") == []


def test_pages_are_escaped_and_forbid_scripts() -> None:
    pages = sorted(PACKAGE.rglob("*.html.j2"))
    assert pages
    policies = [p for p in pages if "Content-Security-Policy" in p.read_text("utf-8")]
    assert policies
    for page in pages:
        text = page.read_text("utf-8")
        assert "|safe" not in text.replace(" ", "") or page in policies, page.name
    for path in PACKAGE.rglob("*.py"):
        if "jinja2" in (text := path.read_text("utf-8")) and "Environment(" in text:
            assert re.search(r"autoescape=(True|select_autoescape)", text), path.name


def tracked() -> list[Path]:
    try:
        told = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [ROOT / name for name in told.stdout.split("\0") if name]


def secrets(text: str) -> list[str]:
    return [name for name, pattern in SECRETS.items() if re.search(pattern, text)]


def test_no_secret_is_in_the_repository() -> None:
    found = {}
    for path in tracked():
        if not path.is_file() or path == Path(__file__) or path.stat().st_size > 2_000_000:
            continue
        if kinds := secrets(path.read_text("utf-8", errors="replace")):
            found[str(path.relative_to(ROOT))] = kinds
    assert found == {}


def test_the_scan_finds_secrets() -> None:
    for text in ("AKIA" + "A" * 16, "ghp_" + "a" * 36, "-----BEGIN RSA PRIVATE KEY-----",
                 "api_key = '" + "a1" * 10 + "'", "https://me:pass@host/"):  # fmt: skip
        assert secrets(text), text


def test_torch_has_no_published_holes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (floor,) = [d for d in project["dependencies"] if d.startswith("torch")]
    low = re.fullmatch(r"torch>=(\d+)\.(\d+)", floor)
    assert low
    assert (int(low[1]), int(low[2])) >= (2, 10)


def test_the_audit_is_a_command_that_runs() -> None:
    path = ROOT / "scripts" / "audit"
    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(path)], check=True)
