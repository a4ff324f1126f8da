"""Answers over HTTP: recommendations of a run, and pages over a folder of runs.

Needs the extra ``serve``; nothing here is imported before a command needs it.
"""

from autosample.extras import require

require("serve", "fastapi", "uvicorn")
