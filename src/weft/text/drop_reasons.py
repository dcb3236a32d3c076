"""Why a token of a product's text does not become a word of the product."""

from functools import lru_cache

from weft.text.languages import load_language
from weft.text.scripts import find_script
from weft.text.shop_tokenizer import find_language
from weft.text.tokenize import is_word

BRAND_NAME = "brand name"
SHOP_NAME = "shop name"
NUMBER = "number"
TOO_SHORT = "too short"
STOP_WORD = "stop word"
COMMERCE_STOP_WORD = "commerce stop word"
OFF_TOPIC = "off-topic"


@lru_cache(maxsize=200_000)
def find_drop_reason(token: str, min_letters: int, language: str) -> str | None:
    """Return why a token is dropped whatever its product is; None if it stays.

    Args:
        token: A token of `ShopTokenizer`.
        min_letters: The minimum length of words in alphabets; a single sign of Hangul, Han, Kana or Thai may be a word.
        language: The code of the language of the text.
    """
    if not is_word(token):
        return NUMBER
    if len(token) < min_letters and find_script(token) == "alphabet":
        return TOO_SHORT
    words = load_language(find_language(token, language))
    if token in words.function_words:
        return STOP_WORD
    return COMMERCE_STOP_WORD if token in words.trade_words else None
