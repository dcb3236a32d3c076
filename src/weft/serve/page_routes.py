"""The page for people: search by a photo, by words, or by both. It works without JavaScript, and better with it."""

import math
from collections.abc import Callable
from importlib import resources
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, QueryParams, UploadFile

from weft.errors import InputError, PhotoError
from weft.search.product_filter import ProductFilter
from weft.serve.access import COOKIE, is_token, make_cookie
from weft.serve.api_routes import MAX_TEXT_LENGTH
from weft.serve.catalogue import Query, ServedCatalogue
from weft.serve.settings import ServerSettings

RESULTS = 24
TAGS = 12
_MAX_CHOICES = 200
_STATIC_TYPES = {
    "audit.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
}


def make_page(
    catalogue: ServedCatalogue,
    settings: ServerSettings,
    environment: Environment,
    openapi: Callable[[], dict[str, Any]],
    has_audit: bool,
) -> APIRouter:
    """Return the routes of the page."""
    router = APIRouter(default_response_class=HTMLResponse)
    page = environment.get_template("page.html")

    def render(form: FormData | QueryParams) -> HTMLResponse:
        context, status = _answer(form, catalogue)
        context |= {"filters": catalogue.filters, "max_choices": _MAX_CHOICES, "has_audit": has_audit}
        return HTMLResponse(page.render(context), status)

    @router.get("/")
    def show_page(request: Request) -> HTMLResponse:
        return render(request.query_params)

    @router.post("/")
    async def search(request: Request) -> HTMLResponse:
        async with request.form(max_files=1, max_fields=50) as form:
            return await run_in_threadpool(render, form)

    @router.get("/docs")
    def show_docs() -> str:
        return environment.get_template("docs.html").render(schema=openapi())

    @router.get("/static/{name}")
    def read_static_file(name: str) -> Response:
        if name not in _STATIC_TYPES:
            raise HTTPException(404, "no such file")
        content = (resources.files("weft.serve") / "static" / name).read_bytes()
        return Response(content, media_type=_STATIC_TYPES[name], headers={"Cache-Control": "no-cache"})

    _add_login(router, environment, settings.token)
    return router


def _add_login(router: APIRouter, environment: Environment, token: str | None) -> None:
    login = environment.get_template("login.html")

    @router.get("/login")
    def show_login() -> str:
        return login.render(is_wrong=False)

    @router.post("/login")
    def log_in(given: Annotated[str, Form(alias="token", max_length=1_000)] = "") -> Response:
        if token is not None and not is_token(given.strip().encode(), token):
            return HTMLResponse(login.render(is_wrong=True), 401)
        response = RedirectResponse("/", 303)
        if token is not None:
            response.set_cookie(COOKIE, make_cookie(token), httponly=True, samesite="strict")
        return response


def _answer(form: FormData | QueryParams, catalogue: ServedCatalogue) -> tuple[dict[str, Any], int]:
    """Return what the page shows for a form, and the status of the response."""
    context: dict[str, Any] = {
        "text": _read_text(form, "text"),
        "like": _read_text(form, "like"),
        "photo_weight": 0.5,
        "requested": ProductFilter(),
        "found": None,
        "tags": [],
        "error": "",
    }
    try:
        context["photo_weight"] = min(1.0, _read_number(form, "photo_weight") or 0.0) if "photo_weight" in form else 0.5
        context["requested"] = requested = ProductFilter(
            _list_texts(form, "shop"),
            _read_text(form, "category"),
            _read_text(form, "colour"),
            _read_number(form, "min_price"),
            _read_number(form, "max_price"),
            _list_texts(form, "not_colour"),
        )
        upload = form.get("photo")
        photo = upload.file.read() if isinstance(upload, UploadFile) else b""
        embedding = catalogue.embed(photo) if photo else None
        query = Query(embedding, context["like"] or None, context["text"], context["photo_weight"])
        if query.photo is not None or query.like is not None or query.text:
            context["found"] = catalogue.search(query, requested, RESULTS)
        if embedding is not None:
            context["tags"] = catalogue.tagger.tag(embedding, TAGS)
    except (InputError, PhotoError) as error:
        context["error"] = str(error)
        return context, 422
    return context, 200


def _list_texts(form: FormData | QueryParams, name: str) -> tuple[str, ...]:
    """Return the texts of a field that may be given several times, each once."""
    texts = (value.strip()[:MAX_TEXT_LENGTH] for value in form.getlist(name) if isinstance(value, str))
    return tuple(dict.fromkeys(filter(None, texts)))


def _read_text(form: FormData | QueryParams, name: str) -> str:
    value = form.get(name, "")
    return value.strip()[:MAX_TEXT_LENGTH] if isinstance(value, str) else ""


def _read_number(form: FormData | QueryParams, name: str) -> float | None:
    text = _read_text(form, name)
    if not text:
        return None
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise InputError(f"{name.replace('_', ' ')}: expected a number of at least 0, got {text[:50]!r}")
    return number
