"""ModelNet and ShapeNet of PyTorch Geometric as data sets of this package. PyG downloads and converts them once."""

from torch_geometric import datasets

from conclu_pyg.datasets.from_pyg import FromPyG


def modelnet(root: str, num_points: int = 1024) -> FromPyG:
    """Meshes, from which points are sampled; y is the class."""
    names = sorted(datasets.ModelNet(root, "10").raw_file_names)  # PyG numbers the classes in this order
    splits = [datasets.ModelNet(root, "10", train=train) for train in (True, False)]
    return FromPyG(train=splits[0], test=splits[1], num_points=num_points, classes=names, title="ModelNet10")


def shapenet(root: str, categories: list[str], num_points: int = 1024) -> FromPyG:
    """Points with y up; y is the part of each point, and category the class."""
    train, test = (datasets.ShapeNet(root, categories, split=split) for split in ("trainval", "test"))
    return FromPyG(train=train, test=test, num_points=num_points, up_axis="y", title="ShapeNetPart")


if __name__ == "__main__":
    print(modelnet("data/ModelNet10").get_split("train"))
