"""Draw the pictures of the documentation from the outputs of the demo: run `make repro` first.

    python docs/make_images.py [search_and_tags search report mlflow serve]

search_and_tags.png  one query of each shop, its nearest products, and its predicted tags
search.png           the same queries with the pretrained backbone and with the finetuned model
report.png           the first screen of reports/summary/index.html
mlflow.png           the newest two pipelines compared in MLflow
serve.png            the page of `weft serve`: more like a product, in another colour

Each picture is a PNG of at most 150 KB in docs/images. The last three are screenshots and need Chromium.
"""

import argparse
import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq
from PIL import Image, ImageDraw, ImageFont
from safetensors.numpy import load_file

OUT = Path("docs/images")
MAX_BYTES = 150_000
NUM_RESULTS = 5
NUM_TAGS = 6
CORRECT, OTHER, TEXT, CAPTION = "#2e7d32", "#bdbdbd", "#212121", "#616161"
PHOTO = (96, 128)
GAP = 16
MARGIN = 24
WINDOW_HEIGHT = 860
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Catalogue:
    """The demo's photos with both embeddings and the words of the finetuned model."""

    photos: pd.DataFrame
    """Columns photo_id, product_id, split; row n belongs to row n of the embeddings."""
    jpegs: dict[str, bytes]
    word_ids: dict[str, set[int]]
    """The words of the product's own text, by product_id."""
    pretrained: npt.NDArray[np.float32]
    finetuned: npt.NDArray[np.float32]
    """L2-normalised embeddings, shape (photos, embedding_dim)."""
    word_scores: npt.NDArray[np.float32]
    """Shape (photos, words)."""
    words: list[str]


def read_catalogue() -> Catalogue:
    """Read the outputs of documents, prepare, features, finetune and embed."""
    folder = Path("data/embeddings/catalogue")
    if not folder.is_dir():
        raise SystemExit(f"{folder}: not found; run `make repro` first, from the root of the checkout")
    z = np.load(folder / "embeddings.npy").astype(np.float32)
    weights = load_file("models/embedder/model.safetensors")
    scores = z @ weights["words"].astype(np.float32).T
    if "bias" in weights:
        scores += weights["bias"].reshape(-1)
    words = pd.read_csv("models/embedder/words.tsv", sep="\t", quoting=3, keep_default_na=False)
    jpegs: dict[str, bytes] = {}
    documents = pq.read_table("data/documents/documents.parquet", columns=["product_id", "word_ids"]).to_pylist()
    for shard in sorted(Path("data/prepared").glob("*/*.parquet")):
        for row in pq.read_table(shard, columns=["photo_id", "jpeg"]).to_pylist():
            jpegs[row["photo_id"]] = row["jpeg"]
    pretrained = np.load("data/features/catalogue/embeddings.npy").astype(np.float32)
    return Catalogue(
        pd.read_parquet(folder / "photos.parquet"),
        jpegs,
        {row["product_id"]: set(row["word_ids"]) for row in documents},
        _normalise(pretrained),
        _normalise(z),
        scores,
        words["word"].tolist(),
    )


