"""From the settings of a benchmark to its reader."""

from pathlib import Path

from weft import params
from weft.datasets.base import EvalDataset
from weft.datasets.catalogue import Catalogue
from weft.datasets.deepfashion_attributes import DeepFashionAttributes
from weft.datasets.deepfashion_inshop import InShop
from weft.datasets.labelled_photos import LabelledPhotos


def open_dataset(settings: params.Benchmark, products: Path | None = None) -> EvalDataset:
    """Open a benchmark with the reader its settings name.

    Args:
        settings: Of the benchmark.
        products: The crawled products; the own catalogue takes its categories from there.

    Raises:
        BenchmarkError: The files are not what the reader expects.
        ContractError: The prepared photos of the own catalogue are missing or broken.
    """
    folder = Path(settings.path)
    reader, *options = settings.reader.split(":")
    if reader == "catalogue":
        return Catalogue(folder, products)
    if reader == "inshop":
        return InShop(folder, crop_to_box="crops" in options)
    if reader == "deepfashion_attributes":
        return DeepFashionAttributes(folder, fine="fine" in options, crop_to_box="crops" in options)
    return LabelledPhotos(folder, settings)
