import io
import resource

import polars as pl
import pytest

from autosample.errors import SettingsError, StoreError
from autosample.export.frames import FORMATS, format_of, guarded, print_frames, write_frames

READERS = {"csv": pl.read_csv, "jsonl": pl.read_ndjson, "parquet": pl.read_parquet}
ROWS = pl.DataFrame(
    {"user": ["a,b", 'say "x"', "<é>\n"], "rank": [1, 2, 3], "score": [0.5, None, 1]}
)


@pytest.mark.parametrize("form", FORMATS)
def test_frames_come_back_as_one(tmp_path, form) -> None:
    path = tmp_path / f"lists.{form}"
    frames = [ROWS, ROWS.clear(), ROWS.head(1)]
    assert write_frames(frames, path, format_of(path, None)) == 4
    assert READERS[form](path).equals(pl.concat(frames))
    assert write_frames([ROWS.clear()], path, form) == 0
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("form", FORMATS)
def test_a_full_disk_is_said_to_be_full(tmp_path, form) -> None:
    """A real refusal by the system: files may not grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(StoreError, match="AS502"):
            write_frames([ROWS], tmp_path / f"lists.{form}", form)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("form", FORMATS)
def test_frames_are_made_one_at_a_time(tmp_path, form) -> None:
    """Most of the file is written before the last frames are made."""
    path = tmp_path / f"lists.{form}"
    part, sizes = tmp_path / f"lists.{form}.part", []
    frame = pl.select(user=pl.int_range(50_000).hash(seed=1).cast(pl.String))

    def frames():
        for _ in range(60):
            yield frame
            sizes.append(part.stat().st_size if part.exists() else 0)

    write_frames(frames(), path, form)
    assert sizes[-1] > 0.5 * path.stat().st_size


def test_what_goes_wrong_leaves_no_file(tmp_path) -> None:
    def frames():
        yield ROWS
        raise SettingsError("AS231", "Something.", "Else.")

    with pytest.raises(SettingsError, match="AS231"):
        write_frames(frames(), tmp_path / "lists.csv", "csv")
    assert not list(tmp_path.iterdir())
    with pytest.raises(StoreError, match=r"AS504: There is no folder .*nowhere for lists\.csv"):
        write_frames([ROWS], tmp_path / "nowhere" / "lists.csv", "csv")


def test_formulas_are_text_in_csv_only(tmp_path) -> None:
    risky = ["=1+1", "+cmd", "-x", "@a", "\t=1", "-7", "+1.5", "a=b", "", "'q"]
    safe = ["'=1+1", "'+cmd", "'-x", "'@a", "'\t=1", "-7", "+1.5", "a=b", "", "'q"]
    frame = pl.DataFrame({"user": risky, "item": risky[::-1], "score": [-0.5] * 10})
    assert guarded(frame).to_dict(as_series=False) == {
        "user": safe, "item": safe[::-1], "score": [-0.5] * 10
    }  # fmt: skip
    write_frames([frame], tmp_path / "x.jsonl", "jsonl")
    assert pl.read_ndjson(tmp_path / "x.jsonl").equals(frame)
    write_frames([frame], tmp_path / "x.csv", "csv")
    assert "\n'=1+1," in (tmp_path / "x.csv").read_text()


def test_printed_frames_have_one_header() -> None:
    text = io.StringIO()
    print_frames([ROWS, ROWS], text, "csv")
    assert pl.read_csv(io.StringIO(text.getvalue())).equals(pl.concat([ROWS, ROWS]))
    with pytest.raises(SettingsError, match="AS206"):
        print_frames([ROWS], text, "parquet")


def test_the_format_is_in_the_name_or_given(tmp_path) -> None:
    assert format_of(tmp_path / "a.b.csv", None) == "csv"
    assert format_of(tmp_path / "a.txt", "parquet") == "parquet"
    for name, given in (("a.xls", None), ("a", None), ("a.csv", "xls")):
        with pytest.raises(SettingsError, match="AS206"):
            format_of(tmp_path / name, given)
