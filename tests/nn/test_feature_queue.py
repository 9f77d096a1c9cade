"""The queue of features of earlier batches."""

import torch

from conclu_pyg.nn.feature_queue import FeatureQueue


def test_the_newest_rows_are_kept_and_saved() -> None:
    queue, rows = FeatureQueue(5, 2), torch.arange(16.0).view(8, 2)
    assert queue.rows().shape == (0, 2)
    queue.push(rows[:3])
    assert torch.equal(queue.rows(), rows[:3])
    queue.push(rows[3:6])
    assert torch.equal(queue.rows(), torch.cat([rows[3:6], rows[:2]]))
    copy = FeatureQueue(5, 2)
    copy.load_state_dict(queue.state_dict())
    assert torch.equal(copy.rows(), queue.rows())
    queue.push(rows)  # more than fit
    assert torch.equal(queue.rows(), rows[:5])
