"""From the settings of a benchmark to its reader."""

from pathlib import Path

from weft import params
from weft.benchmarks.catalogue import Catalogue
from weft.benchmarks.deepfashion_attributes import DeepFashionAttributes
from weft.benchmarks.inshop import InShop
from weft.benchmarks.labelled_photos import LabelledPhotos
from weft.benchmarks.record import BenchmarkData


def open_benchmark(settings: params.Benchmark, products: Path | None = None) -> BenchmarkData:
    """Open a benchmark with the reader its settings name.

    Args:
        settings: Of the benchmark.
        products: The crawled products; the own catalogue takes its categories from there.

    Raises:
        BenchmarkError: The files are not what the reader expects.
        ContractError: The prepared photos of the own catalogue are missing or broken.
    """
    folder = Path(settings.path)
    kind, *ways = settings.reader.split(":")
    if kind == "catalogue":
        return Catalogue(folder, products)
    if kind == "inshop":
        return InShop(folder, crops="crops" in ways)
    if kind == "deepfashion_attributes":
        return DeepFashionAttributes(folder, fine="fine" in ways, crops="crops" in ways)
    return LabelledPhotos(folder, settings)
