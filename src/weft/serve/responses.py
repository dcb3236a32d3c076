"""The bodies of the API's answers; OpenAPI documents them."""

from urllib.parse import quote

from pydantic import BaseModel, Field

from weft.report.products import web_address
from weft.search.catalogue_products import CatalogueProduct
from weft.serve.catalogue import FoundItem


class PhotoResponse(BaseModel):
    """A photo of a product."""

    photo_id: str
    url: str = Field(description="The address of the picture on this server.")
    similarity: float | None = Field(default=None, description="Cosine similarity to the query, -1 to 1.")


class ProductResponse(BaseModel):
    """A product in the shop's words; what is unknown is null."""

    product_id: str
    shop: str | None = None
    title: str | None = None
    price: float | None = None
    currency: str | None = None
    colour: str | None = None
    availability: str | None = None
    categories: list[str] = []
    url: str | None = Field(default=None, description="The page of the shop; only http and https.")
    photos: list[PhotoResponse]


class FoundResponse(ProductResponse):
    """A product that a search found; with group_by=photo one item is one photo."""

    similarity: float = Field(description="Cosine similarity of the query to the most similar photo, -1 to 1.")
    similarity_words: str = Field(description="The similarity in words, on a scale measured in this catalogue.")


class SearchResponse(BaseModel):
    """The answer of a search, best first."""

    model: str = Field(description="The digest of the model.")
    results: list[FoundResponse]


class TagResponse(BaseModel):
    """A word for a photo."""

    word: str
    score: float = Field(description="The logit of the word.")
    probability: float | None = Field(description="Null for a word without a threshold.")
    is_predicted: bool = Field(description="Whether the word reaches its threshold.")


class TagsResponse(BaseModel):
    """Words for a photo: first those predicted, then those with the highest scores."""

    model: str
    tags: list[TagResponse]


class EmbeddingResponse(BaseModel):
    """The embedding of a photo."""

    model: str
    embedding: list[float] = Field(description="Not normalised.")


class ErrorResponse(BaseModel):
    """Why a request was refused."""

    error: str
    request_id: str


class StatusResponse(BaseModel):
    """What the server serves."""

    status: str
    model: str
    photos: int
    products: int


def photo_url(photo_id: str) -> str:
    """Return the path of a picture on this server."""
    return f"/photos/{quote(photo_id, safe='/')}"


def shop_url(product: CatalogueProduct | None) -> str | None:
    """Return the page of the shop; None if it is unknown or has another scheme, such as javascript."""
    return None if product is None else web_address(product.url) or None


def describe_product(product_id: str, product: CatalogueProduct | None, photos: list[PhotoResponse]) -> ProductResponse:
    """Return the body for a product and its photos."""
    if product is None:
        return ProductResponse(product_id=product_id, photos=photos)
    return ProductResponse(
        product_id=product_id,
        shop=product.shop,
        title=product.title,
        price=product.price,
        currency=product.currency,
        colour=product.colour,
        availability=product.availability,
        categories=list(product.categories),
        url=shop_url(product),
        photos=photos,
    )


def describe_found(item: FoundItem) -> FoundResponse:
    """Return the body for a product or photo that a search found."""
    photos = [
        PhotoResponse(photo_id=hit.photo_id, url=photo_url(hit.photo_id), similarity=round(hit.similarity, 4))
        for hit in item.hits
    ]
    product = describe_product(item.product_id, item.product, photos)
    return FoundResponse(
        **product.model_dump(), similarity=round(item.similarity, 4), similarity_words=item.similarity_words
    )
