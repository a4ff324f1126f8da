"""Starting a server, and what can keep it from starting."""

from __future__ import annotations

import contextlib
import errno
import signal
import socket
import threading
from collections.abc import Callable, Container
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from autosample.errors import SettingsError
from autosample.serve.app import Policy, make_app
from autosample.serve.faults import LOOPBACK
from autosample.serve.model import Holder
from autosample.serve.pages import make_pages

_EVERY = 2.0  # seconds between looks at the run's folder


def serve_run(
    run: Path,
    *,
    host: str,
    port: int,
    unknown: Policy = "popular",
    on_start: Callable[[str], None] = print,
) -> None:
    """Answer until the process is told to end.

    The model is replaced when the run's result changes, and at once on SIGHUP.

    Args:
        run: Folder of a run that is over.
        host: Address to listen at; on a loopback address only names of this machine are answered.
        port: Port to listen at; 0: any that is free.
        unknown: What users get of whom nothing is known.
        on_start: Told the address when requests can come.

    Raises:
        SettingsError: AS272 when the address cannot be had.
        StoreError: AS506, AS507, AS508, AS509 when there is no whole result.
    """
    with listening(host, port) as listener:
        holder, wake = Holder(run), threading.Event()
        threading.Thread(target=holder.watch, args=(wake, _EVERY), daemon=True).start()
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, lambda *_: wake.set())
        serve(make_app(holder, unknown=unknown, hosts=hosts_of(host)), listener, on_start)


def serve_pages(
    folder: Path, *, host: str, port: int, on_start: Callable[[str], None] = print
) -> None:
    """Show the runs of a folder until the process is told to end; arguments as above."""
    with listening(host, port) as listener:
        serve(make_pages(folder, hosts=hosts_of(host)), listener, on_start)


def serve(app: FastAPI, listener: socket.socket, on_start: Callable[[str], None]) -> None:
    """Run an application on a socket until Ctrl-C or SIGTERM."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        lifespan="off",
    )
    host, port = listener.getsockname()[:2]
    on_start(f"http://{f'[{host}]' if ':' in host else host}:{port}")
    uvicorn.Server(config).run(sockets=[listener])


def listening(host: str, port: int) -> contextlib.closing[socket.socket]:
    """A socket that listens.

    Raises:
        SettingsError: AS272 when the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return contextlib.closing(socket.create_server((host, port), family=family, backlog=1024))
    except OSError as cause:
        taken = cause.errno == errno.EADDRINUSE
        raise SettingsError(
            "AS272",
            f"Port {port} of {host} must be free to listen at, got: {cause.strerror}.",
            "Name another with --port." if taken else "Name others with --host and --port.",
        ) from None


def hosts_of(host: str) -> Container[str] | None:
    """Names under which a server at an address is asked; None: any."""
    return LOOPBACK if host in LOOPBACK else None
