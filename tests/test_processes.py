"""Values of several processes, as a single process has them; tests/pipelines/test_several_processes.py has two."""

import pytest
import torch
from helpers import raises

from conclu_pyg.errors import ConfigError
from conclu_pyg.launcher import rank_at_launch, refuse_several_processes
from conclu_pyg.processes import gather_rows, gather_values, largest, num_processes, on_first, rank, sum_over_processes


def test_a_single_process_has_its_own_values() -> None:
    x = torch.randn(3, 2, requires_grad=True)
    assert num_processes() == 1 and rank() == 0 and largest(7, torch.device("cpu")) == 7
    assert sum_over_processes(x) is x
    rows, own = gather_rows(x)
    assert torch.equal(rows[own], x) and gather_values("a") == ["a"] and on_first(lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        on_first(lambda: 1 // 0)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, 0),
        ({"RANK": "3", "LOCAL_RANK": "1"}, 3),
        ({"SLURM_PROCID": "2", "SLURM_STEP_NUM_TASKS": "4"}, 2),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "4", "LOCAL_RANK": "1"}, 1),
        ({"LOCAL_RANK": "1"}, 1),
        ({"RANK": "first", "LOCAL_RANK": "1"}, 1),
    ],
)
def test_the_rank_is_known_before_there_is_a_process_group(environment: dict[str, str], expected: int) -> None:
    assert rank_at_launch(environment) == expected


def test_a_command_for_one_process_is_refused_in_several() -> None:
    for environment in ({}, {"WORLD_SIZE": "1"}, {"SLURM_NTASKS": "4"}, {"WORLD_SIZE": "many"}):
        refuse_several_processes("predict", environment)
    for name in ("WORLD_SIZE", "SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE"):
        with raises(ConfigError, got=2) as error:
            refuse_several_processes("predict", {name: "2"})
    assert str(error.value).startswith("conclu predict must run in one process, got OMPI_COMM_WORLD_SIZE=2; start it ")
