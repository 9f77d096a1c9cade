"""Test suites for plugin authors: each checks that a class satisfies the interface of its registry.

A suite raises an ``AssertionError`` that lists all failures. The tests of this package run the same suites over every
registered class. pytest is not needed.
"""

from conclu_pyg.testing.datasets import check_dataset
from conclu_pyg.testing.encoders import check_encoder
from conclu_pyg.testing.methods import check_method
from conclu_pyg.testing.transforms import check_transform

__all__ = ["check_dataset", "check_encoder", "check_method", "check_transform"]
