"""Compare photos by their URLs: which are sizes of one photo, which is the larger, which are no photos at all.

A URL such as /a-100x100.jpg or /a.jpg?w=100 names its size. Only parts that are known to name a size are left out of
the comparison: any other parameter can tell two photos apart.
"""

import math
import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from urllib.parse import SplitResult, unquote, unquote_plus, urlsplit, urlunsplit

IMAGE_EXTENSION = re.compile(r"\.(?:jpe?g|png|webp|avif|gif)$", re.IGNORECASE)
_SIZE_SUFFIX = re.compile(
    r"(?:[-_](?P<width>\d{2,4})?x(?P<height>\d{2,4})?(?:_crop_\w+)?(?:@\dx)?"
    r"|[-_](?P<name>pico|icon|thumb|thumbnail|small|compact|medium|large|grande)(?:@\dx)?)"
    r"(?=\.(?:jpe?g|png|webp|avif|gif)$)",
    re.IGNORECASE,
)
_AMAZON_SIZE = re.compile(r"\._[A-Z0-9,_]*?S[XYLS](?P<width>\d{2,4})[A-Z0-9,_]*_(?=\.\w{3,4}$)")
_SIZE_FOLDER = re.compile(
    r"/(?:(?P<width>\d{2,4})x(?:\d{2,4})?|x(?P<height>\d{2,4})"
    r"|(?P<name>thumbs?|thumbnails?|small|medium|large|zoom|originals?|full|full-?size|big|preview))(?=/)",
    re.IGNORECASE,
)
_PATH_OPTIONS = re.compile(r"(?:;[a-z]=[\dx]+)+$")
_PATH_WIDTH = re.compile(r";s=(?P<width>\d{1,4})x\d*")
_PRESTASHOP_SIZE = re.compile(r"(?<=\d)-(?P<name>cart|small|medium|home|large|thickbox)_default(?=[/.])")
_NAME_PREFIX = re.compile(r"(?<=/)(?:thumb|thumbnail|tn)[-_](?=[^/]+$)", re.IGNORECASE)
_PROXY_OPTIONS = re.compile(
    r"/cdn-cgi/image/(?P<cloudflare>[^/]+)"
    r"|(?<=/upload)(?P<cloudinary>(?:/(?:[a-z]{1,3}_[^/,]+)(?:,[a-z]{1,3}_[^/,]+)*)+)(?=/)"
)
_OPTION_WIDTH = re.compile(r"(?:^|[/,])w(?:idth)?[=_](\d{2,5})(?=[/,]|$)")
_MAGENTO_CACHE = re.compile(r"/cache/(?:\d+/[a-z_]*image/(?:\d+x\d*/)?)?[0-9a-f]{32}(?=/)")
_NAMED_WIDTHS_PX = {
    **{"pico": 16, "icon": 32, "thumb": 50, "thumbs": 50, "thumbnail": 80, "thumbnails": 80, "cart": 125},
    **{"small": 100, "compact": 160, "medium": 240, "preview": 240, "home": 250, "large": 480, "grande": 600},
    "thickbox": 800,
}
_WIDTH_PARAMETERS = frozenset({"w", "wid", "width", "sw", "imwidth", "maxwidth", "max-width", "max_width"})
_NUMERIC_SIZE_PARAMETERS = _WIDTH_PARAMETERS.union(
    ("h", "hei", "height", "sh", "imheight", "maxheight", "max-height", "max_height", "quality", "q", "qlt", "dpr"),
    ("size", "s", "sz", "dim"),
)
_RENDERING_PARAMETERS = frozenset(
    {"fit", "crop", "format", "fm", "fmt", "auto", "sharp", "sharpen", "op_sharpen", "resmode", "strip", "sfrm", "sm"}
)
_NUMERIC_SIZE = re.compile(r"\d+(?:\.\d+)?(?:x\d*)?(?:px)?|auto", re.IGNORECASE)
_VERSION_PARAMETERS = frozenset({"v", "ver", "version", "t", "ts", "timestamp", "cb", "_", "rev", "mtime", "itok"})
"""Parameters that state a version of the file, if the path alone names the file."""
_SIGNATURE_PARAMETERS = frozenset({"s", "sig", "signature", "hash", "hmac", "token"})
"""Parameters that sign the size beside them, if the path alone names the file."""
_VERSION = re.compile(r"(?:[0-9a-f]{5,})?", re.IGNORECASE)
_PROXY_PARAMETERS = frozenset({"url", "src", "image", "img", "file", "path"})
_TEMPLATE = re.compile(r"(?:\{\{?|%7B(?:%7B)?)\s*(?P<name>[a-z_]+)\s*(?:\}\}?|%7D(?:%7D)?)", re.IGNORECASE)
_WIDTH_TEMPLATES = frozenset({"width", "w", "size", "imagewidth", "image_width"})
_SHOPIFY_TEMPLATE_SUFFIX = re.compile(r"[-_]+(?:\{[^{}]*\}|[x@\d])+(?=\.\w{3,4}(?:\?|$))", re.IGNORECASE)
_SHOPIFY_HOST = re.compile(r"^cdn\.shopify\.com$|(?:^|\.)shopifycdn\.")
_SHOPIFY_PATH = "/cdn/shop/"
_WORDPRESS_PATH = "/wp-content/uploads/"
_WORDPRESS_ORIGINAL = re.compile(r"-(?:scaled|rotated)(?=\.\w{3,4}$)")
"""What WordPress adds to the name of a large original that it has made smaller."""

