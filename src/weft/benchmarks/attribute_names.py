"""The attributes of DeepFashion Category & Attribute Prediction: their names and types, coarse and fine told apart."""

from dataclasses import dataclass
from pathlib import Path

from weft.benchmarks.counted_lines import read_counted_rows, split_columns
from weft.errors import BenchmarkError

ATTRIBUTE_NAMES_HEADER = ("attribute_name", "attribute_type")
COARSE_TYPES = ("texture", "fabric", "shape", "part", "style")
"""Types 1 to 5 of the 1,000 attributes that shops' words gave (Liu et al. 2016, section 3.2)."""
FINE_TYPES = ("texture", "sleeve", "length", "neckline", "fabric", "fit")
"""Types 1 to 6 of the 26 attributes that people annotated later: the same numbers mean other things."""
N_FINE_ATTRIBUTES = 26


@dataclass(frozen=True)
class AttributeNames:
    """The attributes in the order of the files."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    """The type of each, in words."""
    is_fine: bool

    @property
    def set_name(self) -> str:
        """Which of the two sets this is."""
        return "fine" if self.is_fine else "coarse"


def read_attribute_names(path: Path) -> AttributeNames:
    """Read list_attr_cloth.txt; a name may hold spaces, its type is the last column.

    The set is fine when its folder is called so, when a type is 6, or when it has 26 attributes; else coarse.

    Raises:
        BenchmarkError: A row is not as wanted, or a name stands twice.
    """
    names: dict[str, int] = {}
    for number, line in read_counted_rows(path, ATTRIBUTE_NAMES_HEADER):
        location = f"{path}, line {number}"
        name, type_number = split_columns(line, ATTRIBUTE_NAMES_HEADER, location)
        name = " ".join(name.split())
        if type_number not in ("1", "2", "3", "4", "5", "6"):
            raise BenchmarkError(
                f"{location}: attribute_type = {type_number!r}, wanted 1 to 5, or 1 to 6 of the fine set"
            )
        if name in names:
            raise BenchmarkError(f"{location}: the attribute {name!r} stands twice; keep one")
        names[name] = int(type_number)
    is_fine = path.parent.name.endswith("_fine") or 6 in names.values() or len(names) == N_FINE_ATTRIBUTES
    types = FINE_TYPES if is_fine else COARSE_TYPES
    return AttributeNames(tuple(names), tuple(types[type_number - 1] for type_number in names.values()), is_fine)
