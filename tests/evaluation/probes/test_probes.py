"""Properties of every registered probe."""

from pathlib import Path

import pytest

from conclu_pyg.evaluation.probe import Probe, ProbeSplits, probe_splits
from conclu_pyg.registry import PROBES
from conclu_pyg.runs.loaded_run import LoadedRun, load_run
from conclu_pyg.runs.protocol import Protocol


@pytest.fixture(scope="module")
def loaded(tiny_run: Path) -> LoadedRun:
    sizes = ["dataset.num_shapes=400", "dataset.num_test_shapes=400", "dataset.num_points=16"]
    return load_run(tiny_run, sizes)


@pytest.fixture(scope="module")
def splits(loaded: LoadedRun) -> ProbeSplits:
    return probe_splits(loaded)


def test_the_probes_of_this_package() -> None:
    names = ["clusters", "few-shot", "generation", "knn", "linear", "pretext", "retrieval", "robustness", "svm"]
    assert list(PROBES) == names


@pytest.mark.parametrize("name", sorted({*PROBES} - {"generation", "pretext"}))  # which are not for ConClu
def test_a_probe_gives_percentages_and_fields_of_a_protocol(name: str, loaded: LoadedRun, splits: ProbeSplits) -> None:
    probe = PROBES.build({"name": name})
    assert isinstance(probe, Probe) and probe.title
    probe.check(splits)
    results = probe.measure(loaded, splits)
    assert results and len({result.metric for result in results}) == len(results)
    assert all(
        -100 <= result.value <= 100 and set(result.protocol) <= set(Protocol.__annotations__) for result in results
    )
