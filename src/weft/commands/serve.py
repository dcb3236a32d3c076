"""`weft serve`: a search page and an HTTP API on the catalogue."""

from pathlib import Path

from weft.commands.calibrate import default_calibration_dir
from weft.errors import InputError
from weft.serve.settings import ServedFiles, ServerSettings


def serve(
    model: Path, embeddings: Path, products: Path, photos: Path, host: str, port: int, token_file: Path | None
) -> None:
    """Answer until the process is stopped.

    Args:
        model: The model's folder.
        embeddings: The embeddings of the catalogue by this model.
        products: products.parquet of the stage crawl.
        photos: The folder of the prepared photos.
        host: The address to listen at.
        port: The port; 0 for any that is free.
        token_file: The file of the token that clients must send; required if other machines can reach the host.

    Raises:
        InputError: The extra `serve` is not installed, the address cannot be used, or the token is missing.
        ContractError: A file is missing or breaks its contract.
        ModelError: The model cannot be loaded, or another model made the embeddings.
    """
    settings = ServerSettings(host, port, None if token_file is None else _read_token(token_file))
    try:
        from weft.serve.server import run_server
    except ModuleNotFoundError as error:
        raise InputError(f"weft serve needs {error.name}: run `pip install weft[serve]`") from error
    run_server(ServedFiles(model, embeddings, products, photos, default_calibration_dir(model)), settings)


def _read_token(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--token-file {path}: cannot be read: {error}") from error
