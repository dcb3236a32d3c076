"""The HTTP API: search, tags, embeddings and products as JSON, and the state of the server."""

import hashlib
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, HTTPException, Query, Request, UploadFile
from fastapi.responses import Response

from weft.search.product_filter import ProductFilter
from weft.serve.catalogue import Query as SearchQuery
from weft.serve.catalogue import ServedCatalogue
from weft.serve.metrics import ServerMetrics
from weft.serve.responses import (
    EmbeddingResponse,
    ErrorResponse,
    PhotoResponse,
    ProductResponse,
    SearchResponse,
    StatusResponse,
    TagResponse,
    TagsResponse,
    describe_found,
    describe_product,
    photo_url,
)

MAX_RESULTS = 100
MAX_TEXT_LENGTH = 500

Price = Annotated[float | None, Form(ge=0, allow_inf_nan=False, description="In the shop's currency.")]
Text = Annotated[str, Form(max_length=MAX_TEXT_LENGTH)]
PhotoFile = Annotated[UploadFile, File(description="JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF, not animated.")]

_REFUSALS = {413: "The request is too large.", 422: "A value or a photo cannot be used.", 429: "Too many requests."}
RESPONSES: dict[int | str, dict[str, object]] = {
    status: {"model": ErrorResponse, "description": description} for status, description in _REFUSALS.items()
}


def make_api(catalogue: ServedCatalogue, metrics: ServerMetrics) -> APIRouter:
    """Return the routes of the API."""
    router = APIRouter(responses=RESPONSES)
    _add_photo_routes(router, catalogue)
    _add_state_routes(router, catalogue, metrics)

    @router.post("/v1/search")
    def search(
        photo: Annotated[UploadFile | None, File(description="The photo to search with.")] = None,
        like: Annotated[
            str | None, Form(max_length=MAX_TEXT_LENGTH, description="A photo_id of the catalogue.")
        ] = None,
        text: Annotated[str, Form(max_length=MAX_TEXT_LENGTH, description="Words.")] = "",
        photo_weight: Annotated[float, Form(ge=0, le=1, allow_inf_nan=False, description="Beside the words.")] = 0.5,
        k: Annotated[int, Form(ge=1, le=MAX_RESULTS, description="The number of results.")] = 20,
        group_by: Annotated[Literal["product", "photo"], Form()] = "product",
        shop: Annotated[list[str], Form(max_length=MAX_RESULTS, description="Any of these shops.")] = [],  # noqa: B006
        category: Text = "",
        colour: Text = "",
        not_colour: Annotated[list[str], Form(max_length=MAX_RESULTS, description="None of these colours.")] = [],  # noqa: B006
        min_price: Price = None,
        max_price: Price = None,
    ) -> SearchResponse:
        """Return the products, or photos, nearest to a photo, to a photo of the catalogue, to words, or to both."""
        embedding = None if photo is None else catalogue.embed(photo.file.read())
        requested = ProductFilter(tuple(shop), category, colour, min_price, max_price, tuple(not_colour))
        found = catalogue.search(SearchQuery(embedding, like, text, photo_weight), requested, k, group_by == "product")
        return SearchResponse(model=catalogue.model.digest, results=[describe_found(item) for item in found])

    @router.get("/v1/products/{product_id:path}")
    def product(product_id: str) -> ProductResponse:
        """Return a product of the catalogue with its photos."""
        photo_ids = catalogue.list_photo_ids(product_id)
        if not photo_ids and product_id not in catalogue.products:
            raise HTTPException(404, "the catalogue has no product with this product_id")
        photos = [PhotoResponse(photo_id=photo_id, url=photo_url(photo_id)) for photo_id in photo_ids]
        return describe_product(product_id, catalogue.products.get(product_id), photos)

    return router


def _add_photo_routes(router: APIRouter, catalogue: ServedCatalogue) -> None:
    @router.post("/v1/tag")
    def tag(photo: PhotoFile, top_k: Annotated[int, Query(ge=1, le=MAX_RESULTS)] = 10) -> TagsResponse:
        """Return the words that a photo shows."""
        tags = catalogue.tagger.tag(catalogue.embed(photo.file.read()), top_k)
        return TagsResponse(model=catalogue.model.digest, tags=[TagResponse(**vars(tag)) for tag in tags])

    @router.post("/v1/embed")
    def embed(photo: PhotoFile) -> EmbeddingResponse:
        """Return the embedding of a photo."""
        return EmbeddingResponse(
            model=catalogue.model.digest, embedding=catalogue.embed(photo.file.read()).astype(float).tolist()
        )

    @router.get("/photos/{photo_id:path}", response_class=Response)
    def picture(photo_id: str, request: Request) -> Response:
        """Return the picture of a photo of the catalogue, as JPEG."""
        jpeg = catalogue.photos.read(photo_id)
        if jpeg is None:
            raise HTTPException(404, "the catalogue has no photo with this photo_id")
        # An update of the index may give the photo_id another photo, so browsers ask again and get 304 if it has not.
        headers = {"Cache-Control": "private, no-cache", "ETag": f'"{hashlib.sha256(jpeg).hexdigest()[:32]}"'}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(jpeg, media_type="image/jpeg", headers=headers)


def _add_state_routes(router: APIRouter, catalogue: ServedCatalogue, metrics: ServerMetrics) -> None:
    @router.get("/healthz")
    def health() -> dict[str, str]:
        """Answer as long as the process runs."""
        return {"status": "ok"}

    @router.get("/readyz")
    def ready() -> StatusResponse:
        """Say which model and how many photos the server answers with; it listens only when they are loaded."""
        index = catalogue.search_index
        return StatusResponse(
            status="ready",
            model=catalogue.model.digest,
            photos=len(index.photo_ids),
            products=len(index.products),
        )

    @router.get("/metrics", response_class=Response)
    def read_metrics() -> Response:
        """Return the metrics in the text format of Prometheus."""
        return Response(metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")
