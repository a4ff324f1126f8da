"""A script that reads Parquet files and says what is wrong with the first bad one.

``python -P probe.py COLUMNS FILE ...`` with the columns as JSON. It runs in a process of its own
because damage inside a file can end the process that reads it: a turned bit in the header of a
page makes Polars 2.1 ask for 2^61 bytes, and abort. Printed is the number of the file being read
and, before exit code 3, why it is bad; with any other code but 0 the process has died of the file
whose number came last.
"""

import json
import sys

BAD = 3


def main(columns: list[str], files: list[str]) -> int:
    """Read the columns of each file; BAD at the first that cannot be read."""
    try:
        import polars as pl  # noqa: PLC0415
    except ImportError:  # it was found by the caller in a place of its own: nothing can be said
        return 0
    for number, name in enumerate(files):
        print(number, flush=True)
        try:
            with open(name, "rb") as file:
                there = pl.read_parquet_schema(file)
                file.seek(0)
                pl.read_parquet(file, columns=[column for column in columns if column in there])
        except OSError:
            return 0  # said by the caller
        except BaseException as error:  # a panic of a library in Rust is no Exception
            print(" ".join(str(error).split()))
            return BAD
    return 0


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1]), sys.argv[2:]))
