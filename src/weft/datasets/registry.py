"""Open a data set with the reader that its settings name."""

from pathlib import Path

from weft import params
from weft.datasets.base import EvalDataset
from weft.datasets.catalogue import Catalogue
from weft.datasets.deepfashion_attributes import DeepFashionAttributes
from weft.datasets.deepfashion_inshop import InShop
from weft.datasets.labelled_photos import LabelledPhotos


def open_dataset(settings: params.Benchmark, products: Path | None = None) -> EvalDataset:
    """Open a data set with the reader that its settings name.

    Args:
        settings: The entry of `benchmarks` in params.yaml.
        products: The table of crawled products, from which the own catalogue takes its categories.

    Raises:
        BenchmarkError: The files do not have the layout that the reader expects.
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
