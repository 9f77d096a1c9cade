"""Detection of the format of a folder, and errors."""

from pathlib import Path
from typing import Any

import pytest

from conclu_pyg.datasets.formats import MODELNET, SHAPENET_PART, FormatOptions, find_format
from conclu_pyg.errors import DataError

TETRAHEDRON = "OFF\n4 4 0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 1 2\n3 0 1 3\n3 0 2 3\n3 1 2 3\n"


def off_tree(folder: Path, classes: tuple[str, ...] = ("chair", "night_stand")) -> Path:
    for name in classes:
        for split in ("train", "test"):
            (folder / name / split).mkdir(parents=True)
            (folder / name / split / f"{name}_0001.off").write_text(TETRAHEDRON)
    return folder


def find(folder: Path, variant: int | None = None) -> str:
    opened = find_format(folder, FormatOptions(variant=variant), MODELNET)
    return f"{opened.title} at {opened.folder}"


def refusal(folder: Path, variant: int | None = None) -> str:
    with pytest.raises(DataError) as caught:
        find(folder, variant)
    message = str(caught.value)
    assert str(folder) in message and message.endswith(".") and "\n" not in message
    return message


def test_finds_the_layout_in_the_folder_or_one_below(tmp_path: Path) -> None:
    below = off_tree(tmp_path / "data" / "ModelNet40")
    (tmp_path / "data" / "__MACOSX" / "ModelNet40" / "chair" / "train").mkdir(parents=True)
    (tmp_path / "data" / "__MACOSX" / "ModelNet40" / "chair" / "train" / "._chair_0001.off").touch()
    assert find(below) == find(tmp_path / "data") == f"OFF meshes at {below}"


def test_names_the_folder_above(tmp_path: Path) -> None:
    tree = off_tree(tmp_path / "ModelNet40")
    assert f"It is inside {tree}: set that folder." in refusal(tree / "chair")
    assert f"It is inside {tree}: set that folder." in refusal(tree / "chair" / "train")


def test_does_not_choose_among_several(tmp_path: Path) -> None:
    off_tree(tmp_path / "ModelNet10")
    off_tree(tmp_path / "ModelNet40")
    assert "holds 2 data sets; set one of its folders: ModelNet10, ModelNet40." in refusal(tmp_path)


def test_the_error_lists_expected_and_found_files(tmp_path: Path) -> None:
    message = refusal(tmp_path)
    assert "Got: nothing." in message
    assert all(opened.expects in message for opened in MODELNET.formats)
    for index in range(9):
        (tmp_path / f"scan_{index}.ply").touch()
    message = refusal(tmp_path)
    assert "Got: scan_0.ply, scan_1.ply, scan_2.ply, scan_3.ply, scan_4.ply, scan_5.ply and 3 more." in message
    assert "download the meshes to a new folder by dataset.download=true." in message


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path / "none")
    assert "did you mean" not in message
    (tmp_path / "modelnet40_ply").mkdir()
    with pytest.raises(DataError, match=r"modelnet40_pyl does not exist; did you mean '.*modelnet40_ply'\? Put "):
        find_format(tmp_path / "modelnet40_pyl", FormatOptions(), MODELNET)
    assert "does not exist" in message and "ModelNet40.zip unpacked" in message and "dataset.download=true" in message
    (tmp_path / "ModelNet40.zip").touch()
    assert "is a file; unpack an archive first and set its folder." in refusal(tmp_path / "ModelNet40.zip")


def test_the_variant_must_fit_the_folder(tmp_path: Path) -> None:
    tree = off_tree(tmp_path)
    assert "dataset.variant is 10 classes" in refusal(tree, 10) and "has 2 (chair, night_stand" in refusal(tree, 10)


@pytest.mark.parametrize("opened", [*MODELNET.formats, *SHAPENET_PART.formats])
def test_every_format_describes_its_files(opened: type, tmp_path: Path) -> None:
    assert opened.title and opened.expects and not opened.matches(tmp_path)  # type: ignore[attr-defined]


def test_each_family_finds_its_own(tmp_path: Path, part_release: Any) -> None:
    off_tree(tmp_path / "ModelNet10")
    for name in ("write_v0", "write_normal", "write_h5"):
        folder = getattr(part_release, name)(tmp_path / name)
        assert find_format(folder, FormatOptions(), SHAPENET_PART).folder == folder
        assert "holds no ModelNet" in refusal(folder)
    assert find(tmp_path).startswith("OFF meshes")
    with pytest.raises(DataError, match="3 data sets; set one of its folders: write_h5, write_normal, write_v0"):
        find_format(tmp_path, FormatOptions(), SHAPENET_PART)
    with pytest.raises(DataError, match=r"holds no ShapeNetPart\. .* Put one of the releases at .*_v0_normal\), or"):
        find_format(tmp_path / "ModelNet10", FormatOptions(), SHAPENET_PART)


def test_real_folders(conclu_data: Path) -> None:
    assert find(conclu_data / "modelnet10_ply_hdf5_1024").startswith("h5 release")
    assert find(conclu_data / "raw" / "modelnet_off").startswith("OFF meshes")
    assert find(conclu_data / "raw" / "modelnet40_normal_resampled").startswith("normal_resampled")
    for name in ("odd", "scans", "shapenetcore_partanno_segmentation_benchmark_v0"):
        assert "holds no ModelNet. Expected:" in refusal(conclu_data / "raw" / name)
    assert "holds no ModelNet. Expected:" in refusal(conclu_data / "psb_part_hdf5_2048")
