"""Array types that several rooms share."""

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.floating]
"""(rows, columns) of float16 or float32, possibly mapped from a file."""
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.float32]
