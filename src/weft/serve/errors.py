"""Refusals as JSON: what is wrong, and the id of the request."""

import json
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import Scope, Send

from weft.errors import InputError, PhotoError

UNEXPECTED_ERROR = "unexpected error; the log of the server has it under this request_id"
_NO_HEADERS: Mapping[str, str] = {}


async def send_error(
    scope: Scope, send: Send, status: int, message: str, headers: Mapping[str, str] = _NO_HEADERS
) -> None:
    """Answer a request outside the application."""
    body = {"error": message, "request_id": scope.get("state", {}).get("request_id", "")}
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", b"application/json"), *encoded],
        }
    )
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def add_error_handlers(app: FastAPI) -> None:
    """Answer the errors of the application's routes with their status and one message."""

    def answer(request: Request, status: int, message: str) -> JSONResponse:
        return JSONResponse({"error": message, "request_id": request.state.request_id}, status)

    @app.exception_handler(RequestValidationError)
    def refuse_value(request: Request, error: RequestValidationError) -> JSONResponse:
        problems = [f"{'.'.join(map(str, item['loc'][1:]))}: {item['msg']}" for item in error.errors()]
        return answer(request, 422, "; ".join(problems)[:2000])

    @app.exception_handler(InputError)
    def refuse_input(request: Request, error: InputError) -> JSONResponse:
        return answer(request, 422, str(error)[:2000])

    @app.exception_handler(PhotoError)
    def refuse_photo(request: Request, error: PhotoError) -> JSONResponse:
        return answer(request, 422, f"the photo: {error}")

    @app.exception_handler(UnicodeDecodeError)
    def refuse_encoding(request: Request, error: UnicodeDecodeError) -> JSONResponse:
        return answer(request, 422, f"expected UTF-8, got {error.reason}")

    @app.exception_handler(HTTPException)
    def refuse_route(request: Request, error: HTTPException) -> JSONResponse:
        return answer(request, error.status_code, str(error.detail))

    @app.exception_handler(Exception)
    def hide_error(request: Request, _: Exception) -> JSONResponse:
        # RequestLog has the traceback: Starlette raises the error again after this answer.
        return answer(request, 500, UNEXPECTED_ERROR)
