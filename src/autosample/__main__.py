"""``python -m autosample``."""

import sys

from autosample.cli import main

if __name__ == "__main__":
    sys.exit(main())
