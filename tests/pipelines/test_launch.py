"""What launched a process, and launchers and devices that are refused."""

import pytest
from helpers import raises

from conclu_pyg.errors import ConfigError
from conclu_pyg.pipelines.launch import Launched, launched, make_fabric

VARIABLES = ("WORLD_SIZE", "LOCAL_WORLD_SIZE", "RANK", "LOCAL_RANK", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE")
TORCHRUN = {
    "TORCHELASTIC_RUN_ID": "none",
    "WORLD_SIZE": "4",
    "LOCAL_WORLD_SIZE": "2",
    "RANK": "0",
    "LOCAL_RANK": "0",
    "MASTER_ADDR": "127.0.0.1",
    "MASTER_PORT": "29500",
    "GROUP_RANK": "0",
}
SLURM = {"SLURM_NTASKS": "6", "SLURM_NNODES": "3", "SLURM_JOB_NAME": "train"}  # in a batch script, too
SRUN = {**SLURM, "SLURM_STEP_NUM_TASKS": "6", "SLURM_STEP_NUM_NODES": "3"}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in (*VARIABLES, *TORCHRUN, *SRUN):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, Launched("", 1, 1)),
        (TORCHRUN, Launched("torchrun", 2, 2)),
        (SRUN, Launched("srun", 2, 3)),
        (SLURM, Launched("", 1, 1)),
    ],
)
def test_launchers_are_known_by_their_variables(
    variables: dict[str, str], expected: Launched, environment: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        environment.setenv(name, value)
    assert launched() == expected


def test_processes_that_would_train_copies_of_a_run_are_refused(environment: pytest.MonkeyPatch) -> None:
    for name in ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "WORLD_SIZE"):
        with environment.context() as context:
            context.setenv(name, "2")
            with pytest.raises(ConfigError, match=f"^{name}=2: this process is one of 2 .* start the training"):
                make_fabric("cpu")
            make_fabric("cpu", devices=2)  # these are the processes of this training


def test_another_number_of_processes_than_the_launcher_started_is_refused(environment: pytest.MonkeyPatch) -> None:
    for name, value in TORCHRUN.items():
        environment.setenv(name, value)
    with raises(ConfigError, argument="devices", got=3):
        make_fabric("cpu", devices=3)


def test_processes_use_the_strategy_that_shares_gradients(environment: pytest.MonkeyPatch) -> None:
    names = {type(make_fabric("cpu", devices=n, strategy=s).strategy).__name__ for n, s in ((2, "auto"), (1, "ddp"))}
    assert names == {"DDPStrategy"}
    assert type(make_fabric("cpu").strategy).__name__ == "SingleDeviceStrategy"
