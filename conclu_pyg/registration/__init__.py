"""Registration of shapes and the evidence that two of them are the same, without an initial guess."""

from conclu_pyg.registration.alignment import Alignment, register
from conclu_pyg.registration.chamfer import Deviation, chamfer
from conclu_pyg.registration.evidence import Evidence, compare
from conclu_pyg.registration.shape import Shape
from conclu_pyg.registration.similarity import Similarity

__all__ = ["Alignment", "Deviation", "Evidence", "Shape", "Similarity", "chamfer", "compare", "register"]
