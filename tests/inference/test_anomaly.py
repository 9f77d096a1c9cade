"""Scores of anomalies."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from conclu_pyg.encoders.pointnet import PointNet
from conclu_pyg.errors import ArgumentError, ConcluError, ConfigError, DataError
from conclu_pyg.inference.anomaly import AnomalyDetector, Scores, learn_normal, score_inputs
from conclu_pyg.inference.anomaly_labels import evaluate_scores
from conclu_pyg.inference.anomaly_output import HeatMaps, MostAnomalous
from conclu_pyg.inference.inputs import find_inputs
from conclu_pyg.inference.local_features import cloud_features
from conclu_pyg.inference.normal_memory import NormalMemory
from conclu_pyg.io.clouds import read_clouds
from conclu_pyg.runs.frozen_encoder import FrozenEncoder, load_encoder

NORMALS = 12
NEIGHBORS = 16


pytestmark = pytest.mark.usefixtures("few_reference_shapes")


@pytest.fixture(scope="module")
def encoder() -> FrozenEncoder:
    return load_encoder("conclu_pointnet_shapes")


def ball(seed: int, bump: float = 0.0, size: int = 1024) -> tuple[np.ndarray, np.ndarray]:
    """Returns points of an ellipsoid, with a bump at (0, 0, 1) of 0.4 radius, and a mask of its surroundings."""
    points = np.random.default_rng(seed).normal(size=(size, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    near = np.linalg.norm(points - [0, 0, 1], axis=1)
    points *= 1 + bump * np.maximum(0, 1 - (near / 0.4) ** 2)[:, None]
    return (points * [1.5, 1, 1]).astype(np.float32), near < 0.5


@pytest.fixture(scope="module")
def detector(encoder: FrozenEncoder) -> AnomalyDetector:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("conclu_pyg.inference.embed.REFERENCE_SHAPES", 20)
        return AnomalyDetector(encoder, [ball(seed)[0] for seed in range(NORMALS)])


def test_a_bump_is_found_and_its_points_are_the_most_unusual(detector: AnomalyDetector) -> None:
    plain = list(detector.score([ball(100 + seed)[0] for seed in range(6)]))
    bumped, at_bump = zip(*(ball(100 + seed, bump=0.4) for seed in range(6)), strict=True)
    for scores, mask in zip(detector.score(bumped), at_bump, strict=True):
        assert scores.anomalous and scores.score > max(each.score for each in plain)
        assert scores.local > max(each.local for each in plain)
        assert mask.mean() < 0.1 and mask[np.argsort(-scores.points)[:8]].all()
        assert np.median(scores.points[~mask]) < 1


def test_the_local_score_is_the_mean_of_the_highest_points(detector: AnomalyDetector) -> None:
    (scores,) = detector.score([ball(7)[0]])
    assert scores.local == pytest.approx(np.sort(scores.points)[-10:].mean(), rel=1e-5)  # 1 % of 1024


def test_the_threshold_is_the_quantile_of_leave_one_out_scores(
    detector: AnomalyDetector, encoder: FrozenEncoder
) -> None:
    """Plain loops over the normal clouds and their memory."""
    memory = detector.memory
    features = list(cloud_features(encoder, [ball(seed)[0] for seed in range(NORMALS)]))
    whole, local = [], []
    for row, each in enumerate(features):
        standard = (each.pooled - memory.mean) / memory.scale
        others = [other for other in range(NORMALS) if other != row]
        whole.append(np.mean(sorted(np.sqrt(np.mean((standard - memory.x[other]) ** 2)) for other in others)[:3]))
        rows = memory.rows[memory.owner != row]
        nearest = [np.linalg.norm(rows - point, axis=1).min() for point in each.local]
        local.append(np.mean(sorted(nearest)[-10:]))
    single = np.array([np.quantile(whole, 0.95), np.quantile(local, 0.95)])
    relative = np.array([whole, local]).T / single
    both = np.quantile(relative.max(axis=1), 0.95)
    keys = [("", str(row)) for row in range(NORMALS)]
    found = list(detector.score([ball(seed)[0] for seed in range(NORMALS)], keys))
    for row, scores in enumerate(found):
        np.testing.assert_allclose([scores.whole, scores.local], relative[row], rtol=1e-3)
        assert scores.score == pytest.approx(relative[row].max() / both, rel=1e-3)


def test_copies_of_normal_clouds_change_nothing(encoder: FrozenEncoder) -> None:
    normal = [ball(seed)[0] for seed in range(3)]
    keys = [("", str(row)) for row in range(3)]
    new = [ball(50)[0]]
    (expected,) = AnomalyDetector(encoder, normal, keys).score(new)
    (found,) = AnomalyDetector(encoder, normal * 7, keys * 7).score(new)
    assert found.score == pytest.approx(expected.score) and found.local == pytest.approx(expected.local)


def test_the_memory_holds_as_many_points_of_each_cloud(encoder: FrozenEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conclu_pyg.inference.normal_memory.MAX_ROWS", 100)
    features = list(cloud_features(encoder, [ball(seed)[0] for seed in range(4)]))
    memory = NormalMemory.of(features, 4)
    assert np.bincount(memory.owner).tolist() == [25] * 4 and len(memory) == 4
    np.testing.assert_allclose(memory.x.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_array_equal(NormalMemory.of(features, 4).rows, memory.rows)
    assert not np.array_equal(NormalMemory.of(features, 4, seed=1).rows, memory.rows)
    with pytest.raises(ArgumentError):
        memory.distances(features[0], range(4))
    with pytest.raises(ArgumentError):
        NormalMemory.of(features[:1], 1)


def test_local_features_are_means_over_the_nearest_points(encoder: FrozenEncoder) -> None:
    points = ball(3)[0]
    (batch,) = encoder.batches([points])
    pos = batch.pos.numpy()
    (found,) = cloud_features(encoder, [points])
    for row in range(0, 1024, 100):
        near = np.linalg.norm(pos - pos[row], axis=1).argsort()[:NEIGHBORS]
        np.testing.assert_allclose(found.local[row], pos[near].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.pooled, encoder.embed(points)[0], atol=1e-5)


def test_small_clouds_have_features_too(encoder: FrozenEncoder) -> None:
    sizes = [1, 3, 40]
    found = list(cloud_features(encoder, [ball(size)[0][:size] for size in sizes]))
    assert [len(each.local) for each in found] == sizes
    (alone,) = cloud_features(encoder, [ball(3)[0][:3]])
    np.testing.assert_allclose(alone.local, found[1].local, atol=1e-6)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    normal, new = tmp_path / "normal", tmp_path / "new"
    for folder, seeds, bump in (
        (normal, range(NORMALS), 0),
        (new / "good", (50, 51), 0),
        (new / "bump", (50, 51), 0.4),
    ):
        folder.mkdir(parents=True)
        for seed in seeds:
            np.save(folder / f"{seed:02d}.npy", ball(seed, bump)[0])
    return normal, new


def refuse(error: str) -> None:
    raise AssertionError(error)


def scores_of(encoder: FrozenEncoder, normal: Sequence[Path], new: Sequence[Path]) -> dict[str, Scores]:
    detector = learn_normal(encoder, find_inputs(normal), refuse, workers=0)
    return {cloud.name: scores for cloud, scores in score_inputs(detector, find_inputs(new), refuse, 0)}


def test_scores_of_files_do_not_depend_on_their_order(encoder: FrozenEncoder, folders: tuple[Path, Path]) -> None:
    normal, new = folders
    first = scores_of(encoder, [normal], [new])
    assert list(first) == ["bump/50.npy", "bump/51.npy", "good/50.npy", "good/51.npy"]
    other = scores_of(encoder, sorted(normal.iterdir())[::-1], sorted(new.rglob("*.npy"))[::-1])
    assert [Path(name).name for name in other] == ["51.npy", "50.npy"] * 2
    for name, scores in first.items():
        again = next(value for key, value in other.items() if key.endswith(name))
        np.testing.assert_allclose([again.score, again.local], [scores.score, scores.local], rtol=1e-3)
        np.testing.assert_allclose(again.points, scores.points, atol=5e-3)


def test_a_copy_of_a_normal_file_is_compared_with_the_others(
    encoder: FrozenEncoder, folders: tuple[Path, Path]
) -> None:
    normal, new = folders
    (new / "good" / "copy.npy").write_bytes((normal / "03.npy").read_bytes())
    scores = scores_of(encoder, [normal], [new])["good/copy.npy"]
    assert scores.whole > 0.2 and scores.local > 0.2
    assert scores.score == pytest.approx(scores_of(encoder, [normal], [normal])["03.npy"].score, rel=1e-3)


def test_too_few_normal_clouds_are_refused(encoder: FrozenEncoder, folders: tuple[Path, Path]) -> None:
    normal, new = folders
    with pytest.raises(DataError, match="at least 2 different normal clouds, got 1"):
        learn_normal(encoder, find_inputs(normal / "00.npy"), refuse)
    (normal / "00_copy.npy").write_bytes((normal / "00.npy").read_bytes())
    with pytest.raises(DataError, match="at least 2 different normal clouds, got 1"):
        learn_normal(encoder, find_inputs([normal / "00.npy", normal / "00_copy.npy"]), refuse)
    with pytest.raises(DataError, match="got 0"):
        AnomalyDetector(encoder, [])
    pair = learn_normal(encoder, find_inputs([normal / "00.npy", normal / "01.npy"]), refuse)
    (warning,) = pair.warnings
    assert "with 2 normal clouds" in warning
    damaged: list[str] = []
    (new / "bad.ply").write_text("ply\n")
    assert len(list(score_inputs(pair, find_inputs(new), damaged.append))) == 4
    assert len(damaged) == 1 and "bad.ply" in damaged[0]


def test_features_that_are_not_finite_are_refused() -> None:
    broken = PointNet(8, input_transform=False, feature_transform=False)
    torch.nn.init.constant_(broken.local[0].weight, torch.inf)
    with pytest.raises(ConcluError, match="not finite"):
        list(cloud_features(FrozenEncoder(broken), [ball(0)[0]]))


def test_auroc_is_the_share_of_pairs_in_order() -> None:
    rng = np.random.default_rng(0)
    labels = [*["good"] * 8, *["Normal"] * 4, *["dent"] * 7, *["hole"] * 5, ""]
    scores = rng.normal(size=(25, 3)) + 1
    scores[12:] += 0.7
    found = evaluate_scores(labels, scores)
    assert (found.normal, found.anomalies) == (12, {"dent": 7, "hole": 5})

    def share(anomalies: np.ndarray, normal: np.ndarray) -> float:
        return np.mean([[(a > n) + 0.5 * (a == n) for n in normal] for a in anomalies])

    for column, name in enumerate(("score", "global", "local")):
        assert found.auroc[name] == pytest.approx(share(scores[12:24, column], scores[:12, column]))
    assert found.by_label["hole"] == pytest.approx(share(scores[19:24, 0], scores[:12, 0]))
    assert found.found == np.mean(scores[12:24, 0] > 1) and found.false_alarms == np.mean(scores[:12, 0] > 1)
    for only in (["good"] * 25, ["dent"] * 25, [""] * 25):
        with pytest.raises(DataError, match="'normal' or 'good'"):
            evaluate_scores(only, scores)


def test_heat_maps_keep_the_places_and_scores_of_points(
    detector: AnomalyDetector, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    _, new = folders
    far = ball(60, 0.4)[0] + np.array([4e6, 0, 0])
    np.save(new / "far.npy", far)
    out = tmp_path / "out"
    found = list(score_inputs(detector, find_inputs(new), refuse))
    with HeatMaps(out, [new]) as maps:
        for cloud, scores in found:
            maps.add(cloud, scores)
    (written,) = read_clouds(out / "far.npy.ply")
    assert written.offset is not None
    np.testing.assert_allclose(written.points + written.offset, far, atol=1e-2)
    scores = next(scores for cloud, scores in found if cloud.name == "far.npy")
    np.testing.assert_allclose(written.x["score"], scores.points, rtol=1e-6)
    is_red = written.x["colors"][:, 0] - written.x["colors"][:, 1].astype(float) > 120
    np.testing.assert_array_equal(is_red, scores.points > 1)
    (new / "bump" / "50.npy").unlink()
    with HeatMaps(out, [new]) as maps:
        maps.add(*found[0])
    assert sorted(path.name for path in out.iterdir()) == ["anomalies.csv", "bump_50.npy.ply"]
    with HeatMaps(out, [new]) as maps:  # a process that ends here leaves what the next call removes
        maps.add(*found[1])
        HeatMaps(out, [new]).__enter__()
        assert sorted(path.name for path in out.iterdir()) == ["anomalies.csv"]
    mine = out / "bump_50.npy.ply"
    mine.write_text("mine")
    with HeatMaps(out, [new]) as maps:
        maps.add(*found[0])
    assert mine.read_text() == "mine" and (out / "bump_50.npy-2.ply").exists()
    with pytest.raises(ConfigError, match="is in the input"):
        HeatMaps(new / "out", [new])
    with pytest.raises(ConfigError, match="other files"):
        HeatMaps(new, [tmp_path / "normal"])


def test_the_page_shows_the_clouds_with_the_highest_scores(
    detector: AnomalyDetector, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    most = MostAnomalous(3)
    for cloud, scores in score_inputs(detector, find_inputs(folders[1]), refuse):
        most.add(cloud, scores)
    most.write(tmp_path / "page.html", "Anomalies", ["A sentence."], 2)
    page = (tmp_path / "page.html").read_text()
    assert page.count("<li") == 3 and page.count('<li class="marked"') >= 2
    assert page.index("bump/") < page.index("good/") and "#db452b" in page and "A sentence." in page
