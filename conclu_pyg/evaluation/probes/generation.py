"""Generated clouds against the test clouds, as a probe."""

from __future__ import annotations

import torch

from conclu_pyg.evaluation.probe import Probe, ProbeSplits, Result
from conclu_pyg.inference.generate import generate_clouds
from conclu_pyg.metrics.generation import (
    coverage,
    jensen_shannon_divergence,
    minimum_matching_distance,
    pairwise_chamfer,
)
from conclu_pyg.registry import PROBES
from conclu_pyg.runs.loaded_run import LoadedRun

MOST = 200  # clouds of each set; the time grows with the square


@PROBES.register_module("generation")
class GenerationProbe(Probe):
    """As many generated clouds as test clouds, at most 200 that are evenly spaced in the test split, are compared by
    the metrics of l-GAN (:mod:`conclu_pyg.metrics.generation`): the Jensen-Shannon divergence in bits, the minimum
    matching distance by the squared Chamfer distance, and the coverage, each times 100. Clouds are compared with as
    many points as both have; the noise is drawn by the run's seed. No labels are used.
    """

    title = "generated clouds"
    fixed_labels = True
    needs_labels = False

    def measure(self, run: LoadedRun, splits: ProbeSplits) -> list[Result]:
        """Raises ConfigError if the method generates nothing."""
        num = min(len(splits.test), MOST)
        generated = torch.from_numpy(generate_clouds(run, num, run.seed))
        rows = torch.linspace(0, len(splits.test) - 1, num).long()
        batch = splits.test.__getitems__(rows)
        reference = batch.pos.view(num, -1, 3)
        points = min(generated.size(1), reference.size(1))
        draw = torch.Generator().manual_seed(run.seed)
        generated, reference = (
            clouds[:, torch.randperm(clouds.size(1), generator=draw)[:points]] for clouds in (generated, reference)
        )
        distance = pairwise_chamfer(generated, reference)
        values = {
            "JSD": jensen_shannon_divergence(generated, reference),
            "MMD": minimum_matching_distance(distance),
            "coverage": coverage(distance),
        }
        return [Result(name, 100 * value) for name, value in values.items()]
