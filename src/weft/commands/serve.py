"""`weft serve`: a search page and an HTTP API on the catalogue."""

from pathlib import Path

from weft import extras
from weft.errors import InputError
from weft.serve.settings import AuditFiles, ServedFiles, ServerSettings


def serve(files: ServedFiles, audit: AuditFiles, host: str, port: int, token_file: Path | None) -> None:
    """Answer until the process is stopped.

    Args:
        files: The outputs of the pipeline.
        audit: The cases of the audit page, and the verdicts on them.
        host: The address to listen at.
        port: The port; 0 for any that is free.
        token_file: The file of the token that clients must send; required if other machines can reach the host.

    Raises:
        InputError: The extra `serve` is not installed, the address cannot be used, or the token is missing.
        ContractError: A file is missing or breaks its contract.
        ModelError: The model cannot be loaded, or another model made the embeddings.
    """
    settings = ServerSettings(host, port, None if token_file is None else _read_token(token_file))
    with extras.required("weft serve"):
        from weft.serve.server import run_server
    run_server(files, audit, settings)


def _read_token(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--token-file {path}: cannot be read: {error}") from error
