"""The exchange of a cloud for another frame."""

import torch
from torch_geometric.data import Data

from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.transforms import FixedPoints, OtherFrame
from conclu_pyg.transforms.clouds import set_point_attribute


def test_a_cloud_is_replaced_by_its_other_frame_and_stays_without_one() -> None:
    clouds, other = batch_clouds(torch.rand(3, 4, 3)), torch.rand(12, 3)
    assert OtherFrame()(clouds) is not None and torch.equal(OtherFrame()(clouds).pos, clouds.pos)
    set_point_attribute(clouds, "other_frame", other)
    out = OtherFrame()(clouds)
    assert torch.equal(out.pos, other) and "other_frame" not in out and torch.equal(clouds.other_frame, other)
    assert len(FixedPoints(2)(out).to_data_list()) == 3
    assert torch.equal(OtherFrame()(Data(pos=other[:4])).pos, other[:4])
