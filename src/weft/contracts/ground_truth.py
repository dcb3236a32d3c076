"""What is known about a catalogue whose truth is known: what its photos show, and which of its texts have a fault."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TextFault:
    """A fault in the text of one product: a wrong word, or a word that is missing."""

    sort: str
    """Its sort, such as "wrong colour"."""
    true_words: frozenset[str]
    """The words for what the photos show."""
    wrong_words: frozenset[str]
    """The wrong words of the text; empty if a word is missing."""


@dataclass(frozen=True)
class ProductTruth:
    """The truth about one product."""

    product_id: str
    shown_words: frozenset[str]
    """All words, as `clean` writes them, that describe correctly what the photos show."""
    fault: TextFault | None
    """The fault in its text, if there is one."""
