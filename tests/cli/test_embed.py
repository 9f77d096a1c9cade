"""conclu embed, index, search, clusters and suggest."""

import json
from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.cli.main import main
from conclu_pyg.inference.embeddings import Embeddings
from conclu_pyg.inference.index_storage import open_index

RNG = np.random.default_rng(0)

pytestmark = pytest.mark.usefixtures("few_reference_shapes")


@pytest.fixture
def clouds(tmp_path: Path) -> Path:
    folder = tmp_path / "clouds"
    folder.mkdir()
    for name, extent in (("flat", [1, 1, 0.05]), ("long", [4, 0.3, 0.3]), ("ball", [1, 1, 1])):
        for number in range(3):
            np.save(folder / f"{name}_{number}.npy", RNG.normal(size=(80, 3)) * extent)
    return folder


def call(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_embed(tiny_run: Path, clouds: Path, tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / f"out{suffix}"
    assert call("embed", clouds, "--encoder", tiny_run, "-o", out) == 0
    found = Embeddings.load(out)
    assert list(found.names) == sorted(path.name for path in clouds.iterdir()) and found.x.shape == (9, 32)
    assert "9 clouds" in capsys.readouterr().out
    (clouds / "bad.ply").write_text("ply\n")
    assert call("embed", clouds, "--encoder", tiny_run, "-o", out, "--force", "--json") == 2
    output = capsys.readouterr()
    document = json.loads(output.out)
    assert document["clouds"] == 9 and "bad.ply" in document["errors"][0] and "1 file or cloud" in output.err
    assert len(Embeddings.load(out).x) == 9


def test_index_and_search(tiny_run: Path, clouds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index = tmp_path / "index"
    assert call("index", clouds, "--encoder", tiny_run, "-o", index) == 0
    assert "9 clouds of 9 files (9 files added, 0 changed" in capsys.readouterr().out
    (clouds / "ball_0.npy").unlink()
    assert call("index", clouds, "-o", index, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["removed"], document["unchanged"], document["clouds"]) == (1, 8, 8)
    page = tmp_path / "hits.html"
    query = clouds / "long_1.npy"
    assert call("search", index, query, "-k", 3, "--html", page, "--json") == 0
    (result,) = json.loads(capsys.readouterr().out)
    assert result["hits"][0]["name"] == result["query"] == "long_1.npy"
    assert {hit["name"] for hit in result["hits"]} == {f"long_{number}.npy" for number in range(3)}
    assert result["hits"][0]["similarity"] == pytest.approx(1, abs=1e-4)
    assert page.read_text().count("<li") == 4
    assert call("search", index, query) == 0
    assert "  1   1.000  long_1.npy" in capsys.readouterr().out
    assert call("search", index, "long_1.npy", "-k", 2, "--json") == 0
    (named,) = json.loads(capsys.readouterr().out)
    assert {hit["name"] for hit in named["hits"]} == {"long_0.npy", "long_2.npy"}
    assert call("search", index, "long_9.npy") == 2
    for option in (("--encoder", "conclu_pointnet_shapes"), ("--workers", 1)):
        capsys.readouterr()
        assert call("search", index, "long_1.npy", *option) == 2
        assert f"{option[0]} has no effect" in capsys.readouterr().err
        assert call("search", index, "long_9.npy", *option) == 2  # neither a file nor a cloud of the index
        assert "has no effect" not in capsys.readouterr().err
    capsys.readouterr()
    assert call("search", index, clouds / "flat_1.npy", "long_1.npy", clouds / "ball_1.npy", "--json") == 0
    results = json.loads(capsys.readouterr().out)
    assert [result["query"] for result in results] == ["flat_1.npy", "long_1.npy", "ball_1.npy"]
    assert call("index", "--remove", "flat_0.npy", "-o", index) == 0
    assert len(open_index(index).x) == 7


def test_blocks(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tiles").mkdir()
    np.save(tmp_path / "tiles" / "tile.npy", np.random.default_rng(0).uniform(0, [20, 10, 1], size=(300, 3)))
    options = ("--encoder", tiny_run, "--block-size", 10, "--block-overlap", 0, "--json", "-o")
    for command, out in (("embed", tmp_path / "a.npz"), ("index", tmp_path / "index")):
        assert call(command, tmp_path / "tiles", *options, out) == 0
        document = json.loads(capsys.readouterr().out)
        assert (document["clouds"], document["block_size"], document["block_overlap"]) == (2, 10, 0)
    assert call("search", tmp_path / "index", "tile.npy:block_0_0", "--html", tmp_path / "a.html") == 0
    assert (tmp_path / "a.html").read_text().count("<li") == 2
    with pytest.raises(SystemExit):
        call("embed", tmp_path / "tiles", "--block-size", "-1", "-o", tmp_path / "b.npz")


def test_refusals(tiny_run: Path, clouds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("embed", clouds, "--encoder", tiny_run, "-o", tmp_path / "a.pkl") == 2
    assert call("embed", clouds, "--encoder", "conclu_pointnet_shape", "-o", tmp_path / "a.npz") == 2
    assert call("index", "-o", tmp_path / "index") == 2
    assert call("search", clouds, clouds / "flat_0.npy") == 2
    assert call("embed", tmp_path / "missing", "--encoder", tiny_run, "-o", tmp_path / "a.npz") == 2
    assert call("index", clouds / "flat_0.npy", "--encoder", tiny_run, "-o", tmp_path / "index") == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 6 and all(line.startswith("error: ") for line in errors)
    assert not (tmp_path / "a.npz").exists() and not (tmp_path / "index").exists()


def test_clusters_and_suggestions_of_an_index(
    tiny_run: Path, clouds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index, table, page = tmp_path / "index", tmp_path / "a.csv", tmp_path / "a.html"
    assert call("index", clouds, "--encoder", tiny_run, "-o", index) == 0
    capsys.readouterr()
    assert call("clusters", index, "-k", 3, "--csv", table, "--html", page, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert sorted(name for each in document["clusters"] for name in each["clouds"]) == sorted(
        path.name for path in clouds.iterdir()
    )
    lines = table.read_text().splitlines()
    assert lines[0] == "cloud,cluster,confidence" and len(lines) == 10 and page.read_text().count("<li") == 9
    assert call("suggest", index, "--budget", 3, "--csv", table, "--force", "--html", page) == 0
    assert "3 clouds to label of 9 without a label" in capsys.readouterr().out
    first = [line.partition(",")[0] for line in table.read_text().splitlines()[1:]]
    assert len(first) == 3 and page.read_text().count("<li") == 3
    table.write_text("file,class\n" + "".join(f"{name},x\n" for name in first))
    assert call("suggest", index, "--budget", 20, "--labelled", table, "--json") == 0
    rest = json.loads(capsys.readouterr().out)["clouds"]
    assert len(rest) == 6 and not set(rest) & set(first)
    assert call("clusters", index, "-k", 3, "--labels", table) == 0
    assert "100% x" in capsys.readouterr().out


def test_clusters_of_a_run(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, page = tmp_path / "a.csv", tmp_path / "a.html"
    assert call("clusters", tiny_run, "--labels", "folders", "--csv", table, "--html", page, "--split", "all") == 0
    assert len(table.read_text().splitlines()) == 89 and "cluster 0: " in capsys.readouterr().out
    assert table.read_text().splitlines()[1].split(",")[3] == "airplane"
    assert call("clusters", tiny_run, "-k", 3) == 2


@pytest.mark.parametrize("option", ["--csv", "--html"])
@pytest.mark.parametrize("command", ["search", "duplicates", "clusters", "suggest", "check", "anomaly"])
def test_a_missing_output_folder_is_refused_before_the_work(
    command: str, option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if (command, option) == ("search", "--csv"):
        pytest.skip("conclu search writes no table")
    words = {"search": ["query.ply"], "suggest": ["--budget", 1], "anomaly": ["more"]}.get(command, [])
    with pytest.raises(SystemExit, match="2"):
        call(command, tmp_path, *words, option, tmp_path / "missing" / "a")
    assert f"there is no folder {tmp_path / 'missing'}" in capsys.readouterr().err
