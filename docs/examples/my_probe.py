"""A user's own probe: the share of features that differ between the test clouds."""

from conclu_pyg import PROBES
from conclu_pyg.evaluation.probe import Probe, ProbeSplits, Result
from conclu_pyg.runs.loaded_run import LoadedRun


@PROBES.register_module("features-in-use")
class FeaturesInUse(Probe):
    title = "features in use"

    def measure(self, run: LoadedRun, splits: ProbeSplits) -> list[Result]:
        deviation = run.embed(splits.test).x.std(axis=0)
        return [Result("share", 100 * float((deviation > 0.01).mean()))]
