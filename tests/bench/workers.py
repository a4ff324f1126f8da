"""Workers that start at once: ``python -m tests.bench.workers FOLDER LEASE NUMBER``.

Importing takes far longer than a job, so one process imports, forks them and prints their pids.
"""

import os
import sys

from autosample.cli import main
from tests.bench.making import SHORT
from tests.victim import warm

if __name__ == "__main__":
    folder, lease, number = sys.argv[1:]
    warm({"": {"settings": {**SHORT, "candidates": ["uniform", "dns:pool=4"]}}})
    workers = []
    for _ in range(int(number)):
        workers.append(os.fork())
        if workers[-1] == 0:
            os._exit(main(["bench", "work", folder, "--lease", lease]))
    print(*workers, flush=True)
    for worker in workers:
        _, status = os.waitpid(worker, 0)
        print(worker, os.waitstatus_to_exitcode(status), flush=True)
