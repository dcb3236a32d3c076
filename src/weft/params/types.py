"""The types of values in params.yaml, with their ranges."""

from typing import Annotated

from pydantic import ConfigDict, Field

STRICT_CONFIG = ConfigDict(extra="forbid", use_attribute_docstrings=True)
"""Every section refuses unknown keys; the docstring of an attribute is the description in docs/params.md."""

PositiveInt = Annotated[int, Field(ge=1)]
NonNegativeInt = Annotated[int, Field(ge=0)]
UnitInterval = Annotated[float, Field(ge=0.0, le=1.0)]
PositiveUnitInterval = Annotated[float, Field(gt=0.0, le=1.0)]
UnitIntervalBelowOne = Annotated[float, Field(ge=0.0, lt=1.0)]
OpenUnitInterval = Annotated[float, Field(gt=0.0, lt=1.0)]
PositiveFloat = Annotated[float, Field(gt=0.0)]
NonNegativeFloat = Annotated[float, Field(ge=0.0)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
ImageSide = Annotated[int, Field(ge=16, le=2048)]
