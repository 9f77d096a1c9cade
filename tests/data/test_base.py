"""The base class of data sets, and splits."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers import raises
from torch.utils.data import DataLoader
from torch_geometric.data import Batch, Data

from conclu_pyg.data import lazy_rows
from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.data.labels import Labels
from conclu_pyg.datasets.parametric_shapes import ParametricShapes
from conclu_pyg.errors import DataError, RegistryError
from conclu_pyg.transforms import compose

RNG = np.random.default_rng(0)
POS = RNG.normal(size=(6, 10, 3)).astype(np.float32)
LABELS = np.array([0, 1, 2, 0, 1, 2])
PART = RNG.integers(0, 4, size=(6, 10))


def make_split(**arguments: Any) -> PointCloudSplit:
    names = [f"shape_{i}" for i in range(6)]
    return PointCloudSplit(**{"pos": POS, "y": LABELS, "names": names, "classes": ["a", "b", "c"], **arguments})


class Shapes(PointCloudDataset):
    """A data set of six clouds that counts the reads of its splits."""

    up_axis = 1

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.label_to_names = {0: "a", 1: "b", 2: "c"}
        self.reads: list[str] = []

    def _load_split(self, split: str) -> PointCloudSplit:
        self.reads.append(split)
        return make_split(transform=self.transform)


def test_a_cloud_is_read_as_data() -> None:
    split = make_split(part=PART)
    data = split[4]
    assert type(data) is Data and len(split) == 6
    assert torch.equal(data.pos, torch.from_numpy(POS[4])) and torch.equal(data.part, torch.from_numpy(PART[4]))
    assert data.y.tolist() == [1] and data.y.dtype == torch.int64 and data.pos.dtype == torch.float32
    assert "part" not in make_split()[4]


@pytest.mark.parametrize("index", [-1, -6, np.int64(3)])
def test_an_index_counts_as_it_does_in_a_list(index: int) -> None:
    data = make_split(part=PART)[index]
    assert torch.equal(data.pos, torch.from_numpy(POS[index])) and data.y.tolist() == [LABELS[index]]


def test_an_index_out_of_range_ends_a_loop() -> None:
    split: Any = make_split()
    assert [int(data.y) for data in split] == LABELS.tolist()
    with pytest.raises(IndexError):
        split[6]


@pytest.mark.parametrize("indices", [[4, 0, 4], np.array([4, 0, 4]), torch.tensor([4, 0, 4])])
def test_a_batch_is_the_clouds_one_by_one(indices: Any) -> None:
    split = make_split(part=PART)
    batch = split.__getitems__(indices)
    expected = Batch.from_data_list([split[4], split[0], split[4]])
    assert isinstance(batch, Batch) and set(batch.keys()) == set(expected.keys())
    for key, value in expected.to_dict().items():
        assert torch.equal(batch[key], value), key


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint32])
def test_labels_are_read_as_int64_however_they_are_kept(kind: type) -> None:
    split = make_split(part=PART.astype(kind), y=LABELS.astype(kind))
    for read in (split[4], split.__getitems__([4])):
        assert read.y.dtype == read.part.dtype == torch.int64
        assert read.y.tolist() == [1] and read.part.tolist() == PART[4].tolist()
    assert split.part is not None and split.part.dtype == kind  # a memory map stays one


@pytest.mark.parametrize("transform", [None, [], [{"name": "RandomYawRotate", "degrees": 90.0}]])
@pytest.mark.parametrize(("found", "wanted"), [(2, 1), (1, 2), (0, 2), (2, 0)])
def test_a_turned_split_has_the_height_in_the_other_coordinate(transform: Any, found: int, wanted: int) -> None:
    split = make_split(part=PART, transform=None if transform is None else compose(transform, up_axis=found))
    turned = split.with_up_axis(found, wanted)
    torch.manual_seed(1)
    before = split.__getitems__([0, 3])
    torch.manual_seed(1)
    after = turned.__getitems__([0, 3])
    assert torch.equal(after.pos[:, wanted], before.pos[:, found]) and torch.equal(after.part, before.part)
    axes = [(axis + wanted - found) % 3 for axis in range(3)]
    turn = torch.zeros(3, 3)
    turn[axes, range(3)] = 1
    assert torch.equal(after.pos, before.pos @ turn.T) and torch.det(turn) == 1  # no mirror image
    assert turned[3].pos.shape == (10, 3) and turned.subset(np.array([3])).transform is turned.transform


def test_turning_leaves_the_split_itself_and_one_that_is_upright_is_the_same() -> None:
    split = make_split()
    split.with_up_axis(2, 1)
    assert split.transform is None and split.with_up_axis(1, 1) is split


def test_a_loader_reads_batches_at_once() -> None:
    loader: Any = DataLoader(make_split(), batch_size=4, collate_fn=lambda batch: batch)
    first, last = loader
    assert (
        first.num_graphs == 4 and last.num_graphs == 2 and torch.equal(last.pos.view(2, 10, 3)[1], torch.tensor(POS[5]))
    )


def test_the_transform_is_applied_to_a_cloud_and_to_a_batch() -> None:
    split = make_split(part=PART, transform=compose([{"name": "FixedPoints", "num_points": 4}]))
    assert split[0].pos.shape == (4, 3) and len(split[0].part) == 4
    batch = split.__getitems__([0, 1, 2])
    assert batch.pos.shape == (12, 3) and batch.y.tolist() == [0, 1, 2]


def test_a_memory_map_is_read_and_never_written(tmp_path: Path) -> None:
    np.save(tmp_path / "pos.npy", POS)
    split = make_split(pos=np.load(tmp_path / "pos.npy", mmap_mode="r"))
    one, batch, part = split[0], split.__getitems__([0, 1]), split.subset(np.array([0, 1]))
    for pos in (one.pos, batch.pos, part[0].pos):
        pos.zero_()
    assert np.array_equal(np.load(tmp_path / "pos.npy"), POS) and split[0].pos.any()


class Counted(np.ndarray):
    """An array that counts the values read from it."""

    taken = 0

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        Counted.taken += np.size(found)
        return found


def test_nested_subsets_read_only_the_indexed_clouds() -> None:
    split = make_split(pos=POS.view(Counted), part=PART.view(Counted))
    Counted.taken = 0
    few = split.subset(np.array([5, 0, 3, 1])).subset(np.array([True, False, True, True])).with_up_axis(2, 1)
    assert len(few) == 3 and few.pos.shape == (3, 10, 3) and repr(few).startswith("PointCloudSplit(3 clouds of 10")
    assert Counted.taken == 0  # however many clouds a subset has
    assert few.names == ["shape_5", "shape_3", "shape_1"] and torch.equal(
        few[1].pos[:, 1], torch.from_numpy(POS[3, :, 2])
    )
    assert Counted.taken == 10 * 3 + 10
    batch = few.__getitems__([2, 0])
    assert batch.part.tolist() == [*PART[1], *PART[5]] and batch.y.tolist() == [1, 2]
    assert Counted.taken == 3 * (10 * 3 + 10)
    with pytest.raises(IndexError):
        few[3]


@pytest.mark.parametrize("indices", [np.array([5, 1]), np.array([-1, 1])])
def test_a_subset_keeps_what_belongs_to_each_cloud(indices: np.ndarray) -> None:
    subset = make_split(part=PART, transform=compose([])).subset(indices)
    assert np.array_equal(subset.pos, POS[[5, 1]]) and subset.y.tolist() == [2, 1] and subset.transform is not None
    assert subset.part is not None and np.array_equal(subset.part, PART[[5, 1]])
    assert subset.names == ["shape_5", "shape_1"] and subset.classes == ["a", "b", "c"]
    assert make_split().subset(indices).part is None


def test_a_subset_may_be_given_by_a_mask() -> None:
    subset = make_split().subset(LABELS == 1)
    assert subset.names == ["shape_1", "shape_4"] and subset.y.tolist() == [1, 1]


def test_the_repr_of_a_split() -> None:
    assert repr(make_split()) == "PointCloudSplit(6 clouds of 10 points, 3 classes)"


@pytest.mark.parametrize(
    ("argument", "array"),
    [
        ("part", PART[:, :9]),
        ("part", LABELS),
        ("part", PART.astype("f4")),
        ("pos", POS[0]),
        ("pos", np.zeros((6, 10, 6), np.float32)),
        ("pos", POS.astype(int)),
        ("y", LABELS[:, None]),
        ("y", LABELS.astype(float)),
        ("y", LABELS + 1),
        ("y", LABELS - 1),
        ("y", np.array(list("abcabc"))),
    ],
)
def test_an_array_of_another_shape_type_or_range_is_rejected(argument: str, array: np.ndarray) -> None:
    with raises(DataError, argument=argument, got=(array.dtype, array.shape)):
        make_split(**{argument: array})


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"y": LABELS[:5], "names": ["x"]},
            "a split needs one label and one name for each cloud, got 6 clouds, 5 labels and 1 names.",
        ),
        ({"part": LABELS}, "part of a split: expected integers of shape [6, 10], got int64 of shape [6]."),
        (
            {"pos": POS[0]},
            "pos of a split: expected floats of shape [clouds, points, 3], got float32 of shape [10, 3]; keep x, y and "
            "z only: pos[..., :3].astype(np.float32).",
        ),
        (
            {"y": LABELS + 1},
            "y of a split: expected integers of shape [clouds] from 0 to 2 (3 classes), got int64 of shape [6] and "
            "values 1 to 3; number the labels in the order of the classes.",
        ),
    ],
)
def test_the_text_about_such_an_array_has_what_is_expected(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(DataError) as error:
        make_split(**arguments)
    assert str(error.value) == text


@pytest.mark.parametrize("arguments", [{"y": LABELS[:5]}, {"names": ["x"]}])
def test_fewer_labels_or_names_than_clouds_are_rejected(arguments: dict[str, Any]) -> None:
    with raises(DataError, argument="", got=6):
        make_split(**arguments)


def test_a_split_is_read_once_on_first_access() -> None:
    dataset = Shapes()
    assert dataset.reads == []
    assert dataset.get_split("train") is dataset.get_split("train") and dataset.reads == ["train"]


class Parts(Shapes):
    """A data set with parts, different ones for each class."""

    def __init__(self, part: np.ndarray) -> None:
        super().__init__()
        self.part_names = ["a/0", "a/1", "b/2", "c/3", "c/4"]
        self.category_to_parts = {"a": [0, 1], "b": [2], "c": [3, 4]}
        self.part = part

    def _load_split(self, split: str) -> PointCloudSplit:
        return make_split(part=self.part)


GOOD = np.array([0, 2, 4, 1, 2, 3])[:, None].repeat(10, axis=1)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int64, np.uint64])
@pytest.mark.parametrize("block", [1, 25, 1 << 20])
def test_parts_of_the_classes_are_accepted(monkeypatch: pytest.MonkeyPatch, kind: type, block: int) -> None:
    monkeypatch.setattr(lazy_rows, "BLOCK", block)
    assert np.array_equal(Parts(GOOD.astype(kind)).get_split("train").part, GOOD)


@pytest.mark.parametrize("block", [1, 25, 1 << 20])
@pytest.mark.parametrize(("row", "label"), [(0, 99), (5, -1), (4, 1), (3, 5)])
def test_a_part_that_its_class_does_not_have_is_refused(
    monkeypatch: pytest.MonkeyPatch, block: int, row: int, label: int
) -> None:
    monkeypatch.setattr(lazy_rows, "BLOCK", block)
    part = GOOD.copy()
    part[row, 7] = label
    with raises(DataError, file="Parts, split test", argument="part", got=label) as error:
        Parts(part).get_split("test")
    assert f" point 7 of cloud shape_{row} has " in str(error.value)


def test_the_text_about_a_part_names_the_point_and_the_parts_of_its_class() -> None:
    part = GOOD.copy()
    part[4, 7] = 1
    with pytest.raises(DataError) as error:
        Parts(part).get_split("test")
    assert str(error.value) == (
        "Parts, split test: point 7 of cloud shape_4 has the part label 1 (a/1), but its class b has the parts 2; "
        "number the parts as part_names and category_to_parts list them."
    )


def test_classes_in_another_order_than_the_parts_are_refused() -> None:
    dataset = Parts(GOOD)
    dataset.label_to_names = {0: "b", 1: "a", 2: "c"}
    with pytest.raises(
        DataError, match=r"split train: its classes are \['a', 'b', 'c'\], but label_to_names has \['b',"
    ):
        dataset.get_split("train")


def test_an_unknown_split_lists_the_known_ones() -> None:
    with pytest.raises(DataError) as error:
        Shapes().get_split("val")
    assert str(error.value) == "Shapes has no split 'val'; it has train, test."


def test_clouds_are_normalised_by_default() -> None:
    normalised = Shapes().get_split("test")[0].pos
    assert normalised.norm(dim=1).max() == pytest.approx(1) and normalised.mean(dim=0).abs().max() < 1e-6
    assert torch.equal(Shapes(transform=[]).get_split("test")[0].pos, torch.from_numpy(POS[0]))
    steps = [{"name": "FixedPoints", "num_points": 3}]
    assert len(Shapes(transform=steps).get_split("test")[0].pos) == 3


def test_a_wrong_transform_is_refused_before_data_are_read() -> None:
    with raises(RegistryError, argument="name", got="Normalise"):
        Shapes(transform=[{"name": "Normalise"}])


def test_the_transform_rotates_about_the_up_axis_of_the_data_set() -> None:
    upright = Shapes(transform=[{"name": "RandomYawRotate", "degrees": 180.0}])
    turned = upright.get_split("train")[0].pos
    assert upright.transform is upright.transform and upright.transform.transforms[0].up_axis == 1
    assert torch.equal(turned[:, 1], torch.from_numpy(POS[0, :, 1])) and not np.allclose(turned, POS[0])
    found = Shapes(transform=[{"name": "RandomYawRotate"}])
    found.up_axis = 0  # as a data set does that finds it in its files
    assert found.transform.transforms[0].up_axis == 0


def test_labels_have_parts_only_if_the_data_set_has() -> None:
    dataset = Shapes()
    assert dataset.labels == Labels(("a", "b", "c"))
    dataset.label_to_names = {2: "c", 0: "a", 1: "b"}  # listed in another order
    dataset.part_names = ["a/1", "a/2", "b/1", "c/1"]
    dataset.category_to_parts = {"c": [3], "b": [2], "a": [0, 1]}
    assert dataset.labels == Labels(("a", "b", "c"), ("a/1", "a/2", "b/1", "c/1"), ((0, 1), (2,), (3,)))


def test_the_built_in_shapes_have_the_parts_that_their_points_have() -> None:
    dataset = ParametricShapes(num_shapes=32, num_test_shapes=20, num_points=64)
    labels, split = dataset.labels, dataset.get_split("train")
    assert split.part is not None
    for y, part in zip(split.y, split.part, strict=True):
        assert set(part.tolist()) <= set(labels.class_parts[y])


def test_the_repr_of_a_data_set() -> None:
    assert repr(Shapes()) == "Shapes(up_axis='y', 3 classes)" and Shapes().num_parts == 0


@pytest.mark.parametrize("up_axis", [0, 2])
def test_a_split_is_given_with_another_up_axis(up_axis: int) -> None:
    dataset = Shapes(transform=[])
    as_stored, rotated = dataset.get_split("test"), dataset.get_split("test", up_axis=up_axis)
    assert dataset.get_split("test", up_axis=1) is as_stored
    assert torch.equal(rotated[0].pos[:, up_axis], as_stored[0].pos[:, 1]) and np.array_equal(rotated.y, as_stored.y)


def test_class_labels() -> None:
    dataset = Shapes()
    name = dataset.label_to_names[1]
    assert dataset.class_label(name) == 1
    with raises(DataError, argument="class", got="lamp"):
        dataset.class_label("lamp")
