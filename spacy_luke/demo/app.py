"""The web application: three files and four questions, on this machine only unless told otherwise.

    GET  /  /page.js  /page.css          the page; it fetches nothing from elsewhere, and its policy forbids it
    GET  /about                          Demo.about()
    POST /analyse {"text", "layers", "mode"}   POST /search {"query"}   POST /add {"id", "labels", ...}

Questions are JSON and say so, which a form on another site cannot, and are refused under any other host name than
those given: no page of another site can use the demo or add entities.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ..errors import Errors
from .answers import Demo

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

LOCAL = ("127.0.0.1", "localhost", "::1", "[::1]")
FILES = {
    "/": ("page.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/page.css": ("page.css", "text/css"),
}
SPARE = 20_000  # bytes of a question beside four for each character of a text
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def make_app(demo: Demo, *, hosts: Sequence[str] = LOCAL) -> Starlette:
    """An ASGI application for uvicorn or a test client. hosts: names under which it answers, "*" = all.

    RAISES ImportError LK736: starlette is not installed.
    """
    try:
        from starlette.applications import Starlette
        from starlette.concurrency import run_in_threadpool
        from starlette.middleware import Middleware
        from starlette.middleware.trustedhost import TrustedHostMiddleware
        from starlette.responses import JSONResponse, Response
        from starlette.routing import Route
    except ImportError as error:
        raise ImportError(Errors.LK736.format(package="starlette")) from error

    def answer(body: Any, status: int = 200) -> Response:
        return JSONResponse(body, status_code=status, headers=HEADERS)

    def file_route(path: str, name: str, kind: str) -> Route:
        content = files(__package__).joinpath(name).read_bytes()

        async def send(request: Request) -> Response:
            return Response(content, media_type=kind, headers=HEADERS)

        return Route(path, send)

    async def about(request: Request) -> Response:
        return answer(demo.about())

    def question_route(path: str, ask: Callable[[dict[str, Any]], dict[str, Any]]) -> Route:
        async def reply(request: Request) -> Response:
            if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
                return answer({"error": Errors.LK739.format(found="no JSON")}, 415)
            limit = SPARE + 4 * demo.max_chars
            body = await _read(request, limit)
            if body is None:
                return answer({"error": Errors.LK739.format(found=f"more than {limit:,} bytes")}, 413)
            try:
                question = json.loads(body)
                if not isinstance(question, dict):
                    raise ValueError(Errors.LK739.format(found=type(question).__name__))
                return answer(await run_in_threadpool(ask, question))
            except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
                return answer({"error": Errors.LK739.format(found=f"no JSON ({error})")}, 400)
            except ValueError as error:
                return answer({"error": str(error)}, 400)

        return Route(path, reply, methods=["POST"])

    def analyse(question: dict[str, Any]) -> dict[str, Any]:
        layers = question.get("layers")
        names = [str(layer) for layer in layers] if isinstance(layers, list) else demo.layers
        return demo.analyse(question.get("text"), names, question.get("mode"))

    routes = [
        *(file_route(path, *each) for path, each in FILES.items()),
        Route("/about", about),
        question_route("/analyse", analyse),
        question_route("/search", lambda question: demo.search(question.get("query"))),
        question_route("/add", demo.add),
    ]
    return Starlette(routes=routes, middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))])


async def _read(request: Request, limit: int) -> bytes | None:
    """The body; None, and the rest is not read, if it is longer."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > limit:
            return None
    return body
