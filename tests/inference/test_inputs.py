"""Input files and skipped files."""

from pathlib import Path

import pytest
from helpers import raises

from conclu_pyg.datasets.formats.h5_parts import H5Parts
from conclu_pyg.datasets.formats.h5_release import H5Release
from conclu_pyg.datasets.formats.synset_tree import SynsetTree
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.inference.inputs import check_order, check_out, find_inputs


def test_folders_are_searched_and_files_are_used_unchanged(tmp_path: Path) -> None:
    for name in ("b/2.npy", "b/1.txt", "b/c/3.OFF", "b/note.md", "a.unknown"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = find_inputs([str(tmp_path / "a.unknown"), str(tmp_path / "b")])
    assert [str(file.relative_to(tmp_path)) for file in found.files] == ["a.unknown", "b/1.txt", "b/2.npy", "b/c/3.OFF"]
    assert list(found.input_roots.items()) == [
        (file, tmp_path if file.name == "a.unknown" else tmp_path / "b") for file in found.files
    ]


@pytest.mark.parametrize("name", ["nothing", ""])
def test_missing_and_empty_inputs_are_refused(name: str, tmp_path: Path) -> None:
    with raises(DataError, file=tmp_path / name):
        find_inputs([str(tmp_path / name)])


def test_more_files_than_the_limit_are_refused(tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.npy" for i in range(3)]
    for path in paths:
        path.touch()
    assert len(find_inputs(paths[:2], max_files=2).files) == 2
    assert len(find_inputs(paths, max_files=None).files) == len(find_inputs(paths).files) == 3
    with raises(DataError, got=3):
        find_inputs(paths, max_files=2)


def test_the_output_may_lie_next_to_the_inputs_but_not_contain_them(tmp_path: Path) -> None:
    file = tmp_path / "scans" / "x.ply"
    for out in ("answers", "scans/answers", "scan"):
        check_out(tmp_path / out, [str(tmp_path / "scans"), file])
    for out in ("scans", "scans/../scans", ".", "scans/x.ply"):
        with raises(ConfigError, argument="out") as error:
            check_out(tmp_path / out, [str(file), file])
        assert f"the output folder {tmp_path / out} contains the input {file} and could " in str(error.value)
    (tmp_path / "mine").touch()
    for out in ("mine", "mine/below"):
        with raises(ConfigError, argument="out") as error:
            check_out(tmp_path / out, [file])
        text = f"the output {tmp_path / out} must be a folder, but {tmp_path / 'mine'} is a file; give another"
        assert str(error.value).startswith(text)


def test_skipped_files_are_counted(tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    run, made, own = scans / "run" / "checkpoints", scans / "a" / "predictions", scans / "b"
    for folder in (run, made, own, scans / ".hidden"):
        folder.mkdir(parents=True)
    for name in (
        "a/1.npy",
        "a/2.mat",
        "3.MAT",
        "4.zip",
        "5",
        ".6.npy",
        "._7.npy",
        ".hidden/8.npy",
        "b/9.npy",
        "b/x.seg",
    ):
        (scans / name).touch()
    (scans / "gone.npy").symlink_to(tmp_path / "nowhere")
    (scans / "round").symlink_to(scans)
    (run / "last.safetensors").touch()
    for name in ("metrics.csv", "clouds.npy"):
        (scans / "run" / name).touch()
    (made / "labels.csv").write_text("label,name,color\n")
    (made / "1_labels.npy").touch()
    (own / "labels.csv").write_text("file,label\n")  # the user's own table, not a folder of predictions
    found = find_inputs([str(scans)])
    names = [str(file.relative_to(scans)) for file in found.files]
    assert names == ["a/1.npy", "b/9.npy", "b/labels.csv"]
    (sentence,) = found.skipped
    assert sentence.startswith(
        f"skipped in {scans}: 2 .mat, 1 .seg, 1 .zip, 1 broken link, 1 linked folder, 1 without a suffix; "
        ".mat files: save the one array"
    )
    assert f"the predictions in {made}" in sentence and f"the run in {scans / 'run'}" in sentence
    assert find_inputs([str(scans / "a" / "1.npy")]).skipped == ()


def test_lists_of_data_sets_are_skipped(tmp_path: Path) -> None:
    lists = {SynsetTree.names_file, H5Parts.names_file, H5Release.names_file, "modelnet40_shape_names.txt"}
    lists |= {layout.file_list.format(split=split) for layout in (H5Parts, H5Release) for split in ("train", "test")}
    documents = ("README.txt", "readme.TXT", "LICENSE.txt", "change_log.txt", "requirements.txt")
    for name in (*lists, "modelnet10_train.txt", "scan.txt", *documents):
        (tmp_path / name).touch()
    found = find_inputs([str(tmp_path)])
    assert [file.name for file in found.files] == ["scan.txt"]
    assert found.skipped == (f"skipped in {tmp_path}: 5 document, {len(lists) + 1} list of a data set.",)
    named = str(tmp_path / "shape_names.txt")
    assert [str(file) for file in find_inputs([named]).files] == [named]  # it was given explicitly


def test_a_folder_without_clouds_is_refused_with_its_contents(tmp_path: Path) -> None:
    for name in ("1.mat", "2.mat", ".3.npy"):
        (tmp_path / name).touch()
    with pytest.raises(
        DataError, match=r"contains no clouds \(skipped 2 \.mat; \.mat files: save .*\); supported suffixes"
    ):
        find_inputs([str(tmp_path)])


def test_a_misspelt_name_gets_a_suggestion(tmp_path: Path) -> None:
    (tmp_path / "armchair.ply").touch()
    with pytest.raises(DataError, match=r"there is no file or folder .*armchiar.ply; did you mean 'armchair.ply'\?"):
        find_inputs([str(tmp_path / "armchiar.ply")])
    with pytest.raises(DataError, match=r"no file or folder .*\*\.npy.* \(the shell did not expand this pattern\)"):
        find_inputs([str(tmp_path / "*.npy")])
    with pytest.raises(DataError, match=r"there is no file or folder nowhere/x\.ply \(in the working directory"):
        find_inputs(["nowhere/x.ply"])


def test_the_run_comes_first(tmp_path: Path) -> None:
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    (tmp_path / "run" / "checkpoints" / "last.safetensors").touch()
    run, scan = str(tmp_path / "run"), str(tmp_path / "scan.ply")
    check_order(run, [scan])
    check_order(run, [run])
    check_order("misspelt", [scan])
    check_order("weights.safetensors", [])
    with pytest.raises(ConfigError, match=rf"the run must come before the clouds; put {run} before {scan}\.$"):
        check_order(scan, [run])
    for name in (scan, "scan.LAS"):
        with pytest.raises(
            ConfigError, match=r"the run must come first, got the cloud file .*; give the folder of a run"
        ):
            check_order(name, [])
