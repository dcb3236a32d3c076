"""Where photos and texts disagree: words that photos show and texts lack, words of texts that photos contradict.

What shops claim in few words: title, categories, colour, attributes. A word there says what the product is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sparse

from weft import tables
from weft.contracts.tables import PRODUCTS
from weft.errors import ContractError
from weft.tagging.tag_scores import Embedded, Ints, Model, Scores, normalisers, product_scores, rows_of_words
from weft.tagging.thresholds import Bools, Floats, Told, separation
from weft.tagging.word_relations import Lexicon, lacking
from weft.text.fields import iter_texts
from weft.text.tokenize import tokenize

MISSING, CONTRADICTED = "missing", "contradicted"
CELLS_AT_ONCE = 8_000_000
NEVER_SEEN = ("unisex",)
"""Claims that no photo can contradict, however much it looks like one of the other kind: who else may wear it."""
MOST_OF_A_WORD = 500
"""Candidates a word, the strongest: whoever has that many has another problem than single products."""
APART = 0.95
"""A text is contradicted only by what photos can tell: a product that claims the one of two words looks so often more
like it than one that claims the other."""
UNUSUAL = 0.05
"""A claim is doubted where at most this share of the products with the same claim look as little like it."""


@dataclass(frozen=True)
class Finding:
    """One disagreement, before the neighbours are asked."""

    kind: str
    product: int
    shows: int
    """word_id."""
    place_among_told: int
    score: float
    """Log-probability of the shown word."""
    threshold: float
    says: int | None = None
    """word_id of the contradicted claim."""
    says_score: float = 0.0
    says_rank: float = 0.0
    """Share of the products with the same claim that look even less like it, and more like the shown word."""


@dataclass
class Evidence:
    """The catalogue, ready to be asked word by word."""

    catalogue: Embedded
    model: Model
    claimed: "sparse.csr_matrix"
    normaliser: Scores

    @classmethod
    def of(cls, catalogue: Embedded, model: Model, claimed: "sparse.csr_matrix") -> "Evidence":
        """Reads every photo's embedding once."""
        return cls(catalogue, model, claimed, normalisers(catalogue.z, model.w, model.bias))

    def scores(self, words: Ints) -> Iterator[tuple[int, Scores]]:
        """(Place in `words`, scores of all products), a few words at a time so that memory stays flat."""
        at_once = max(1, CELLS_AT_ONCE // max(1, len(self.catalogue.starts)))
        for first in range(0, len(words), at_once):
            some = words[first : first + at_once]
            w, bias = self.model.w[some], self.model.bias[some]
            block = product_scores(self.catalogue.z, w, bias, self.normaliser, self.catalogue.starts)
            yield from ((first + column, block[:, column]) for column in range(block.shape[1]))


def find(evidence: Evidence, told: Told) -> list[Finding]:
    """All candidates: of each product the words it seems to miss, and its most doubtful claim.

    Args:
        evidence: The catalogue.
        told: The calibrated words; only these can be shown.
    """
    said = evidence.catalogue.said
    tags = tag_words(evidence.claimed, said)
    lexicon = Lexicon(evidence.model.words, evidence.model.w, said, evidence.claimed)
    places = np.flatnonzero(np.isin(told.word_ids, tags))
    said_columns = said.tocsc()
    is_tag = np.zeros(len(evidence.model.words), np.bool_)
    is_tag[tags] = True
    is_seen = is_tag & ~np.isin(np.array(evidence.model.words, np.object_), NEVER_SEEN)
    missing: list[Finding] = []
    doubts: dict[int, list[Finding]] = {}
    for number, scores in evidence.scores(told.word_ids[places]):
        place = int(places[number])
        shown, threshold = int(told.word_ids[place]), float(told.thresholds[place])
        relations = lexicon.of(shown)
        says = said_columns[:, [shown]].toarray().ravel() > 0
        products = np.flatnonzero((scores >= threshold) & ~says)
        products = products[lacking(said, products, relations.same)]
        products = products[np.argsort(-scores[products], kind="stable")]
        rival = relations.rivals & is_tag
        free = lacking(evidence.claimed, products, rival)
        for product in products[free & lacking(said, products, relations.near)][:MOST_OF_A_WORD]:
            missing.append(Finding(MISSING, int(product), shown, place, float(scores[product]), threshold))
        for product in products[~free][:MOST_OF_A_WORD]:
            for claim in _claims(evidence, int(product), rival & is_seen):
                finding = Finding(CONTRADICTED, int(product), shown, place, float(scores[product]), threshold, claim)
                doubts.setdefault(claim, []).append(finding)
    claims = np.asarray(evidence.claimed.sum(axis=0), np.float64).ravel()
    return missing + _most_doubtful(list(_doubted(evidence, doubts)), claims)


def _claims(evidence: Evidence, product: int, rival: Bools) -> list[int]:
    """The claims of a product that exclude the shown word."""
    return [int(word) for word in evidence.claimed[[product]].indices if rival[word]]


def _doubted(evidence: Evidence, doubts: dict[int, list[Finding]]) -> Iterator[Finding]:
    """The doubts that hold: photos can tell the two words apart, and this product looks unusual for its claim."""
    columns = evidence.claimed.tocsc()

    def claiming(word: int) -> Bools:
        return np.asarray(columns[:, [word]].toarray().ravel() > 0)

    for word in sorted(doubts):
        claim = claiming(word)
        shown = sorted({doubt.shows for doubt in doubts[word]})
        scores = evidence.scores(np.array([word, *shown], np.int64))
        _, of_claim = next(scores)
        for number, of_shown in scores:
            lead = of_claim - of_shown
            either = claim ^ claiming(shown[number - 1])
            apart = separation(lead[either], claim[either])
            if apart is None or apart < APART:
                continue
            for doubt in (doubt for doubt in doubts[word] if doubt.shows == shown[number - 1]):
                # Of a product in two colours, one view shows the claim: it leads little, but it is there.
                rank = max(_share_below(of[doubt.product], of[claim]) for of in (lead, of_claim))
                if rank <= UNUSUAL:
                    yield replace(doubt, says_score=float(of_claim[doubt.product]), says_rank=rank)


def _share_below(own: float, usual: Scores) -> float:
    return float((usual < own).mean())


def _most_doubtful(doubts: list[Finding], claims: Floats) -> list[Finding]:
    """Of each product the most common of its doubted claims ("women" before "flats"), and what shows most instead.

    Args:
        doubts: All that hold.
        claims: (words,): products that claim each word.
    """
    doubts.sort(
        key=lambda doubt: (
            doubt.product,
            -claims[0 if doubt.says is None else doubt.says],
            doubt.says_score - doubt.score,
            doubt.shows,
        )
    )
    first: dict[int, Finding] = {}
    for doubt in doubts:
        first.setdefault(doubt.product, doubt)
    return list(first.values())


SHORT_FIELDS = ("title", "categories", "colour", "attributes")
TAG_SHARE = 0.2
"""A word is a tag where at least this share of the products that say it say it in a short field ..."""
TAG_PRODUCTS = 10
"""... and at least so many do. "Dashboard" is in the care text of sunglasses and in no title."""


def read_claims(products: Path, catalogue: Embedded, words: tuple[str, ...]) -> "sparse.csr_matrix":
    """(products, words), 1 where a short field of the product says the word and clean kept it.

    Args:
        products: products.parquet of the crawl.
        catalogue: The products that have photos, and all their words.
        words: The vocabulary by word_id.

    Raises:
        ContractError: The table is broken, or lacks a product of the catalogue.
    """
    ids = {word: number for number, word in enumerate(words)}
    bags: dict[str, list[int]] = {}
    for product in _rows(products, ("product_id", *SHORT_FIELDS)):
        found = (piece for text in iter_texts(product, SHORT_FIELDS) for piece in tokenize(text))
        bags[product["product_id"]] = [ids[piece] for piece in found if piece in ids]
    absent = [product_id for product_id in catalogue.product_ids if product_id not in bags]
    if absent:
        raise ContractError(f"{products}: lacks the product {absent[0]}, which has photos; run `dvc repro prepare`")
    claimed = rows_of_words((bags[product_id] for product_id in catalogue.product_ids), len(words))
    # clean leaves out names of brands and shops: "Black Horse" claims no colour.
    return claimed.multiply(catalogue.said).tocsr()


def tag_words(claimed: "sparse.csr_matrix", said: "sparse.csr_matrix") -> Ints:
    """The words that this catalogue uses as tags, ascending."""
    claims, says = (np.asarray(matrix.sum(axis=0)).ravel() for matrix in (claimed, said))
    return np.flatnonzero((claims >= TAG_PRODUCTS) & (claims >= TAG_SHARE * says)).astype(np.int64)


def read_titles(products: Path, wanted: Iterable[str]) -> dict[str, tuple[str, str]]:
    """(Title, URL) of the wanted products."""
    looked_for = set(wanted)
    return {
        row["product_id"]: (row["title"], row["url"])
        for row in _rows(products, ("product_id", "title", "url"))
        if row["product_id"] in looked_for
    }


def _rows(products: Path, columns: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    for table in tables.read_stream(products, PRODUCTS, columns):
        yield from table.to_pylist()
