"""A stock django-oscar shop whose products have variants on pages of their own, served on a free port of loopback.

Command line: python oscar_shop.py FOLDER NUMBER_OF_PRODUCTS; the first line of standard output is the URL of the shop.
It runs in an environment with django-oscar, sorl-thumbnail and whoosh, which Weft does not need.
"""

import io
import sys
from decimal import Decimal
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

COLOURS = ("Navy", "Rust")
SIZES = ("M", "L")
GARMENTS = ("shirt", "dress", "coat", "skirt", "blazer")
FABRICS = ("Linen", "Cotton", "Wool", "Silk", "Denim", "Velvet", "Corduroy", "Cashmere")
OWN_COLOUR_PHOTOS = "Rust"
"""The colour whose variants have a photo of their own in every second product; all others share the parent's."""

urlpatterns: list[Any] = []
"""Django finds the URLs of the shop here."""


def configure(folder: Path) -> None:
    """Set up Django with the settings of oscar's documentation."""
    import django
    from django.conf import settings
    from oscar.defaults import __dict__ as oscar_defaults

    apps = [
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        "django.contrib.sites",
        "django.contrib.flatpages",
        "oscar.config.Shop",
        "oscar.apps.analytics.apps.AnalyticsConfig",
        "oscar.apps.checkout.apps.CheckoutConfig",
        "oscar.apps.address.apps.AddressConfig",
        "oscar.apps.shipping.apps.ShippingConfig",
        "oscar.apps.catalogue.apps.CatalogueConfig",
        "oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig",
        "oscar.apps.communication.apps.CommunicationConfig",
        "oscar.apps.partner.apps.PartnerConfig",
        "oscar.apps.basket.apps.BasketConfig",
        "oscar.apps.payment.apps.PaymentConfig",
        "oscar.apps.offer.apps.OfferConfig",
        "oscar.apps.order.apps.OrderConfig",
        "oscar.apps.customer.apps.CustomerConfig",
        "oscar.apps.search.apps.SearchConfig",
        "oscar.apps.voucher.apps.VoucherConfig",
        "oscar.apps.wishlists.apps.WishlistsConfig",
        "oscar.apps.dashboard.apps.DashboardConfig",
        "oscar.apps.dashboard.reports.apps.ReportsDashboardConfig",
        "oscar.apps.dashboard.users.apps.UsersDashboardConfig",
        "oscar.apps.dashboard.orders.apps.OrdersDashboardConfig",
        "oscar.apps.dashboard.catalogue.apps.CatalogueDashboardConfig",
        "oscar.apps.dashboard.offers.apps.OffersDashboardConfig",
        "oscar.apps.dashboard.partners.apps.PartnersDashboardConfig",
        "oscar.apps.dashboard.pages.apps.PagesDashboardConfig",
        "oscar.apps.dashboard.ranges.apps.RangesDashboardConfig",
        "oscar.apps.dashboard.reviews.apps.ReviewsDashboardConfig",
        "oscar.apps.dashboard.vouchers.apps.VouchersDashboardConfig",
        "oscar.apps.dashboard.communications.apps.CommunicationsDashboardConfig",
        "oscar.apps.dashboard.shipping.apps.ShippingDashboardConfig",
        "widget_tweaks",
        "haystack",
        "treebeard",
        "django_tables2",
        "sorl.thumbnail",
    ]
    defaults = {name: value for name, value in oscar_defaults.items() if name.startswith("OSCAR")}
    settings.configure(
        SECRET_KEY="not a secret",
        DEBUG=True,
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="__main__",
        SITE_ID=1,
        INSTALLED_APPS=apps,
        USE_TZ=True,
        LANGUAGE_CODE="en-gb",
        STATIC_URL="/static/",
        MEDIA_URL="/media/",
        MEDIA_ROOT=str(folder / "media"),
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
            "oscar.apps.basket.middleware.BasketMiddleware",
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(folder / "shop.sqlite"),
                "ATOMIC_REQUESTS": True,
            }
        },
        HAYSTACK_CONNECTIONS={
            "default": {
                "ENGINE": "haystack.backends.whoosh_backend.WhooshEngine",
                "PATH": str(folder / "index"),
                "INCLUDE_SPELLING": True,
            }
        },
        AUTHENTICATION_BACKENDS=[
            "oscar.apps.customer.auth_backends.EmailBackend",
            "django.contrib.auth.backends.ModelBackend",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.debug",
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.template.context_processors.i18n",
                        "django.template.context_processors.media",
                        "django.template.context_processors.static",
                        "django.contrib.messages.context_processors.messages",
                        "oscar.apps.search.context_processors.search_form",
                        "oscar.apps.checkout.context_processors.checkout",
                        "oscar.apps.communication.notifications.context_processors.notifications",
                        "oscar.core.context_processors.metadata",
                    ]
                },
            }
        ],
        **{**defaults, "OSCAR_SHOP_NAME": "Weft test shop", "OSCAR_MISSING_IMAGE_URL": "missing.jpg"},
    )
    django.setup()


