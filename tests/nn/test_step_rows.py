"""Rows of all clouds of a step, with the batch at once and in parts."""

import torch

from conclu_pyg.nn.step_rows import PartRows, step_rows


def test_a_batch_at_once_has_its_own_rows() -> None:
    x = torch.randn(4, 2)
    rows, own, is_last = step_rows(x)
    assert torch.equal(rows, x) and torch.equal(rows[own], x) and is_last


def test_each_part_gets_the_rows_of_all_parts_for_each_call() -> None:
    a, b = torch.randn(5, 2), torch.randn(5, 3)
    parts, shared = [slice(0, 2), slice(2, 5)], PartRows()
    for part in parts:
        with shared.record():
            for x in (a, b):
                rows, own, is_last = step_rows(x[part])
                assert torch.equal(rows[own], x[part]) and not is_last  # a state must not change in the first pass
    for i, part in enumerate(parts):
        with shared.replay(i):
            for x in (a, b):
                rows, own, is_last = step_rows(x[part])
                assert torch.equal(rows, x) and torch.equal(rows[own], x[part])
                assert is_last == (i == 1)
    assert step_rows(a)[2]  # outside a context it is a batch at once again
