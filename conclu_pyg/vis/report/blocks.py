"""Blocks of a report: facts, tables, lists, text as it is, and cards of clouds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from conclu_pyg.vis.report.text import escape, paragraphs

MAX_LISTED = 200  # entries of a list


class Block(Protocol):
    """A block of a section.

    Attributes:
        data: plain values for the script of the page, by their keys in its data.
        rows: the clouds of the report that the block shows as pictures.
    """

    @property
    def data(self) -> Mapping[str, Any]: ...

    @property
    def rows(self) -> Sequence[int]: ...

    def html(self) -> str:
        """Returns the block as HTML, with all texts escaped."""


class StaticBlock:
    """A block without clouds."""

    @property
    def data(self) -> Mapping[str, Any]:
        return {}

    @property
    def rows(self) -> Sequence[int]:
        return ()


@dataclass(frozen=True)
class Facts(StaticBlock):
    """Names with values.

    Args:
        facts: the values by name.
    """

    facts: Mapping[str, object]

    def html(self) -> str:
        rows = (f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in self.facts.items())
        return f"<dl>{''.join(rows)}</dl>"


@dataclass(frozen=True)
class Table(StaticBlock):
    """A table, whose first column names its rows. It scrolls by itself if it is wider than the page.

    Args:
        header: the names of the columns.
        rows: the cells; numbers are aligned to the right.
        title: the caption, also for screen readers.
        marked: the rows to emphasise (default: none).
    """

    header: Sequence[str]
    cells: Sequence[Sequence[object]]
    title: str
    marked: Sequence[int] = ()

    def html(self) -> str:
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in self.header)
        rows = "".join(self._row(row, number in self.marked) for number, row in enumerate(self.cells))
        title = escape(self.title)
        return (
            f'<div class="scroll" tabindex="0" role="region" aria-label="{title}"><table><caption>{title}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        )

    @staticmethod
    def _row(row: Sequence[object], marked: bool) -> str:
        first, *others = row
        cells = "".join(
            f"<td{' class=number' if isinstance(cell, int | float) else ''}>{escape(cell)}</td>" for cell in others
        )
        return f'<tr{" class=marked" if marked else ""}><th scope="row">{escape(first)}</th>{cells}</tr>'


@dataclass(frozen=True)
class Listing(StaticBlock):
    """A list of sentences, of which the first 200 are shown."""

    entries: Sequence[str]

    def html(self) -> str:
        shown = [*self.entries[:MAX_LISTED]]
        if len(self.entries) > MAX_LISTED:
            shown.append(f"and {len(self.entries) - MAX_LISTED:,} more")
        return f"<ul>{''.join(f'<li>{escape(entry)}</li>' for entry in shown)}</ul>"


@dataclass(frozen=True)
class Folded(StaticBlock):
    """Text as it is, line by line, that is shown when its title is clicked.

    Args:
        title: the title.
        text: the text.
    """

    title: str
    text: str

    def html(self) -> str:
        lines = "\n".join(escape(line) for line in self.text.split("\n"))
        label = escape(self.title)
        return (
            f'<details><summary>{label}</summary><pre tabindex="0" role="region" aria-label="{label}">{lines}</pre>'
            "</details>"
        )


@dataclass(frozen=True)
class CloudCard:
    """A picture of a cloud with its name and text.

    Args:
        row: the cloud.
        title: its name.
        lines: text below the name (default: none).
        marked: whether the card is framed in another colour (default: no).
    """

    row: int
    title: str
    lines: Sequence[str] = ()
    marked: bool = False

    def html(self) -> str:
        marked = ' class="marked"' if self.marked else ""
        return (
            f'<li{marked}><button type="button" data-row="{self.row:d}"><canvas class="picture" data-row="{self.row:d}"'
            f' aria-hidden="true"></canvas><strong>{escape(self.title)}</strong>{_spans(self.lines)}</button></li>'
        )


@dataclass(frozen=True)
class Cards:
    """A group of cards with a heading.

    Args:
        title: the heading.
        cards: the cards.
        lines: sentences below the heading (default: none).
    """

    title: str
    cards: Sequence[CloudCard]
    lines: Sequence[str] = field(default_factory=list)

    @property
    def data(self) -> Mapping[str, Any]:
        return {}

    @property
    def rows(self) -> Sequence[int]:
        return [card.row for card in self.cards]

    def html(self) -> str:
        cards = "".join(card.html() for card in self.cards)
        listed = f'<ul class="cards" aria-label="{escape(self.title)}">{cards}</ul>' if cards else ""
        return f"<h3>{escape(self.title)}</h3>{paragraphs(self.lines)}{listed}"


def _spans(lines: Sequence[str]) -> str:
    return "".join(f"<span>{escape(line)}</span>" for line in lines)