_FILE_AND_QUERY = re.compile(r"\.(?:jpe?g|png|webp|avif|gif)(?:\?[^\s\"'<>(),\\]*)?", re.IGNORECASE)
_URL_CHARACTERS = re.compile(r"""[^\s"'<>(),;=\\]*""")
_MAX_URL_LENGTH = 500
_NAME_WORD = re.compile(r"[^\W\d_]+|\d+")
_PARTS_OF_NO_MEANING = frozenset(
    {"image", "img", "photo", "picture", "pic", "default", "woocommerce", "small", "medium", "large", "thumb", "site"}
) | {"thumbnail", "x", "px", "shop", "store", "header", "footer", "main", "product", "products", "produkt", "item"}
_DECORATIONS = frozenset(
    {"logo", "logos", "placeholder", "noimage", "nophoto", "nopicture", "nopic", "spacer", "blank", "transparent"}
) | {"pixel", "loading", "loader", "spinner", "sprite", "sprites", "icon", "icons", "favicon", "star", "stars", "flag"}
_DECORATIONS |= {"flags", "banner", "avatar", "rating", "qrcode", "captcha", "badge", "comingsoon", "notfound"}
_ABSENCE_WORDS = frozenset({"no", "not", "missing", "coming", "soon", "available", "found", "unavailable"})
_ABSENT_IMAGE = re.compile(
    r"(?<![a-z])(?:kein|keine|ohne|pas[-_]de|sans|sin|sem|senza|nessuna|geen|brak|bez|ingen|uden|nincs|net|yok)[-_]?"
    r"(?:produkt)?(?:bild|foto|photo|image|imagen|imagem|immagine|afbeelding|obrazku|obr[aá]zok|zdjecia|zdj[eę]cia|billede"
    r"|bilde|kep|k[eé]p|resim)(?![a-z])"
)
"""The name of the picture that a shop shows where it has none, in other languages than English."""
_HASH = re.compile(r"[0-9a-f]{8,}|\d+x\d*|x\d+")
_SIZE_CHART = re.compile(
    r"(?<![a-z])(?:size|sizing|measurements?)[\s_-]?(?:charts?|guides?)(?![a-z])"
    r"|gr(?:ö|oe|%c3%b6)(?:ß|ss|%c3%9f)en[\s_-]?tabelle|ma(?:ß|ss)[\s_-]?tabelle|guide[\s_-]des[\s_-]tailles"
    r"|(?:tabla|guia|guía)[\s_-]de[\s_-](?:tallas|medidas)|(?:tabella|guida)[\s_-](?:alle[\s_-])?taglie|maat[\s_-]?tabel"
    r"|tabela[\s_-](?:rozmiar[oó]w|de[\s_-]medidas)|таблица[\s_-]размеров|サイズ表|尺码表",
    re.IGNORECASE,
)
_VIDEO_HOST = re.compile(r"(?:^|\.)(?:ytimg\.com|youtube(?:-nocookie)?\.com|youtu\.be|vimeocdn\.com|vumbnail\.com)$")
_VIDEO_NAME = re.compile(
    r"(?<![a-z])(?:video[\s_-]?(?:thumb(?:nail)?|poster|preview|cover|still|placeholder)|play[\s_-]?(?:button|icon)|360[\s_-]?(?:icon|view|spin))"
    r"(?![a-z])",
    re.IGNORECASE,
)


