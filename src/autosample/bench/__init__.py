"""A bench: many runs as a table of jobs that workers share, and what their results say."""

from autosample.bench.jobs import Job, plan
from autosample.bench.results import gather
from autosample.bench.sources import Source
from autosample.bench.table import JobTable
from autosample.bench.work import Worker

__all__ = ["Job", "JobTable", "Source", "Worker", "gather", "plan"]
