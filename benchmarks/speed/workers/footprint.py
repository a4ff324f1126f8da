"""Prints the installed size of a distribution with all that it depends on, as JSON."""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata


def closure(root: str) -> dict[str, metadata.Distribution]:
    """The distribution and those it requires outside of extras, as far as they are installed."""
    found: dict[str, metadata.Distribution] = {}
    waiting = [root]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # for another platform
        for requirement in found[name].requires or ():
            if "extra ==" not in requirement:
                waiting.append(re.match(r"[\w.-]+", requirement)[0])
    return found


def size(distribution: metadata.Distribution) -> int:
    paths = (file.locate() for file in distribution.files or ())
    return sum(path.stat().st_size for path in paths if path.is_file())


if __name__ == "__main__":
    parts = closure(sys.argv[1])
    print(
        json.dumps(
            {
                "size_mb": sum(map(size, parts.values())) / 2**20,
                "distributions": len(parts),
                "version": parts[sys.argv[1]].version,
            }
        )
    )
