"""The command line on a file, as a person runs it."""

from pathlib import Path

import pytest

from tests.cases.making import CODE, FLAGS, Told


@pytest.fixture
def run(cli):
    """Write a file, run the search on it: exit code, codes told, standard error.

    Whatever is in the file, no traceback is printed, and a refusal leaves no run folder behind.
    """

    def call(content: str | bytes, *options: object, name: str = "events.csv") -> Told:
        outs = [str(o).removeprefix("--out=") for o in options if str(o).startswith("--out=")]
        folder = Path(outs[-1] if outs else "run")
        fresh = not folder.exists()
        Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
        code, out, err = cli("run", name, *FLAGS, *options)
        assert "Traceback" not in err
        assert "AS900" not in err
        if code:
            assert out == ""
            assert not (fresh and folder.exists()), "refused after work had begun"
        return Told(code, CODE.findall(err), err, folder)

    return call
