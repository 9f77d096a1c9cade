"""Problems with single clouds, collected while the other clouds are predicted."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from conclu_pyg.text import pluralize

logger = logging.getLogger(__name__)


class Problem(NamedTuple):
    """A problem with one cloud or file.

    Attributes:
        source: the file of the cloud, or ``test split``.
        message: the cause, in a sentence.
        kind: ``cloud`` if the cloud could not be read, predicted or written, ``truth`` if it was predicted without its
            ground truth.
    """

    source: str
    message: str
    kind: Literal["cloud", "truth"] = "cloud"


@dataclass
class Report:
    """The problems of one call. Each message is logged once, as a warning, when it is added.

    Attributes:
        problems: the problems in the order in which they occurred.
        drawing_error: the error that ended the drawing of clouds, if any.
    """

    problems: list[Problem] = field(default_factory=list)
    drawing_error: Exception | None = None

    def add(self, source: str, message: str, kind: Literal["cloud", "truth"] = "cloud") -> None:
        """Adds a problem and logs it, unless the same message was logged before."""
        if not any(problem.message == message for problem in self.problems):
            logger.warning(message)
        self.problems.append(Problem(source, message, kind))

    @property
    def unusable(self) -> set[str]:
        """The sources of the clouds that could not be read, predicted or written."""
        return {problem.source for problem in self.problems if problem.kind == "cloud"}

    @property
    def without_truth(self) -> set[str]:
        """The other sources, of which a cloud was predicted without its ground truth."""
        return {problem.source for problem in self.problems if problem.kind == "truth"} - self.unusable

    def summary(self) -> str:
        """Returns a sentence with the number of sources that had problems, or an empty string."""
        counts = [f"{pluralize(len(self.unusable), 'file')} could not be used"] if self.unusable else []
        if self.without_truth:
            counts.append(f"{pluralize(len(self.without_truth), 'file')} had no usable ground truth")
        return f"{' and '.join(counts)}; see the warnings above." if counts else ""