def _normalise(z: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    unit: npt.NDArray[np.float32] = z / np.linalg.norm(z, axis=1, keepdims=True).clip(1e-9)
    return unit


def nearest_products(catalogue: Catalogue, z: npt.NDArray[np.float32], query: int) -> list[tuple[int, float]]:
    """Return the best photo of each of the NUM_RESULTS nearest products, and its cosine similarity."""
    similarities = z @ z[query]
    similarities[query] = -np.inf
    seen: dict[str, tuple[int, float]] = {}
    for row in np.argsort(-similarities, kind="stable"):
        seen.setdefault(catalogue.photos.product_id[row], (int(row), float(similarities[row])))
        if len(seen) == NUM_RESULTS:
            break
    return list(seen.values())


def choose_queries(catalogue: Catalogue) -> tuple[list[int], float]:
    """Return the first test photo of each shop whose first result is its own product, and the share of such photos."""
    products = catalogue.photos.product_id
    test = np.flatnonzero(catalogue.photos.split == "test")
    similarities = catalogue.finetuned[test] @ catalogue.finetuned.T
    similarities[np.arange(len(test)), test] = -np.inf
    correct = products.to_numpy()[similarities.argmax(axis=1)] == products.to_numpy()[test]
    first: dict[str, int] = {}
    for row in test[correct]:
        first.setdefault(products[row].split("/")[0], int(row))
    return list(first.values()), float(correct.mean())


def draw_search_and_tags() -> None:
    """Draw one row for each query: the photo, the nearest products, the predicted tags."""
    catalogue = read_catalogue()
    queries, share = choose_queries(catalogue)
    tags_left = MARGIN + (NUM_RESULTS + 1) * (PHOTO[0] + GAP) + 2 * GAP
    sheet = Sheet(tags_left + 260, MARGIN + 24 + len(queries) * (PHOTO[1] + 40) + 44)
    sheet.text(MARGIN, MARGIN - 8, "query", bold=True)
    sheet.text(MARGIN + PHOTO[0] + 3 * GAP, MARGIN - 8, "nearest products (green: the same product)", bold=True)
    sheet.text(tags_left, MARGIN - 8, "predicted tags (green: in the shop's text)", bold=True)
    top = MARGIN + 20
    for query in queries:
        sheet.strip(catalogue, catalogue.finetuned, query, MARGIN, top)
        sheet.tags(catalogue, query, tags_left, top)
        top += PHOTO[1] + 40
    sheet.text(MARGIN, top, _caption(share))
    save(sheet.image, OUT / "search_and_tags.png")


def draw_search() -> None:
    """Draw two rows for each query: the results of the pretrained backbone and of the finetuned model."""
    catalogue = read_catalogue()
    queries, share = choose_queries(catalogue)
    label = 150
    rows = 2 * len(queries)
    sheet = Sheet(
        MARGIN * 2 + label + (NUM_RESULTS + 1) * (PHOTO[0] + GAP) + 2 * GAP, MARGIN + rows * (PHOTO[1] + 34) + 44
    )
    top = MARGIN
    for query in queries:
        for name, z in (("frozen backbone", catalogue.pretrained), ("finetuned", catalogue.finetuned)):
            sheet.text(MARGIN, top + PHOTO[1] // 2 - 8, name, bold=True)
            sheet.strip(catalogue, z, query, MARGIN + label, top)
            top += PHOTO[1] + 34
    sheet.text(MARGIN, top, _caption(share))
    save(sheet.image, OUT / "search.png")


def _caption(share: float) -> str:
    return f"First test photo of each demo shop whose first finetuned result is its own product ({share:.0%} are)."


class Sheet:
    """A white picture with photos and captions."""

    def __init__(self, width: int, height: int) -> None:
        self.image = Image.new("RGB", (width, height), "white")
        self._draw = ImageDraw.Draw(self.image)
        self._font = ImageFont.load_default(13)

    def text(self, left: int, top: int, text: str, *, colour: str = CAPTION, bold: bool = False) -> int:
        """Draw one line and return its width in pixels."""
        colour = TEXT if bold else colour
        self._draw.text((left, top), text, fill=colour, font=self._font)
        return int(self._draw.textlength(text, font=self._font))

    def photo(self, jpeg: bytes, left: int, top: int, border: str) -> None:
        """Draw one photo with a border."""
        with Image.open(io.BytesIO(jpeg)) as photo:
            self.image.paste(photo.convert("RGB").resize(PHOTO), (left, top))
        self._draw.rectangle((left - 3, top - 3, left + PHOTO[0] + 2, top + PHOTO[1] + 2), outline=border, width=3)

    def strip(self, catalogue: Catalogue, z: npt.NDArray[np.float32], query: int, left: int, top: int) -> None:
        """Draw a query and its nearest products, with the similarity below each."""
        photos = catalogue.photos
        self.photo(catalogue.jpegs[photos.photo_id[query]], left, top, TEXT)
        left += PHOTO[0] + 3 * GAP
        for row, similarity in nearest_products(catalogue, z, query):
            same = photos.product_id[row] == photos.product_id[query]
            self.photo(catalogue.jpegs[photos.photo_id[row]], left, top, CORRECT if same else OTHER)
            self.text(left, top + PHOTO[1] + 6, f"{similarity:.2f}", colour=CORRECT if same else CAPTION)
            left += PHOTO[0] + GAP

    def tags(self, catalogue: Catalogue, query: int, left: int, top: int) -> None:
        """Draw the best words of a photo, one on each line."""
        own = catalogue.word_ids[catalogue.photos.product_id[query]]
        for word in np.argsort(-catalogue.word_scores[query], kind="stable")[:NUM_TAGS]:
            self.text(left, top, catalogue.words[word], colour=CORRECT if int(word) in own else CAPTION)
            top += 22


def draw_report() -> None:
    """Take a screenshot of the report's first screen."""
    page = Path("reports/summary/index.html").resolve()
    if not page.is_file():
        raise SystemExit("reports/summary/index.html: not found; run `make repro` first")
    screenshot(page.as_uri(), OUT / "report.png")


def draw_mlflow() -> None:
    """Take a screenshot of the newest two pipelines compared in MLflow."""
    from weft import tracking

    with running_server("weft.tracking.ui") as address:
        link = tracking.get_comparison_url(address)
        if not link:
            raise SystemExit("MLflow has no pipeline; run `make repro` and `dvc exp run -S finetune.epochs=1` first")
        # To the right of the crop is MLflow's assistant.
        screenshot(link, OUT / "mlflow.png", width=1600, crop=1185, height=2250)


def draw_serve() -> None:
    """Take a screenshot of a search: the photo of a product, together with a word."""
    catalogue = read_catalogue()
    queries, _ = choose_queries(catalogue)
    query = {"like": catalogue.photos.photo_id[queries[0]], "text": "green", "photo_weight": "0.6"}
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "verdicts.sqlite"
        with running_server("weft.cli", "serve", "--verdict-store", str(store)) as address:
            screenshot(f"{address}/?{urllib.parse.urlencode(query)}", OUT / "serve.png", height=1000)


@contextmanager
def running_server(module: str, *arguments: str) -> Iterator[str]:
    """Run a module that serves on a free port of the loopback interface and yield the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", module, *arguments, "--port", str(port)]
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait_for(address, server)
            yield address
        finally:
            os.killpg(server.pid, 15)
            server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes], seconds: float = 300.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(1)
        else:
            return
    raise SystemExit(f"{address} did not answer within {seconds:.0f} s; try `make ui` or `weft serve`")


def screenshot(url: str, out: Path, width: int = 1280, crop: int = 1280, height: int = WINDOW_HEIGHT) -> None:
    """Save the first screen of a page with headless Chromium.

    Args:
        url: The page.
        out: The PNG to write.
        width: Of the browser's window, in pixels.
        crop: How many of these pixels are kept, from the left.
        height: Of the browser's window, in pixels.
    """
    browser = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if browser is None:
        raise SystemExit(f"{out.name}: expected one of {', '.join(CHROMIUM)} on PATH; apt install chromium")
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "screen.png"
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}"]
        size = f"--window-size={width},{height}"
        command = [browser, *options, size, "--virtual-time-budget=120000", f"--screenshot={picture}", url]
        subprocess.run(command, check=True, capture_output=True, timeout=180)
        with Image.open(picture) as image:
            save(image.convert("RGB").crop((0, 0, crop, height)), out)


def save(image: Image.Image, out: Path) -> None:
    """Write a PNG of at most MAX_BYTES: 256 colours, and smaller until it fits."""
    out.parent.mkdir(parents=True, exist_ok=True)
    for percent in range(100, 30, -5):
        size = (image.width * percent // 100, image.height * percent // 100)
        file = io.BytesIO()
        image.resize(size, Image.Resampling.LANCZOS).quantize(256).save(file, "PNG", optimize=True)
        if file.tell() <= MAX_BYTES:
            out.write_bytes(file.getvalue())
            sys.stdout.write(f"{out}: {size[0]} x {size[1]} pixels, {file.tell():,} bytes\n")
            return
    raise SystemExit(f"{out}: more than {MAX_BYTES:,} bytes at the smallest size")


PICTURES: dict[str, Callable[[], None]] = {
    "search_and_tags": draw_search_and_tags,
    "search": draw_search,
    "report": draw_report,
    "mlflow": draw_mlflow,
    "serve": draw_serve,
}


def main() -> None:
    """Draw the pictures that are named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(PICTURES)}; default: all")
    names = parser.parse_args().names or list(PICTURES)
    if unknown := [name for name in names if name not in PICTURES]:
        parser.error(f"expected {', '.join(PICTURES)}, got {', '.join(unknown)}")
    for name in names:
        PICTURES[name]()


if __name__ == "__main__":
    main()
