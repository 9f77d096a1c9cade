from conclu_pyg.cli.evaluate import PROBE_NAMES
from conclu_pyg.evaluation.probes import PROBES
from conclu_pyg.evaluation.robustness_probe import ROBUSTNESS


def test_the_command_line_names_every_probe() -> None:
    assert tuple(PROBES) == PROBE_NAMES


def test_probes_are_told_apart_by_their_titles_and_one_draws_its_own_labels() -> None:
    assert len({probe.title for probe in PROBES.values()}) == len(PROBES)
    assert [name for name, probe in PROBES.items() if probe.own_labels] == ["few-shot"] and not ROBUSTNESS.own_labels
