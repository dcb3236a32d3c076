"""The optional dependencies: which extra of pyproject.toml installs a library that is missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from weft.errors import InputError

_LIBRARIES = {
    "pipeline": (
        *("charset_normalizer", "chompjs", "dvc", "extruct", "html_text", "idna", "imagehash", "lxml", "matplotlib"),
        *("mlflow", "nltk", "pandas", "scipy", "scrapy", "sklearn", "torch", "torchvision"),
    ),
    "onnx": ("onnx", "onnxruntime"),
    "serve": ("fastapi", "multipart", "prometheus_client", "python_multipart", "starlette", "uvicorn"),
}
_EXTRAS = {library: extra for extra, libraries in _LIBRARIES.items() for library in libraries}


@contextmanager
def required(user: str) -> Iterator[None]:
    """Turn the failed import of an optional library in the body into an error that names its extra.

    Args:
        user: What needs the library, such as "weft serve".

    Raises:
        InputError: The library is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").split(".")[0]
        if library not in _EXTRAS:
            raise
        raise InputError(f"{user} needs {library}: run `pip install 'weft[{_EXTRAS[library]}]'`") from error
