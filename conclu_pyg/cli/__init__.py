"""The commands that ``conclu`` and ``tools/*.py`` call: one per file."""
