"""Faults that are injected into the texts of a few products, and recorded in the ground truth to score an audit.

The sorts are mistakes of real shops: the text of another colour variant, a colour field left empty, a product filed
under another kind, and a wrong pattern.
"""

import random
from dataclasses import dataclass

from weft.demo import catalogue
from weft.demo.catalogue import DemoProduct
from weft.demo.garment_kinds import KINDS

FAULT_RATE = 1 / 12
"""Share of the products with a fault; a product has at most one."""

WRONG_COLOUR, MISSING_COLOUR = "wrong colour", "missing colour"
WRONG_KIND, WRONG_PATTERN = "wrong kind", "wrong pattern"
SORTS = (WRONG_COLOUR, MISSING_COLOUR, WRONG_KIND, WRONG_PATTERN)


@dataclass(frozen=True, kw_only=True)
class InjectedFault:
    """One fault in the text of a product; its photos show the true value."""

    sort: str
    """One of SORTS."""
    attribute: str
    """The visible attribute: colour, kind or pattern."""
    true_value: str
    """The value that the photos show."""
    text_value: str | None
    """The value of the text; None if the text does not mention the attribute."""


def choose_fault(product: DemoProduct) -> InjectedFault | None:
    """Return the fault of a product's text, or None for the many products without one."""
    rng = random.Random(f"weft demo {product.seed} fault {product.number}")
    if rng.random() >= FAULT_RATE:
        return None
    sort = rng.choice(SORTS)
    if sort == WRONG_KIND:
        return InjectedFault(
            sort=sort, attribute="kind", true_value=product.kind, text_value=rng.choice(_list_other_kinds(product))
        )
    if sort == WRONG_PATTERN:
        others = [pattern for pattern in catalogue.PATTERN_SYNONYMS if pattern != product.pattern]
        return InjectedFault(sort=sort, attribute="pattern", true_value=product.pattern, text_value=rng.choice(others))
    others = [colour for colour in catalogue.COLOURS if colour != product.colour]
    text_value = rng.choice(others) if sort == WRONG_COLOUR else None
    return InjectedFault(sort=sort, attribute="colour", true_value=product.colour, text_value=text_value)


def _list_other_kinds(product: DemoProduct) -> list[str]:
    """Return the kinds for which a product may be mistaken; if the shop sells none of them, all other kinds."""
    mistaken_for = [name for name in KINDS[product.kind].mistaken_for if name in KINDS]
    return mistaken_for or [name for name in KINDS if name != product.kind]
