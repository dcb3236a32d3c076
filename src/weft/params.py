"""The sections of params.yaml as frozen dataclasses: every key with its unit and range, unknown keys refused.

Only what changes results stands here; devices, threads and addresses of servers come from the environment
(`weft.runtime`, `weft.tracking`), paths from dvc.yaml.
"""

from dataclasses import field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from weft.errors import ParamsError

_STRICT = ConfigDict(extra="forbid")

Count = Annotated[int, Field(ge=1)]
WholeNumber = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Rate = Annotated[float, Field(gt=0.0)]
NotNegative = Annotated[float, Field(ge=0.0)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Pixels = Annotated[int, Field(ge=16, le=2048)]


@dataclass(frozen=True, config=_STRICT)
class Shop:
    """One shop to crawl."""

    name: Name
    """Our name for it: the first part of every product_id."""
    url: str
    """Where to start: http(s)://..., or demo:jsonld, demo:microdata, demo:opengraph for the built-in shops."""
    max_products: WholeNumber = 0
    """Stop after this many products; 0 takes all."""


@dataclass(frozen=True, config=_STRICT)
class Demo:
    """The built-in shops; used only by shops whose url begins with demo:."""

    products: Count
    """Products of all three demo shops together."""
    seed: WholeNumber


@dataclass(frozen=True, config=_STRICT)
class Crawl:
    """Which shops, how politely."""

    snapshot: Count
    """Raise it to crawl again; the same number never asks a shop twice."""
    shops: Annotated[tuple[Shop, ...], Field(min_length=1)]
    delay: NotNegative
    """Seconds between two requests to one host; robots.txt may ask for more."""
    concurrency: Count
    """Requests to one host under way at once."""
    demo: Demo


@dataclass(frozen=True, config=_STRICT)
class Clean:
    """Which texts become tokens."""

    fields: tuple[Literal["title", "categories", "description", "colour", "attributes"], ...]
    """The product's fields whose words are kept. The paper: title, categories, description."""
    min_letters: Count
    """Shorter tokens are dropped."""


@dataclass(frozen=True, config=_STRICT)
class Vocabulary:
    """Which words are learned."""

    max_words: Count
    """The most frequent words are kept; 30,000 in the paper."""
    min_documents: Count
    """A word in fewer training products is dropped."""
    boilerplate_share: Share
    """A word in more than this share of one shop's products may be boilerplate ..."""
    boilerplate_ratio: Annotated[float, Field(ge=1.0)]
    """... and is, when its share in the other shops is less than that share divided by this ratio."""
    brand_share: Share
    """A brand's name is dropped when at least this share of the products with the word are of that brand."""


@dataclass(frozen=True, config=_STRICT)
class Prepare:
    """Which photos are kept, and at what size."""

    height: Pixels
    width: Pixels
    """The training size in pixels: photos are fitted inside and padded with their border colour."""
    min_side: Count
    """A photo with a shorter side, in pixels, is quarantined."""
    jpeg_quality: Annotated[int, Field(ge=50, le=100)]
    duplicate_distance: Annotated[int, Field(ge=0, le=16)]
    """Photos whose 256-bit perceptual hashes differ in at most this many bits are duplicates."""
    val_share: Share
    test_share: Share
    """Shares of products, by a hash of their id."""


@dataclass(frozen=True, config=_STRICT)
class Model:
    """The image encoder before any training."""

    backbone: str
    """A torchvision classification model by name."""
    weights: str
    """"imagenet", "random" (for tests; never silently), or the path of a local .safetensors or .pth file."""


@dataclass(frozen=True, config=_STRICT)
class Training:
    """What fit_words and finetune share."""

    seed: WholeNumber
    target: Literal["one_word", "all_words"]
    """one_word draws one word per photo (the paper); all_words takes its exact expectation as a soft target."""
    sampling: Literal["word_first", "image_first"]
    """word_first draws a word, then a photo that carries it (Joulin et al.); image_first the other way round."""
    repeats: bool
    """Whether a word that the text of a product says twice weighs twice. The paper does not tell."""
    loss: Literal["full_softmax", "sampled_softmax"]
    negatives: Count
    """Negative words per photo, uniform; read by sampled_softmax alone."""
    optimizer: Literal["sgd", "adamw"]
    momentum: Annotated[float, Field(ge=0.0, lt=1.0)]
    """Read by sgd alone."""
    weight_decay: NotNegative
    schedule: Literal["plateau", "one_cycle"]
    """plateau: x 0.1 after `patience` epochs without improvement on val; one_cycle: warm-up, then cosine to 0."""
    patience: Count
    word_learning_rate: Rate
    """For W."""
    batch_size: Count
    epochs: Count


@dataclass(frozen=True, config=_STRICT)
class FitWords(Training):
    """Stage 1: W alone on the cached z."""


@dataclass(frozen=True, config=_STRICT)
class Finetune(Training):
    """Stage 2: the whole network."""

    learning_rate: Rate = field(kw_only=True)
    """For the encoder."""
    flip: bool = field(kw_only=True)
    """Mirror half of the photos."""
    shift: WholeNumber = field(kw_only=True)
    """Move each photo by up to this many pixels both ways."""
    freeze_batch_norm: bool = field(kw_only=True)
    """Keep the batch-norm statistics of the untrained backbone."""
    frozen: tuple[str, ...] = field(kw_only=True)
    """Modules of the backbone, by their torch names (features.0, layer1), that are not trained; none in the paper."""


@dataclass(frozen=True, config=_STRICT)
class Evaluate:
    """What is measured everywhere."""

    top_k: tuple[Count, ...]
    """The k of recall_at_k."""
    tag_k: tuple[Count, ...]
    """The k of precision_at_k for predicted words."""
    neighbours: Count
    """Training photos whose words the tag-transfer baseline takes."""
    examples: WholeNumber
    """Photos shown in the report for each table."""


@dataclass(frozen=True, config=_STRICT)
class LabelSet:
    """One set of labels of a benchmark."""

    field: str
    """Where the reader finds the label: "category", or "attributes.Neck" for a nested one."""
    min_photos: Count
    """Labels on fewer photos do not count."""
    without: tuple[str, ...] = ()
    """Labels that do not count because no photo shows them: who may wear a watch, say (Unisex)."""


@dataclass(frozen=True, config=_STRICT)
class Benchmark:
    """One data set to score, own or foreign."""

    reader: Literal["catalogue", "labelled_photos", "inshop"]
    path: str
    """A folder; for the own catalogue the out of prepare."""
    labels: dict[Name, LabelSet] = field(default_factory=dict)
    """Label sets by the name they bear in tables."""
    words: bool = True
    """Score label sets by the words of the label; off where the domain's labels are not the shop's words."""
    same: tuple[Name, ...] = ()
    """Label sets that must all agree for two photos to count as the same in same_in_10."""
    group: str | None = None
    """A field (the sender of a photo): neighbours and probe folds never share one of its values."""


@dataclass(frozen=True, config=_STRICT)
class Params:
    """All of params.yaml."""

    crawl: Crawl
    clean: Clean
    vocabulary: Vocabulary
    prepare: Prepare
    model: Model
    fit_words: FitWords
    finetune: Finetune
    evaluate: Evaluate
    benchmarks: dict[Name, Benchmark]


def load(path: Path) -> Params:
    """Read and check a whole params file.

    Raises:
        ParamsError: The file cannot be read, or a key is unknown, missing or out of its range.
    """
    try:
        values: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ParamsError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(values, dict):
        raise ParamsError(f"{path}: wanted the sections {', '.join(f.name for f in fields(Params))}, found no mapping")
    try:
        params = TypeAdapter(Params).validate_python(values)
    except ValidationError as error:
        raise ParamsError(f"{path}: " + "; ".join(_explain(problem) for problem in error.errors())) from error
    _check_across(params, path)
    return params


def _explain(problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    kind = problem["type"]
    if kind in ("unexpected_keyword_argument", "extra_forbidden"):
        return f"{key}: unknown key, remove it or mend its spelling"
    if kind in ("missing", "missing_argument"):
        return f"{key}: missing key"
    return f"{key} = {problem['input']!r}: {problem['msg']}"


def _check_across(params: Params, path: Path) -> None:
    names = [shop.name for shop in params.crawl.shops]
    if len(set(names)) < len(names):
        raise ParamsError(f"{path}: crawl.shops: two shops have the same name; give each its own")
    if params.prepare.val_share + params.prepare.test_share >= 1.0:
        raise ParamsError(f"{path}: prepare.val_share + prepare.test_share leave nothing to train on")
    own = params.benchmarks.get("catalogue")
    if own is None or own.reader != "catalogue":
        raise ParamsError(f"{path}: benchmarks.catalogue: missing, wanted reader: catalogue (the shop's own photos)")
    for name, benchmark in params.benchmarks.items():
        unknown = set(benchmark.same) - set(benchmark.labels)
        if unknown:
            raise ParamsError(f"{path}: benchmarks.{name}.same: {', '.join(sorted(unknown))} is not one of its labels")
