"""Recognise product cards: similar siblings with a link and an image each, as on listings."""

from collections.abc import Iterable
from typing import Any

_MIN_CARDS, _MAX_CARDS_COMPARED = 3, 6


class ProductCards:
    """The product cards of one page. Each element is examined once, so that the cost grows with the page only."""

    def __init__(self) -> None:
        self._is_in_card: dict[Any, bool] = {}
        self._card_shapes: dict[Any, set[tuple[str, str | None]]] = {}

    def contain(self, element: Any) -> bool:
        """Return whether `element` is a card or in a card."""
        visited, answer = [], False
        while (parent := element.getparent()) is not None and parent.tag != "html":
            if element in self._is_in_card:
                answer = self._is_in_card[element]
                break
            visited.append(element)
            if (element.tag, element.get("class")) in self._shapes_of_cards(parent):
                answer = True
                break
            element = parent
        self._is_in_card.update(dict.fromkeys(visited, answer))
        return answer

    def _shapes_of_cards(self, parent: Any) -> set[tuple[str, str | None]]:
        """Return (tag, class) of the children of `parent` that are cards."""
        if parent not in self._card_shapes:
            children_by_shape: dict[tuple[str, str | None], list[Any]] = {}
            for child in parent:
                if isinstance(child.tag, str):
                    children_by_shape.setdefault((child.tag, child.get("class")), []).append(child)
            self._card_shapes[parent] = {
                shape
                for shape, children in children_by_shape.items()
                if len(children) >= _MIN_CARDS and sum(map(_is_card, children[:_MAX_CARDS_COMPARED])) >= _MIN_CARDS
            }
        return self._card_shapes[parent]


def _is_card(element: Any) -> bool:
    has_image = element.find(".//img") is not None or element.find(".//amp-img") is not None
    return has_image and element.find(".//a") is not None


def find_ancestors(elements: Iterable[Any]) -> set[Any]:
    """Return the elements around any of `elements`."""
    ancestors: set[Any] = set()
    for element in elements:
        for ancestor in element.iterancestors():
            if ancestor in ancestors:
                break
            ancestors.add(ancestor)
    return ancestors
