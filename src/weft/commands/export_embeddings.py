"""`weft export embeddings`: the embeddings of a catalogue for other stores of vectors."""

from pathlib import Path

from weft.errors import InputError
from weft.export.embedding_table import FORMATS, Format, export_embeddings


def export_catalogue(source: Path, out: Path, file_format: str | None, normalise: bool) -> str:
    """Write the embeddings and return a summary of one line.

    Args:
        source: The folder that the stage embed wrote.
        out: The file to write.
        file_format: One of FORMATS; None for that of the name of the file.
        normalise: Whether each embedding is divided by its length.

    Raises:
        ContractError: The source is missing or broken.
        InputError: The format is unknown, or the file cannot be written.
    """
    chosen = _choose_format(file_format or out.suffix.lower().removeprefix("."), out)
    count = export_embeddings(source, out, chosen, normalise)
    return f"{out}: {count:,} embeddings with photo_id and product_id, {'' if normalise else 'not '}normalised"


def _choose_format(name: str, out: Path) -> Format:
    for known in FORMATS:
        if name == known:
            return known
    raise InputError(f"-o {out}: expected a name that ends in .{', .'.join(FORMATS)}, or --format")
