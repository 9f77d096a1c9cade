"""The training split as methods see it."""

import torch
from torch.utils.data import DataLoader

from conclu_pyg.datasets.parametric_shapes import ParametricShapes
from conclu_pyg.pipelines.training_clouds import UnlabelledClouds
from conclu_pyg.transforms import FixedPoints


def test_batches_have_no_labels_and_the_position_of_each_cloud() -> None:
    split = ParametricShapes(num_shapes=20, num_test_shapes=20, num_points=32).get_split("train")
    rows = [7, 3, 11]
    batch, labelled = UnlabelledClouds(split).__getitems__(rows), split.__getitems__(rows)
    assert {"y", "part"} <= set(labelled.keys()) and not {"y", "part"} & set(batch.keys())
    assert torch.equal(batch.pos, labelled.pos) and batch.cloud_id.tolist() == rows
    seen = FixedPoints(8)(batch)
    assert seen.cloud_id.tolist() == rows and [c.cloud_id.item() for c in seen.to_data_list()] == rows
    one = UnlabelledClouds(split)[5]
    assert set(one.keys()) == {"pos", "cloud_id"} and one.cloud_id.tolist() == [5]


def test_worker_processes_and_shuffling_keep_the_positions() -> None:
    split = ParametricShapes(num_shapes=20, num_test_shapes=20, num_points=32).get_split("train")
    batches = [[4, 19], [0, 7], [12, 3]]
    for workers in (0, 1):
        loader: DataLoader = DataLoader(
            UnlabelledClouds(split), batch_sampler=batches, num_workers=workers, collate_fn=same
        )
        for rows, batch in zip(batches, loader, strict=True):
            assert batch.cloud_id.tolist() == rows
            assert torch.equal(batch.pos, split.__getitems__(rows).pos)


def same(batch: object) -> object:
    return batch
