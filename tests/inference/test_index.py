"""Indices of folders of clouds."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.errors import ConcluError, ConfigError, DataError
from conclu_pyg.inference import index_storage, index_update
from conclu_pyg.inference.index import Index
from conclu_pyg.inference.index_storage import open_index
from conclu_pyg.inference.index_update import Update, remove_from_index, update_index
from conclu_pyg.inference.inputs import find_inputs
from conclu_pyg.inference.pictures import index_picture
from conclu_pyg.inference.search import search_indexed
from conclu_pyg.io.blocks import Blocks
from conclu_pyg.io.find_files import is_index
from conclu_pyg.io.subset import subset
from conclu_pyg.runs.frozen_encoder import FrozenEncoder, load_encoder

COUNT = 12

pytestmark = pytest.mark.usefixtures("few_reference_shapes")


@pytest.fixture(scope="module")
def encoder(tiny_run: Path) -> FrozenEncoder:
    return load_encoder(tiny_run)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "clouds"
    (folder / "inner").mkdir(parents=True)
    for index in range(COUNT):
        write(folder / "inner" / f"{index:02d}.npy", index)
    return folder


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are embedded."""
    names: list[str] = []
    embed_files = index_update.embed_files

    def record(encoder, paths, **options):
        names.extend(path.name for path in paths)
        return embed_files(encoder, paths, **options)

    monkeypatch.setattr(index_update, "embed_files", record)
    return names


def write(path: Path, seed: int) -> None:
    np.save(path, np.random.default_rng(seed).normal(size=(40, 3)) * [1, 2, 1 + seed % 5])


def update(folder: Path, encoder: FrozenEncoder, **options) -> tuple[Index, Update]:
    return update_index(folder.parent / "index", encoder, find_inputs(folder).input_roots, workers=0, **options)


def rows(index: Index) -> dict[str, list[float]]:
    return {name: x.tolist() for name, x in zip(index.names, index.x, strict=True)}


def test_an_index_holds_the_embeddings_of_the_files(encoder: FrozenEncoder, folder: Path) -> None:
    index, changes = update(folder, encoder)
    assert changes == Update(added=COUNT) and is_index(index.folder)
    assert index.names == [f"inner/{number:02d}.npy" for number in range(COUNT)]
    for name, x in zip(index.names, index.x, strict=True):
        np.testing.assert_allclose(x, encoder.embed(folder / name)[0], atol=1e-5)
    opened = open_index(index.folder)
    assert rows(opened) == rows(index) and opened.about == index.about and list(opened.files) == list(index.files)
    np.testing.assert_array_equal(opened.scale, index.scale)


def test_only_new_and_changed_files_are_embedded(encoder: FrozenEncoder, folder: Path, embedded: list[str]) -> None:
    before, _ = update(folder, encoder)
    embedded.clear()
    again, changes = update(folder, encoder)
    assert changes == Update(unchanged=COUNT) and embedded == [] and again.generation == before.generation
    (folder / "inner/03.npy").unlink()
    write(folder / "inner/05.npy", 99)
    os.utime(folder / "inner/05.npy", ns=(1, 1))
    write(folder / "new.npy", 50)
    index, changes = update(folder, encoder)
    assert changes == Update(added=1, changed=1, removed=1, unchanged=COUNT - 2)
    assert sorted(embedded) == ["05.npy", "new.npy"]
    fresh, _ = update_index(folder.parent / "fresh", encoder, find_inputs(folder).input_roots, workers=0)
    assert rows(index) == rows(fresh)
    assert rows(index)["inner/05.npy"] != rows(before)["inner/05.npy"]
    names = sorted(path.name for path in index.folder.iterdir() if not path.name.startswith("."))
    assert names == ["conclu_index.json", "rows-2.json", "vectors-2.npy"]


def test_a_moved_folder_is_not_embedded_again(encoder: FrozenEncoder, folder: Path, embedded: list[str]) -> None:
    before, _ = update(folder, encoder)
    embedded.clear()
    moved = folder.rename(folder.parent / "elsewhere")
    index, changes = update_index(before.folder, encoder, find_inputs(moved).input_roots, workers=0)
    assert embedded == [] and changes == Update(unchanged=COUNT) and rows(index) == rows(before)
    assert all(file.path.is_file() for file in index.files)
    assert all(file.path.is_file() for file in open_index(before.folder).files)


