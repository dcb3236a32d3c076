"""What bytes are, by their first few: the server's word is not asked, nothing is decoded."""

_MAGIC_BYTES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM", b"II*\x00", b"MM\x00*")
_ISOBMFF_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"mif1")


def is_image(body: bytes) -> bool:
    """Whether `body` begins as JPEG, PNG, GIF, WebP, AVIF, HEIC, BMP or TIFF do."""
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return True
    return body.startswith(_MAGIC_BYTES) or (body[4:8] == b"ftyp" and body[8:12] in _ISOBMFF_BRANDS)