def is_decorative_url(url: str) -> bool:
    """Return whether `url` is not a photo of a product.

    It is the whole file name that tells: logo.png and no-image-600x600.png are decorations, black-logo-tee.jpg is not.
    Size charts, SVG drawings and the still images of videos are left out too.
    """
    parts = urlsplit(url)
    name = unquote(parts.path.rsplit("/", 1)[-1]).lower()
    if name.endswith(".svg") or _VIDEO_HOST.search(parts.netloc.lower()):
        return True
    return is_size_chart(name) or bool(_VIDEO_NAME.search(name)) or _is_decorative_name(name)


def is_size_chart(text: str) -> bool:
    """Return whether a file name or the text of an image names a size chart."""
    return bool(_SIZE_CHART.search(text))


@lru_cache(maxsize=65536)
def _is_decorative_name(name: str) -> bool:
    stem = IMAGE_EXTENSION.sub("", name)
    if _ABSENT_IMAGE.search(stem):
        return True
    words = [word for part in re.split(r"[^a-z0-9]+", stem) if not _HASH.fullmatch(part) for word in _words(part)]
    meaning = [word for word in words if word not in _PARTS_OF_NO_MEANING]
    if not meaning:
        # "default-image.jpg" and "1x1.gif", but not "image-2.jpg" or "main.jpg".
        return {"default", "image"} <= set(words) or stem in ("1x1", "default")
    # "no-1.jpg" is the first photo, "no-image-1.jpg" is none.
    return meaning != ["no"] or len(words) > 1 if set(meaning) <= _DECORATIONS | _ABSENCE_WORDS else False


def _words(part: str) -> Iterator[str]:
    return (match[0] for match in _NAME_WORD.finditer(part) if not match[0].isdigit())


@lru_cache(maxsize=65536)
def image_key(url: str) -> str:
    """Return a key that is equal for all sizes of one photo: the URL without scheme and without its size."""
    parts = _inner_image(urlsplit(url))
    path = _PROXY_OPTIONS.sub("", _MAGENTO_CACHE.sub("", parts.path))
    if _WORDPRESS_PATH in path:
        path = _WORDPRESS_ORIGINAL.sub("", path)
    path = _NAME_PREFIX.sub("", _PRESTASHOP_SIZE.sub("", _SIZE_FOLDER.sub("", path)))
    path = unquote(_PATH_OPTIONS.sub("", _AMAZON_SIZE.sub("", _SIZE_SUFFIX.sub("", path))))
    names_file = bool(IMAGE_EXTENSION.search(parts.path))
    kept = [part for part in _split_query(parts.query) if not _is_size_parameter(part, names_file)]
    if names_file and len(kept) < len(_split_query(parts.query)):
        kept = [part for part in kept if part.partition("=")[0].lower() not in _SIGNATURE_PARAMETERS]
    query = "&".join(kept)
    return f"{parts.netloc}{path}?{query}"


def file_key(url: str) -> str:
    """Return `image_key` of the file that the path of `url` names, whatever its query; "" if it names none."""
    parts = urlsplit(url)
    return image_key(urlunsplit(parts._replace(query=""))) if IMAGE_EXTENSION.search(parts.path) else ""


@lru_cache(maxsize=65536)
def width_from_url(url: str) -> float:
    """Return the width in pixels that the URL names; infinity if it names none, as for the original."""
    parts = urlsplit(url)
    widths = []
    for part in _split_query(parts.query):
        name, _, value = part.partition("=")
        if name.lower() in _WIDTH_PARAMETERS | {"size"} and value.isdecimal() and len(value) < 6:
            widths.append(int(value))
    for pattern in (_SIZE_SUFFIX, _AMAZON_SIZE, _SIZE_FOLDER, _PATH_WIDTH, _PRESTASHOP_SIZE):
        if match := pattern.search(parts.path):
            groups = match.groupdict()
            if name := (groups.get("name") or "").lower():
                widths.extend([_NAMED_WIDTHS_PX[name]] if name in _NAMED_WIDTHS_PX else [])
            else:
                widths.append(int(groups.get("width") or groups.get("height") or 0))
    for match in _PROXY_OPTIONS.finditer(parts.path):
        widths.extend(map(int, _OPTION_WIDTH.findall(match["cloudflare"] or match["cloudinary"])))
    return float(min(widths)) if widths else math.inf


