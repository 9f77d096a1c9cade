"""Output of scores of anomalies: a table, clouds with a score for each point, and a page."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from conclu_pyg.errors import ConfigError
from conclu_pyg.inference.anomaly import NewCloud, Scores
from conclu_pyg.inference.file_names import FileNames
from conclu_pyg.inference.highest import Highest
from conclu_pyg.inference.table import TableFile
from conclu_pyg.io.clouds import Cloud
from conclu_pyg.io.export import write_cloud
from conclu_pyg.io.own_tables import read_header
from conclu_pyg.text import pluralize
from conclu_pyg.vis.cards import Card, Section, write_cards
from conclu_pyg.vis.heat import heat_color

TABLE = "anomalies.csv"
COLUMNS = ["file", "score", "global", "local", "anomalous"]
SHOWN = 60  # clouds of a page


def to_row(name: str, scores: Scores) -> list[object]:
    """Returns the row of a cloud in a table with the columns ``file,score,global,local,anomalous``."""
    values = (scores.score, scores.whole, scores.local)
    return [name, *(round(value, 4) for value in values), "yes" if scores.anomalous else "no"]


class HeatMaps:
    """Writes clouds with a score for each point into a folder, as a context manager. On entry it removes the clouds of
    an earlier call; no other file is replaced. A row of their table, ``anomalies.csv``, is written before each cloud:
    after an interruption at any moment, the next call finds all that it has to remove.

    A cloud has the points that the encoder took, at their places in the file, with the property ``score``, in which 1
    is the threshold, and colours: yellow, orange, and red above 1.

    Args:
        folder: the output folder, which is created.
        read: the files and folders that are read.

    Raises:
        ConfigError: the folder holds other files, or is one of ``read`` or in one.
        OSError: the folder cannot be created or written.
    """

    def __init__(self, folder: Path, read: Sequence[str | Path]) -> None:
        self.folder = folder
        self._names = FileNames()
        place = folder.resolve()
        for path in map(Path, read):
            if path.resolve() in (place, *place.parents):
                raise ConfigError(
                    f"the output folder {folder} is in the input {path} and would be read by the next call; give "
                    "another folder.",
                    argument="out",
                    got=folder,
                )
        is_ours = read_header(folder / TABLE) == [*COLUMNS, "ply"]
        if folder.exists() and not is_ours and not (folder.is_dir() and not any(folder.iterdir())):
            raise ConfigError(f"{folder} holds other files; give a new folder.", argument="out", got=folder)

    def __enter__(self) -> HeatMaps:
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in _listed(self.folder):
            path.unlink(missing_ok=True)
        self._names.keep(self.folder, [".ply"])
        self._table = TableFile(self.folder / TABLE, [*COLUMNS, "ply"])
        return self

    def __exit__(self, *_: object) -> None:
        self._table.close()

    def add(self, cloud: NewCloud, scores: Scores) -> None:
        """Writes a cloud.

        Raises:
            OSError: the file cannot be written.
        """
        name = self._names.unique(cloud.name)
        x = {"colors": heat_color(scores.points), "score": scores.points}
        self._table.add([*to_row(cloud.name, scores), f"{name}.ply"])
        write_cloud(self.folder / f"{name}.ply", Cloud(name, cloud.points, offset=cloud.offset, x=x))


def _listed(folder: Path) -> Iterator[Path]:
    """Yields the clouds that the table of an earlier call lists."""
    if (folder / TABLE).is_file():
        with (folder / TABLE).open(encoding="utf-8", errors="replace", newline="") as file:
            names = [row.get("ply") or "" for row in csv.DictReader(file)]
        yield from (folder / name for name in names if name == Path(name).name and name.endswith(".ply"))


class MostAnomalous:
    """Keeps the clouds with the highest scores, 60 by default, for a page.

    Args:
        count: the number of clouds (default: 60).
    """

    def __init__(self, count: int = SHOWN) -> None:
        self._highest = Highest[tuple[NewCloud, Scores]](count)
        self._added = 0

    def add(self, cloud: NewCloud, scores: Scores) -> None:
        """Adds a cloud, and drops the one with the lowest score if there are too many."""
        self._added += 1
        self._highest.add(scores.score, self._added, (cloud, scores))

    def write(self, path: Path, title: str, lines: Sequence[str], up_axis: int) -> None:
        """Writes the page, the highest score first.

        Args:
            path: the HTML file to write.
            title: the heading.
            lines: sentences below it.
            up_axis: the up axis of the pictures, 0 to 2.

        Raises:
            OSError: the file cannot be written.
        """
        cards = [
            Card(
                cloud.name,
                cloud.points,
                [f"score {scores.score:.2f}", f"global {scores.whole:.2f}, local {scores.local:.2f}"],
                scores.anomalous,
                scores.points,
            )
            for cloud, scores in self._highest.items()
        ]
        heading = f"{pluralize(len(cards), 'cloud')} with the highest scores"
        colors = "Points above 1 are red, those from 0.75 to 1 orange, those from 0.5 yellow."
        write_cards(path, title, [Section(heading, cards, [colors])], lines, up_axis)


def score_array(scores: Sequence[Scores]) -> np.ndarray:
    """Returns the combined, the global and the local score of each cloud, float64 ``[n, 3]``."""
    return np.array([[each.score, each.whole, each.local] for each in scores]).reshape(-1, 3)
