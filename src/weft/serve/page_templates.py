"""The templates of the pages: HTML with every value escaped."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from weft.report.products import format_price
from weft.serve.responses import photo_url, shop_url


def make_environment() -> Environment:
    """Return the templates with what all of them may call."""
    environment = Environment(
        loader=PackageLoader("weft.serve", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"photo_url": photo_url, "shop_url": shop_url, "format_price": format_price}
    return environment