def larger_variant(url: str, other: str) -> str:
    """Return the larger of two sizes of one photo by their URLs; `url` if they are equal."""
    return other if width_from_url(other) > width_from_url(url) else url


def original_variant(url: str, page_urls: Collection[str]) -> str:
    """Return the URL of the original of a thumbnail, if it surely exists, else `url`.

    It exists by the naming rules of Shopify and WordPress, or if its path and query are in `page_urls`.
    """
    if math.isinf(width_from_url(url)):
        return url
    parts = urlsplit(url)
    kept = "&".join(part for part in _split_query(parts.query) if not _is_size_parameter(part, names_file=False))
    unsized_url = urlunsplit((parts.scheme, parts.netloc, _SIZE_SUFFIX.sub("", parts.path), kept, ""))
    if _is_on_shopify(parts) or (_WORDPRESS_PATH in parts.path and not parts.query):
        return unsized_url
    return unsized_url if _path_and_query(unsized_url) in page_urls else url


def page_image_urls(html: str) -> frozenset[str]:
    """Return the path and query of each URL in `html` that names an image file, for `original_variant`."""
    found = set()
    for match in _FILE_AND_QUERY.finditer(html):
        start = html[max(0, match.start() - _MAX_URL_LENGTH) : match.start()].replace("\\/", "/")
        query = match[0].partition("&quot;")[0].replace("&amp;", "&")
        # Read backwards from the file name, so that the cost is that of the URL, not that of all the text before it.
        reversed_start = _URL_CHARACTERS.match(start[::-1])[0]  # type: ignore[index]
        found.add(_path_and_query(reversed_start[::-1] + query))
    return frozenset(found)


def fill_size_template(url: str, widths: Collection[int] = ()) -> str | None:
    """Return a URL whose size a script would fill in, such as /a_{width}x.jpg, with the largest of `widths`.

    Without a known width, the size is left out where the URL is valid without it: on Shopify and as a parameter.

    Returns:
        The URL, unchanged if it is not a template; None if nothing can be filled in.
    """
    if not _TEMPLATE.search(url):
        return url
    names = {match["name"].lower() for match in _TEMPLATE.finditer(url)}
    if widths and names <= _WIDTH_TEMPLATES:
        return _TEMPLATE.sub(str(max(widths)), url)
    path, mark, query = _TEMPLATE.sub("{}", url).partition("?")
    query = "&".join(part for part in _split_query(query) if "{}" not in part)
    if "{}" in path and _is_on_shopify(urlsplit(path if "//" in path else f"https://host{path}")):
        path = _SHOPIFY_TEMPLATE_SUFFIX.sub("", path)
    return None if "{}" in path else path + (mark + query if query else "")


def _is_on_shopify(parts: SplitResult) -> bool:
    return bool(_SHOPIFY_HOST.search(parts.netloc)) or _SHOPIFY_PATH in parts.path


def _inner_image(parts: SplitResult) -> SplitResult:
    """Return the image that a resizing script was asked for: /_next/image?url=%2Fa.jpg&w=640 gives /a.jpg."""
    for part in _split_query(parts.query):
        name, _, value = part.partition("=")
        if name.lower() in _PROXY_PARAMETERS:
            inner = unquote_plus(value)
            if inner.startswith(("/", "http://", "https://")) and "[" not in inner:
                split = urlsplit(inner)
                if IMAGE_EXTENSION.search(split.path):
                    return split if split.netloc else split._replace(netloc=parts.netloc)
    return parts


def _split_query(query: str) -> list[str]:
    return [part for part in query.split("&") if part]


def _is_size_parameter(part: str, names_file: bool) -> bool:
    """Return whether a parameter, "w=80", names a size; or a version, if the path names the file."""
    name, _, value = part.partition("=")
    name = name.lower()
    if name in _RENDERING_PARAMETERS or (name in _NUMERIC_SIZE_PARAMETERS and _NUMERIC_SIZE.fullmatch(value)):
        return True
    if re.fullmatch(r"(?:\$|%24)[\w-]+(?:\$|%24)", part, re.IGNORECASE):
        return True  # A named size of Adobe Scene7.
    return names_file and (name in _VERSION_PARAMETERS or bool(_VERSION.fullmatch(part)))


def _path_and_query(url: str) -> str:
    return re.sub(r"^(?:https?:)?//[^/]*", "", url)
