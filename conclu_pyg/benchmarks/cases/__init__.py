"""The cases of the benchmark: one per file, each a function ``run(bench)`` that yields rows, lines and notes."""