def make_photo(seed: int) -> bytes:
    """Return a JPEG that differs for each seed."""
    from PIL import Image

    image = Image.new("RGB", (300, 400), (seed * 37 % 256, seed * 91 % 256, seed * 53 % 256))
    image.paste((seed % 256, 0, 255 - seed % 256), (20, 20, 20 + seed % 200, 200))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG")
    return buffer.getvalue()


def add_products(n_products: int) -> None:
    """Add parents with two photos each, and a child for each colour and size."""
    from django.core.files.base import ContentFile
    from oscar.apps.catalogue.categories import create_from_breadcrumbs
    from oscar.core.loading import get_model

    models = {
        name: get_model("catalogue", name)
        for name in ("Product", "ProductClass", "ProductAttribute", "ProductImage", "ProductCategory")
    }
    product_class = models["ProductClass"].objects.create(name="Clothing", requires_shipping=True, track_stock=True)
    for code in ("colour", "size"):
        models["ProductAttribute"].objects.create(
            product_class=product_class, name=code.capitalize(), code=code, type="text"
        )
    partner = get_model("partner", "Partner").objects.create(name="Warehouse")
    stock = get_model("partner", "StockRecord").objects
    for number in range(n_products):
        garment, fabric = GARMENTS[number % 5], FABRICS[number // 5]
        title = f"{fabric} {garment} no. {number}"
        parent = models["Product"].objects.create(
            structure="parent",
            title=title,
            product_class=product_class,
            upc=f"P{number:04d}",
            description=f"A {fabric.lower()} {garment} with a straight cut, made to be worn for many years and "
            "washed at thirty degrees. The seams are sewn twice.",
        )
        category = create_from_breadcrumbs(f"Women > {garment.capitalize()}s")
        models["ProductCategory"].objects.create(product=parent, category=category)
        for view in range(2):
            image = models["ProductImage"](product=parent, display_order=view)
            image.original.save(f"p{number}-{view}.jpg", ContentFile(make_photo(number * 10 + view)))
        for colour in COLOURS:
            for size in SIZES:
                child = models["Product"](
                    structure="child",
                    parent=parent,
                    title=f"{title}, {colour}, {size}",
                    upc=f"P{number:04d}-{colour}-{size}",
                )
                child.attr.colour, child.attr.size = colour, size
                child.save()
                stock.create(
                    product=child, partner=partner, partner_sku=child.upc, price=Decimal("29.90"), num_in_stock=5
                )
                if colour == OWN_COLOUR_PHOTOS and number % 2:
                    image = models["ProductImage"](product=child, display_order=0)
                    image.original.save(f"p{number}-rust.jpg", ContentFile(make_photo(number * 10 + 7)))


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Write no line for each request."""


def main() -> None:
    """Fill a new shop and serve it until the process ends."""
    folder, n_products = Path(sys.argv[1]), int(sys.argv[2])
    configure(folder)
    from django.apps import apps
    from django.conf.urls.static import static
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from django.urls import include, path

    urlpatterns[:] = [
        path("i18n/", include("django.conf.urls.i18n")),
        path("", include(apps.get_app_config("oscar").urls[0])),
        *static("/media/", document_root=str(folder / "media")),
    ]
    call_command("migrate", verbosity=0)
    media = folder / "media"
    media.mkdir(exist_ok=True)
    (media / "missing.jpg").write_bytes(make_photo(1))
    add_products(n_products)
    call_command("update_index", verbosity=0)
    server = make_server("127.0.0.1", 0, StaticFilesHandler(get_wsgi_application()), Server, Handler)
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}/\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
