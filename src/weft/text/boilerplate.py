"""Which words tell of the shop and not of the product: found from the counts, each with a reason a person can check."""

from collections.abc import Mapping
from typing import NamedTuple

from weft import params
from weft.text.counts import Counts
from weft.text.tokens import pieces

SHOP_NAME = "shop name"
NEARLY_EVERYWHERE = "in nearly all products"
BOILERPLATE = "shop boilerplate"
BRAND_NAME = "brand name"
TOO_RARE = "too few products"

NEARLY_ALL = 0.9
"""A word on a larger share of all products tells none from another; with a single shop this rule stands alone."""
FEWEST_DOCUMENTS = 10
"""Fewer products than this, of a shop, of the others or of other brands, are no ground for a judgement."""
PLAIN_WORD = 0.0015
"""A brand's word on this share of other brands' products is a plain word: in a real catalogue "rose", "indigo" and
"yoga" were on 0.2 % of them, "nike" and "fossil" on 0.04 %."""


class Verdict(NamedTuple):
    """Why a word is dropped."""

    reason: str
    detail: str


def shop_names(counts: Counts) -> Mapping[str, str]:
    """Word -> shop, for shops whose name is one word that their own texts do not use as a word.

    `clean` takes a shop's name out of its own texts unless it describes the product (an orange top at Orange):
    where it is still found in more than a few of them, it is a word and stays.
    """
    named = {}
    for shop, documents in counts.documents.items():
        name = pieces(shop)
        if len(name) == 1 and counts.by_shop[shop][name[0]] <= (1 - NEARLY_ALL) * documents:
            named[name[0]] = shop
    return named


def judge(word: str, counts: Counts, names: Mapping[str, str], settings: params.Vocabulary) -> Verdict | None:
    """Why `word` is dropped, or None when it stays; the first reason that holds is given."""
    if word in names:
        return Verdict(SHOP_NAME, f"the name of {names[word]}")
    return (
        _nearly_everywhere(word, counts)
        or _of_one_shop(word, counts, settings)
        or _of_a_brand(word, counts, settings)
        or _too_rare(word, counts, settings)
    )


def _nearly_everywhere(word: str, counts: Counts) -> Verdict | None:
    documents = counts.documents.total()
    share = counts.frequency(word) / documents
    if documents < FEWEST_DOCUMENTS or share <= NEARLY_ALL:
        return None
    return Verdict(NEARLY_EVERYWHERE, f"in {_percent(share)} of all")


def _of_one_shop(word: str, counts: Counts, settings: params.Vocabulary) -> Verdict | None:
    """In most products of one shop and rare in the others.

    Rare also means that fewer products elsewhere carry it, or a small shop could take a word from a large one: "solid"
    is on 72 % of 139 sports clothes, each with its pattern named, and says something on 5 % of 14,000 others.
    """
    for shop in sorted(counts.documents):
        documents = counts.documents[shop]
        others = counts.documents.total() - documents
        if documents < FEWEST_DOCUMENTS or others < FEWEST_DOCUMENTS:
            continue
        with_word = counts.by_shop[shop][word]
        with_word_elsewhere = counts.frequency(word) - with_word
        here, elsewhere = with_word / documents, with_word_elsewhere / others
        rare = elsewhere < here / settings.boilerplate_ratio and with_word_elsewhere < with_word
        if here > settings.boilerplate_share and rare:
            return Verdict(BOILERPLATE, f"in {_percent(here)} of {shop}, {_percent(elsewhere)} of others")
    return None


def _of_a_brand(word: str, counts: Counts, settings: params.Vocabulary) -> Verdict | None:
    share = counts.brand_share(word)
    if not share or share < settings.brand_share:
        return None
    elsewhere = counts.share_in_other_brands(word)
    others = counts.documents.total() - counts.in_brand[word]
    if elsewhere >= PLAIN_WORD and elsewhere * others >= FEWEST_DOCUMENTS:
        return None
    return Verdict(BRAND_NAME, f"{_percent(share)} of the products with it are of a brand so named")


def _too_rare(word: str, counts: Counts, settings: params.Vocabulary) -> Verdict | None:
    frequency = counts.frequency(word)
    if frequency >= settings.min_documents:
        return None
    return Verdict(TOO_RARE, f"in {frequency}, wanted {settings.min_documents}")


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")
