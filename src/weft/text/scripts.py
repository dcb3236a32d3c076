"""Take tokens apart where the script changes: shops write 100%棉, 2way백 and Vネック without spaces."""

import re
from typing import Literal

Script = Literal["alphabet", "hangul", "east_asian", "thai"]

_HANGUL = "\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3"
_KANA = "\u3041-\u309f\u30a0-\u30ff\u31f0-\u31ff"
_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_THAI = "\u0e01-\u0e7f"
_UNSPACED = _HANGUL + _KANA + _HAN + _THAI
_LETTER = "(?:(?<![a-z0-9])[a-z]-?)?"
"""One Latin letter before such a script belongs to the word: v领, v넥, tシャツ."""
_RUN = re.compile(
    f"{_LETTER}[{_HANGUL}]+|{_LETTER}[{_KANA}{_HAN}]+|{_LETTER}[{_THAI}]+|[^{_UNSPACED}]+?(?={_LETTER}[{_UNSPACED}]|$)"
)
_HAS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_SCRIPTS: tuple[tuple[Script, re.Pattern[str]], ...] = (
    ("hangul", re.compile(f"[{_HANGUL}]")),
    ("east_asian", re.compile(f"[{_KANA}{_HAN}]")),
    ("thai", re.compile(f"[{_THAI}]")),
)
_KANA_RUN = re.compile(f"[a-z]?[\u30a0-\u30ff\u31f0-\u31ff]+|[\u3041-\u309f]+|[a-z]?[{_HAN}]+|[a-z]+")
HAS_KANA = re.compile(f"[{_KANA}]")
_NIKHAHIT_AND_AA = re.compile("\u0e4d([\u0e48-\u0e4b]?)\u0e32")
_ARABIC = re.compile("[\u0600-\u06ff]")
_ARABIC_MARKS = re.compile("[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]")
_ALEFS = str.maketrans({"\u0622": "\u0627", "\u0623": "\u0627", "\u0625": "\u0627", "\u0671": "\u0627"})


def find_script(token: str) -> Script:
    """Return the script by whose rules a token is cut; "alphabet" for Latin, Cyrillic, Arabic and all others."""
    if token.isascii() or not _HAS_UNSPACED.search(token):
        return "alphabet"
    return next(script for script, pattern in _SCRIPTS if pattern.search(token))


def split_by_script(token: str) -> list[str]:
    """Return the runs of one script in a token, in order; digits are cut off Hangul, Han, Kana and Thai.

    Thai SARA AM, which NFKC takes apart, is put together again. Arabic vowel marks are removed and the forms of alef
    become one.
    """
    if token.isascii():
        return [token]
    if _HAS_UNSPACED.search(token):
        runs = [run if run.isascii() else _join_letter(run) for run in _RUN.findall(token)]
        return [run for run in (run.strip("-'") for run in runs) if run]
    if _ARABIC.search(token):
        token = _ARABIC_MARKS.sub("", token).translate(_ALEFS)
    return [token] if token else []


def _join_letter(run: str) -> str:
    if run[1:2] == "-":
        run = run[0] + run[2:]
    return _NIKHAHIT_AND_AA.sub("\\1\u0e33", run) if "\u0e32" in run else run


def split_kana(run: str) -> list[str]:
    """Return the pieces of a run of Han and Kana, cut where Katakana, Hiragana and Han meet: ボア|裏地."""
    return _KANA_RUN.findall(run)