def test_a_moved_folder_may_have_changed_too(encoder: FrozenEncoder, folder: Path, embedded: list[str]) -> None:
    before, _ = update(folder, encoder)
    embedded.clear()
    moved = folder.rename(folder.parent / "elsewhere")
    (moved / "inner/03.npy").unlink()
    write(moved / "inner/05.npy", 99)
    os.utime(moved / "inner/05.npy", ns=(1, 1))
    index, changes = update_index(before.folder, encoder, find_inputs(moved).input_roots, workers=0)
    assert changes == Update(changed=1, removed=1, unchanged=COUNT - 2) and embedded == ["05.npy"]
    assert all(file.path.is_file() for file in index.files) and len(index.x) == COUNT - 1


def test_files_of_other_folders_stay(encoder: FrozenEncoder, folder: Path) -> None:
    update(folder, encoder)
    other = folder.parent / "other"
    shutil.copytree(folder, other)
    index, changes = update_index(folder.parent / "index", encoder, find_inputs(other).input_roots, workers=0)
    assert changes == Update(added=COUNT) and len(index.names) == 2 * COUNT == len(set(index.names))
    name = str(other / "inner/00.npy")
    assert name in index.names
    assert remove_from_index(index.folder, [name]).names == [each for each in index.names if each != name]


def test_unusable_files_are_reported_each_time_and_read_once(
    encoder: FrozenEncoder, folder: Path, embedded: list[str]
) -> None:
    (folder / "bad.ply").write_text("ply\n")
    _, changes = update(folder, encoder)
    assert len(changes.errors) == 1 and "bad.ply" in changes.errors[0]
    embedded.clear()
    index, again = update(folder, encoder)
    assert again.errors == changes.errors and embedded == [] and len(index.x) == COUNT


def test_an_interrupted_update_goes_on(
    encoder: FrozenEncoder, folder: Path, monkeypatch: pytest.MonkeyPatch, embedded: list[str]
) -> None:
    monkeypatch.setattr(index_update, "SAVE_SECONDS", -1.0)  # after each file
    embed_files = index_update.embed_files

    def stop(encoder, paths, **options):
        for number, each in enumerate(embed_files(encoder, paths, **options)):
            if number == 5:
                raise KeyboardInterrupt
            yield each

    with monkeypatch.context() as patch:
        patch.setattr(index_update, "embed_files", stop)
        with pytest.raises(KeyboardInterrupt):
            update(folder, encoder)
    assert len(open_index(folder.parent / "index").x) == 5
    embedded.clear()
    index, changes = update(folder, encoder)
    assert changes == Update(added=COUNT - 5, unchanged=5) and len(embedded) == COUNT - 5
    fresh, _ = update_index(folder.parent / "fresh", encoder, find_inputs(folder).input_roots, workers=0)
    assert rows(index) == rows(fresh)


