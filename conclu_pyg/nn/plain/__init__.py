"""The same layers in their usual form: the references that tests and benchmarks compare with, one per file."""
