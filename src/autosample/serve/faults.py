"""Errors as JSON with a code, and the limits that are checked before a request is read."""

from __future__ import annotations

import asyncio
from collections.abc import Container
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autosample.errors import AutosampleError, DataError, SettingsError

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_STATUS = {
    "AS133": 404,
    "AS134": 404,
    "AS291": 413,
    "AS292": 404,
    "AS293": 403,
    "AS295": 503,
    "AS296": 404,
}
_SECONDS = 20.0  # for a request's body to come


class Gate:
    """Refuses requests under foreign names and bodies that are too large or too slow.

    A page in a browser can reach a loopback address under a name of its own (DNS rebinding), so
    only names of this machine are answered there. Bodies are read here, up to the limit.

    Args:
        app: What is behind it.
        most: Bytes of a body.
        hosts: Names that are answered; None: all.
    """

    def __init__(self, app: ASGIApp, most: int, hosts: Container[str] | None) -> None:
        self.app, self.most, self.hosts = app, most, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        send = _as_declared(send)
        headers = dict(scope["headers"])
        if self.hosts is not None and _hostname(headers.get(b"host", b"")) not in self.hosts:
            error = SettingsError(
                "AS293", "Only names of this machine are answered.", "Ask 127.0.0.1."
            )
            await answer(error)(scope, receive, send)
            return
        try:
            async with asyncio.timeout(_SECONDS):
                body = await self._body(headers, receive)
        except TimeoutError:
            body = None
        if body is None:
            error = SettingsError(
                "AS291", f"A request has at most {self.most} bytes, sent without delay.", "Cut it."
            )
            await answer(error)(scope, receive, send)
            return
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return messages.pop() if messages else await receive()

        await self.app(scope, replay, send)

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes | None:
        """The body; None when it is too large."""
        said = headers.get(b"content-length", b"0")
        if not said.isdigit() or int(said[:20]) > self.most:
            return None
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self.most:
                return None
            if not message.get("more_body", False):
                return bytes(body)


def _as_declared(send: Send) -> Send:
    """Have browsers take answers for what they are said to be, never for a page."""

    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"x-content-type-options", b"nosniff")]
        await send(message)

    return marked


def answer(error: AutosampleError) -> JSONResponse:
    """An error as JSON."""
    default = 422 if isinstance(error, DataError | SettingsError) else 500
    return JSONResponse(error.as_dict(), _STATUS.get(error.code, default))


def install(app: FastAPI) -> None:
    """Have all errors of an application answered as JSON with a code."""
    app.exception_handler(AutosampleError)(_of_ours)
    app.exception_handler(RequestValidationError)(_of_a_request)
    app.exception_handler(HTTPException)(_of_http)
    app.exception_handler(Exception)(_of_anything)


async def _of_ours(request: Request, error: Any) -> JSONResponse:  # noqa: ARG001, RUF100
    return answer(error)


async def _of_a_request(request: Request, error: Any) -> JSONResponse:
    problems = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
    text = f"The request must fit its description: {'; '.join(problems[:5])}."
    plain = text.encode("utf-8", "replace").decode()
    fix = "See /openapi.json."
    unread = any(tuple(one["loc"]) == ("body",) for one in error.errors())
    if unread and "json" not in request.headers.get("content-type", ""):
        fix = "Send JSON with the header content-type: application/json."
    return answer(SettingsError("AS290", plain, fix))


async def _of_http(request: Request, error: Any) -> JSONResponse:
    if error.status_code in (404, 405):
        text = f"There is no {request.method} of this path."
        response = answer(SettingsError("AS292", text, "See /openapi.json."))
    else:
        response = answer(SettingsError("AS290", f"{error.detail}.", "See /openapi.json."))
    response.status_code = error.status_code
    if error.status_code == 405:
        path = request.scope["path"]
        here = [route for route in request.app.routes if route.path_regex.match(path)]
        methods = {method for route in here for method in route.methods}
        response.headers["allow"] = ", ".join(sorted(methods))
    return response


async def _of_anything(request: Request, error: Any) -> JSONResponse:  # noqa: ARG001, RUF100
    response = answer(SettingsError("AS294", "The server failed.", "Its log says more."))
    response.status_code = 500
    return response


def _hostname(host: bytes) -> str | None:
    try:
        return urlsplit(f"//{host.decode('latin-1')}").hostname
    except ValueError:
        return None