@pytest.mark.parametrize("target", ["vectors", "rows", "conclu_index"])
def test_a_kill_at_any_write_leaves_the_last_state(
    encoder: FrozenEncoder, folder: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, _ = update(folder, encoder)
    write(folder / "new.npy", 50)
    name = "atomic_write" if target == "conclu_index" else "durable_write"
    open_file = getattr(index_storage, name)

    def fail(path: Path):
        if path.name.startswith(target):
            raise KeyboardInterrupt
        return open_file(path)

    with monkeypatch.context() as patch:
        patch.setattr(index_storage, name, fail)
        with pytest.raises(KeyboardInterrupt):
            update(folder, encoder)
    assert rows(open_index(before.folder)) == rows(before)
    assert len(update(folder, encoder)[0].x) == COUNT + 1


def test_standardised_embeddings_are_those_of_a_direct_computation(
    encoder: FrozenEncoder, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, _ = update(folder, encoder)
    monkeypatch.setattr("conclu_pyg.inference.feature_scale.ROWS", 5)  # in three parts
    x = np.concatenate([index.x, [index.mean]])
    y = (x - index.mean) / index.scale
    y[:-1] /= np.sqrt((y[:-1] ** 2).sum(axis=1, keepdims=True))
    found = index.standardise(x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, y, atol=1e-6)


def test_search_orders_by_the_cosine_of_standardised_features(encoder: FrozenEncoder, folder: Path) -> None:
    index, _ = update(folder, encoder)
    queries = index.x[[4, 7]] + np.float32(0.001)
    found = index.search(queries, k=5)
    for query, hits in zip(queries.astype(np.float64), found, strict=True):
        y, q = (index.x - index.mean) / index.scale, (query - index.mean) / index.scale
        cosine = y @ q / (np.linalg.norm(y, axis=1) * np.linalg.norm(q))
        assert [hit.row for hit in hits] == np.argsort(-cosine)[:5].tolist()
        np.testing.assert_allclose([hit.similarity for hit in hits], np.sort(cosine)[::-1][:5], atol=1e-5)
    assert [hits[0].row for hits in found] == [4, 7]
    assert found[0][0].path == folder / "inner/04.npy" and found[0][0].name == "inner/04.npy"
    assert len(index.search(queries, k=100)[0]) == COUNT


def test_equal_similarities_are_in_the_order_of_the_rows(encoder: FrozenEncoder, folder: Path) -> None:
    for number in range(3):
        shutil.copy(folder / "inner/02.npy", folder / f"copy{number}.npy")
    index, _ = update(folder, encoder)
    hits = index.search(index.x[:1], k=15)[0]
    copies = [hit.row for hit in index.search(encoder.embed(folder / "inner/02.npy").numpy(), k=4)[0]]
    assert copies == sorted(copies) and len(hits) == 15


def test_equal_similarities_at_the_cut_are_the_first_rows() -> None:
    x = np.eye(4, dtype=np.float32)[[1] * 30 + [0] * 40 + [2] * 30]
    index = Index(Path("index"), {}, (), x, np.zeros(4), np.ones(4))
    assert index.nearest(x[30], 5) == [(row, 1.0) for row in range(30, 35)]
    assert [row for row, _ in index.nearest(x[30], 42)] == [*range(30, 70), 0, 1]


def test_own_statistics_are_used_from_a_hundred_clouds_on(
    encoder: FrozenEncoder, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, _ = update(folder, encoder)
    assert not np.allclose(few.mean, few.x.mean(axis=0), atol=1e-4)
    monkeypatch.setattr(index_update, "OWN_STATISTICS", COUNT)
    write(folder / "new.npy", 50)
    index, _ = update(folder, encoder)
    np.testing.assert_allclose(index.mean, index.x.mean(axis=0, dtype=np.float64))
    assert (index.scale > 0).all()


def test_names_can_be_removed(encoder: FrozenEncoder, folder: Path) -> None:
    write(folder / "inner.npy", 3)
    update(folder, encoder)
    index = remove_from_index(folder.parent / "index", ["inner/00.npy", "inner/01.npy"])
    assert len(index.x) == COUNT - 1 and (folder / "inner/00.npy").exists()
    assert open_index(index.folder).names == index.names
    assert remove_from_index(index.folder, ["inner"]).names == ["inner.npy"]
    with pytest.raises(DataError) as error:
        remove_from_index(index.folder, ["inne"])
    assert error.value.got == "inne"


def test_another_encoder_or_axis_is_refused(encoder: FrozenEncoder, folder: Path) -> None:
    update(folder, encoder)
    other = FrozenEncoder(encoder.encoder, num_points=33)
    with pytest.raises(ConfigError) as error:
        update(folder, other)
    assert error.value.argument == "encoder"
    with pytest.raises(ConfigError) as error:
        update(folder, encoder, up_axis="y")
    assert error.value.argument == "up_axis"


def test_other_folders_are_left_alone(encoder: FrozenEncoder, folder: Path) -> None:
    with pytest.raises(DataError):
        update_index(folder, encoder, find_inputs(folder).input_roots)
    assert sorted(path.name for path in folder.iterdir()) == ["inner"]
    for call in (open_index, lambda path: remove_from_index(path, ["a"])):
        with pytest.raises(DataError):
            call(folder)
    (folder / "file").write_text("")
    with pytest.raises(DataError):
        update_index(folder / "file", encoder, {})


def test_damaged_indices_are_refused(encoder: FrozenEncoder, folder: Path) -> None:
    index, _ = update(folder, encoder)
    head = json.loads((index.folder / "conclu_index.json").read_text())
    files = json.loads((index.folder / "rows-1.json").read_text())
    first = {**files["files"][0], "name": 3}
    damages = {
        "conclu_index.json": [
            b"",
            b"{}",
            json.dumps({**head, "format": 7}),
            json.dumps({**head, "mean": [1.0]}),
            json.dumps({**head, "scale": [0.0] * 32}),
            json.dumps({**head, "about": {**head["about"], "up_axis": "w"}}),
            json.dumps({**head, "about": {**head["about"], "block_size": 1.0}}),
            json.dumps({**head, "about": {key: head["about"][key] for key in head["about"] if key[:5] != "block"}}),
            json.dumps({**head, "about": {**head["about"], "block_size": "1", "block_overlap": 0.5}}),
            json.dumps({**head, "about": {**head["about"], "block_size": 1.0, "block_overlap": 1.0}}),
        ],
        "rows-1.json": [b"[", b"[]", json.dumps({"files": files["files"][1:]}), json.dumps({"files": [first]})],
        "vectors-1.npy": [b"", (index.folder / "vectors-1.npy").read_bytes()[:-4]],
    }
    for name, contents in damages.items():
        whole = (index.folder / name).read_bytes()
        for content in contents:
            (index.folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
            with pytest.raises(ConcluError):
                open_index(index.folder)
        (index.folder / name).write_bytes(whole)
    assert len(open_index(index.folder).x) == COUNT


def test_an_index_within_its_folder_is_no_cloud(encoder: FrozenEncoder, folder: Path) -> None:
    for changes in (Update(added=COUNT), Update(unchanged=COUNT)):
        index, found = update_index(folder / "index", encoder, find_inputs(folder).input_roots, workers=0)
        assert found == changes and len(index.x) == COUNT
    assert "the index in" in find_inputs(folder).skipped[0]


def test_names_in_any_bytes_come_back(encoder: FrozenEncoder, folder: Path) -> None:
    name = os.fsdecode(b"caf\xe9.npy")
    write(folder / name, 1)
    index, _ = update(folder, encoder)
    assert name in open_index(index.folder).names
    assert update(folder, encoder)[1] == Update(unchanged=COUNT + 1)


def test_blocks_are_clouds(encoder: FrozenEncoder, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    scene = np.random.default_rng(0).uniform(0, [50, 25, 3], size=(200, 3)).astype(np.float32)
    scene[0] = 0  # where the grid begins
    np.save(folder / "scene.npy", np.concatenate([scene, [[70, 5, 1]]]))
    with caplog.at_level("INFO"):
        index, _ = update(folder, encoder, block_size=25, block_overlap=0.0)
    assert "1 block with fewer than 16 points" in caplog.text
    rows = [row for row, name in enumerate(index.names) if name.startswith("scene.npy")]
    assert [index.names[row] for row in rows] == ["scene.npy:block_0_0", "scene.npy:block_1_0"]
    for row, points in zip(rows, (scene[scene[:, 0] < 25], scene[scene[:, 0] >= 25]), strict=True):
        chosen = subset(points, encoder.num_points)
        np.testing.assert_allclose(index.x[row], encoder.embed(chosen)[0], atol=1e-5)
        assert set(map(tuple, index_picture(index, row))) <= set(map(tuple, points))
    assert open_index(index.folder).blocks == Blocks(25, 0.0)
    write(folder / "inner" / "00.npy", 100)
    again, changes = update(folder, encoder)  # as in the index
    assert changes == Update(changed=1, unchanged=COUNT) and again.names == index.names
    for other in ({"block_size": 9.0}, {"block_overlap": 0.5}):
        with pytest.raises(ConfigError, match="as in the index"):
            update(folder, encoder, **other)
    with pytest.raises(ConfigError, match="block_overlap needs block_size"):
        update_index(folder.parent / "other", encoder, {}, block_overlap=0.5)


def test_clouds_of_the_index_are_searched_for_by_name(encoder: FrozenEncoder, folder: Path) -> None:
    index, _ = update(folder, encoder)
    (result,) = search_indexed(index, ["inner/03.npy"], k=4)
    similarity = index.unit @ index.unit[3]
    expected = [row for row in np.argsort(-similarity, kind="stable") if row != 3][:4]
    assert [hit.row for hit in result.hits] == expected and result.is_indexed
    with pytest.raises(DataError, match="did you mean 'inner/03"):
        search_indexed(index, ["iner/03.npy"])
