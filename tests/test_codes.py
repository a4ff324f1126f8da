import re
from pathlib import Path

import pytest

from autosample.codes import CODES

SOURCE = Path(__file__).parent.parent / "src" / "autosample"
WRITTEN = re.compile(r'"(AS\d{3})"')


def used() -> dict[str, str]:
    files = [path for path in SOURCE.rglob("*.py") if path.name != "codes.py"]
    return {code: path.name for path in files for code in WRITTEN.findall(path.read_text())}


def test_every_code_in_use_is_explained_and_no_other() -> None:
    assert set(CODES) == set(used())


@pytest.mark.parametrize("code", CODES)
def test_an_explanation_is_a_paragraph(code) -> None:
    text = CODES[code]
    assert text[0].isupper()
    assert text.endswith(".")
    assert "  " not in text
    assert len(text) > 20


def test_codes_are_in_order() -> None:
    assert list(CODES) == sorted(CODES)


def test_errors_have_the_code_of_their_kind() -> None:
    kinds = {"DataError": "1", "SettingsError": "2", "SamplerError": "3", "TrainingError": "4"}
    kinds |= {"StoreError": "5", "CommandError": "2"}
    raised = re.compile(r'(\w+Error)\(\s*"AS(\d)')
    for path in SOURCE.rglob("*.py"):
        for kind, digit in raised.findall(path.read_text()):
            assert kinds[kind] == digit, f"{path.name}: {kind} with AS{digit}"
