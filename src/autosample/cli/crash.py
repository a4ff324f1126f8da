"""The last resort: what a person sees when something went wrong that nobody foresaw."""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import sys
import tempfile
import traceback

from autosample.cli.output import printable
from autosample.errors import AutosampleError, StoreError, TrainingError, lacks_memory, shortened

CODE = "AS900"
EXIT_CODE = 70  # EX_SOFTWARE of BSD's sysexits

#: Set by ``autosample --debug``: print the traceback as well.
debug = False
#: Set where a command has ``--json``: print the error as one JSON object as well.
as_json = False


class MistakeError(AutosampleError):
    """A mistake in the program itself."""

    exit_code = EXIT_CODE


class CommandError(AutosampleError):
    """A command that does not exist in this form."""

    exit_code = 2


def show(error: BaseException) -> int:
    """Print one message for an error of any kind; returns the exit code.

    It goes to standard error, and as JSON to standard output where that was asked for. Errors made
    for people are printed as they are. A lack of memory and a refusal by the system have codes of
    their own. All else is a mistake in the program: its traceback goes to a file.
    """
    known = error if isinstance(error, AutosampleError) else _understood(error) or _mistake(error)
    print(printable(str(known)), file=sys.stderr)
    if as_json:
        with contextlib.suppress(OSError):  # of the output itself, which may be what failed
            print(json.dumps(known.as_dict()), flush=True)
    if debug:
        traceback.print_exception(error)
    return known.exit_code


def survive_any_locale() -> None:
    """Let text that the output's encoding does not have be printed as escapes, those of JSON."""
    codecs.register_error("autosample", _escaped)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="autosample")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def _understood(error: BaseException) -> AutosampleError | None:
    """The error for people behind one of the system's."""
    if hasattr(error, "format_message"):  # of the parser of the command line
        command = getattr(getattr(error, "ctx", None), "command_path", "autosample")
        told = f"{error.format_message().rstrip('.')}."
        return CommandError("AS200", told, f"See `{command} --help`.")
    if lacks_memory(error):
        return TrainingError(
            "AS404",
            "There must be enough memory, and the system gave no more.",
            "Choose a smaller --dim, --batch-size or pool, or fewer --threads.",
        )
    if isinstance(error, OSError):
        return StoreError(
            "AS504",
            f"Files and the output must be readable and writable, got: {error}.",
            "Look at the disk, the permissions and where the output goes.",
        )
    return None


def _mistake(error: BaseException) -> AutosampleError:
    """One line on a mistake in the program, and where its traceback is."""
    line = printable(shortened(f"{type(error).__name__}: {error}", 200))
    text = "".join(traceback.format_exception(error))
    try:
        handle, path = tempfile.mkstemp(prefix="autosample-error-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        where = f"The traceback is in {path}"
    except OSError:
        where = "The traceback could not be written; `autosample --debug` prints it"
    return MistakeError(
        CODE,
        f"A mistake in autosample, not yours ({line}).",
        f"{where}: please report it with that and the command. `autosample doctor` tells whether "
        "the installation is sound.",
    )
