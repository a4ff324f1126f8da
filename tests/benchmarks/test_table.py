"""The tables for the docs."""

from pathlib import Path

from benchmarks.speed import table
from benchmarks.speed.plan import Target
from benchmarks.speed.table import Line, markdown, memory_lines, ratio_line, start_lines

SPEED = Target("training : peer", "row", ("ours",), ("peer",), 4)
COST = Target("hard over uniform", "row", ("hard",), ("plain",), 1.3, cost=True)


def rates(**values: list[float]) -> dict[str, dict[str, list[float]]]:
    return {name: {"rates": list_} for name, list_ in values.items()}


def test_a_ratio_is_met_or_missed() -> None:
    met = ratio_line(SPEED, rates(ours=[8, 10, 9], peer=[2, 2, 2]))
    assert met == Line("training : peer", "at least 4x", "4.50x (4.00 to 5.00)", True)
    assert ratio_line(SPEED, rates(ours=[6, 6, 6], peer=[2, 2, 2])).met is False


def test_a_cost_is_the_inverse_of_a_ratio() -> None:
    line = ratio_line(COST, rates(hard=[5, 8, 4], plain=[10, 10, 10]))
    assert line.measured == "2.00x (1.25 to 2.50)"
    assert line.target == "at most 1.3x"
    assert line.met is False
    assert ratio_line(COST, rates(hard=[8, 8, 8], plain=[10, 10, 10])).met is True


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    assert ratio_line(SPEED, rates(ours=[1.0])).met is None
    assert all(line.met is None for line in memory_lines({}))
    assert all(line.met is None for line in start_lines({}))


def test_memory_is_what_comes_on_top_of_torch() -> None:
    train = {"peak_mb": 350.0, "bare_mb": 200.0, "needed_mb": 50.0}
    rank = {"peak_mb": 400.0, "bare_mb": 200.0, "tables_mb": 20.0}
    lines = list(memory_lines({"mf-uniform": {"ours": train}, "ranking": {"ours": rank}}))
    assert lines[0].measured == "3.0x (150 MB for 50)"
    assert lines[1].measured == "180 MB"
    assert [line.met for line in lines] == [False, True]


def test_bits_are_compared_by_digest() -> None:
    def met(*digests: str | None) -> bool | None:
        row = {str(n): {"digest": digest} for n, digest in enumerate(digests)}
        (line,) = table.bit_lines({"threads-x": row, "other": row})
        return line.met

    assert [met("a", "a"), met("a", "b"), met("a", None), met("a")] == [True, False, None, None]


def test_growth_and_the_largest_data() -> None:
    curve = [{"positives": n, "epoch_seconds": n / 1000} for n in (1000, 10_000, 100_000)]
    items = [{"items": 10, "epoch_seconds": 2.0}, {"items": 1000, "epoch_seconds": 6.0}]
    scaling = {
        "curves": {"positives": [*curve, {"positives": 5, "error": "killed"}], "items": items},
        "largest": {"positives": 10_000_000, "peak_mb": 5000.0},
    }
    linear, wide, largest = table.scaling_lines(scaling)
    assert wide == Line("an epoch's seconds, 1,000 : 10 items", "at most 2.5x", "3.00x", False)
    assert (linear.measured, linear.met) == ("power 1.00", True)
    assert (largest.measured, largest.met) == ("5,000 MB", False)
    assert list(table.scaling_lines({**scaling, "curves": {}})) == [largest]


def test_tables_are_markdown() -> None:
    assert markdown(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
    text = table.targets_table([Line("w", "t", "m", True), Line("w", "t", "m", None)])
    assert text.splitlines()[-2:] == ["| w | t | m | met |", "| w | t | m | - |"]


def test_a_report_makes_all_tables(capsys, tmp_path) -> None:
    entry = {"rates": [1.0], "median": 1.0, "spread": 0.0, "peak_mb": 9.0}
    row = {"unit": "positives", "contenders": {"ours": entry, "recbole": {"error": "no wheel"}}}
    report = {
        "data": {name: {"rows": {"mf-dns32": row}} for name in ("simulated", "gowalla")},
        "environments": {
            "ours": {"version": "1", "size_mb": 1200.0, "import_seconds": 2.0},
            "recbole": {"error": "pip:\nno wheel"},
        },
        "start": {"help": 0.2},
    }
    path = tmp_path / "speed.json"
    path.write_text(table.json.dumps(report))
    table.main(str(path))
    out = capsys.readouterr().out
    assert "| mf-dns32 | recbole | error: no wheel | - | - |" in out
    assert out.count("| `autosample --help` | under 0.3 s | 0.20 s | met |") == 1
    assert "| ours | 1 | 1,200 MB | 2.0 s |" in out
    assert "| recbole | no wheel | - | - |" in out


def test_the_docs_have_the_tables_of_the_results(capsys):
    results = Path(__file__).parent.parent.parent / "benchmarks" / "results"
    table.main(str(results / "speed.json"), str(results / "scaling.json"))
    page = (results.parent.parent / "docs" / "speed.md").read_text()
    assert page.endswith(capsys.readouterr().out)
