"""The processes of a training, one for each device: started by torchrun, by Slurm's srun, or by Lightning Fabric."""

from __future__ import annotations

import atexit
import os
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import torch
import torch.distributed as dist
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning_fabric.strategies.ddp import DDPStrategy
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from conclu_pyg.device import choose_device
from conclu_pyg.errors import ConfigError
from conclu_pyg.threads import share_threads

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
StrategyName = Literal["auto", "ddp", "ddp_find_unused_parameters_true"]
ENVIRONMENTS = {"torchrun": TorchElasticEnvironment, "srun": SLURMEnvironment, "": LightningEnvironment}
PROCESSES = ("devices", "num_nodes")
FIND_UNUSED = "ddp_find_unused_parameters_true"
OPTIONS = ("device", "precision", "devices", "num_nodes", "strategy")  # of a pipeline
# Sizes that other launchers announce. Their processes would each train the same run.
FOREIGN_SIZES = {
    "OMPI_COMM_WORLD_SIZE": "mpirun",
    "PMI_SIZE": "mpirun",
    "WORLD_SIZE": "an unknown launcher",
}


class Launched(NamedTuple):
    """The processes that a launcher has started.

    Attributes:
        launcher: its name, or an empty string.
        devices: processes on this machine.
        num_nodes: machines.
    """

    launcher: str
    devices: int
    num_nodes: int


def launched() -> Launched:
    """Return what launched this process, by its environment variables."""
    environment = os.environ
    if TorchElasticEnvironment.detect():
        local = int(environment["LOCAL_WORLD_SIZE"])
        return Launched("torchrun", local, int(environment["WORLD_SIZE"]) // local)
    tasks = int(environment.get("SLURM_STEP_NUM_TASKS", "1"))  # in a batch script without srun there is one process
    if tasks > 1:
        nodes = int(environment.get("SLURM_STEP_NUM_NODES", "1"))
        return Launched("srun", tasks // nodes, nodes)
    return Launched("", 1, 1)


def make_fabric(
    device: Device = "auto",
    precision: Precision = "32-true",
    devices: int | None = None,
    num_nodes: int | None = None,
    strategy: StrategyName = "auto",
) -> Fabric:
    """Return the Fabric of a training, which starts no process before its ``launch`` is called.

    Args:
        device, precision, devices, num_nodes, strategy: as for
            :class:`~conclu_pyg.pipelines.plan.TrainingPlan`.

    Raises:
        ConfigError: a device or a number of devices that is not there, a precision that it does not have, a number of
            processes that differs from that of the launcher, or a launcher that is not supported.
    """
    accelerator = choose_device(device).type
    if precision == "16-mixed" and accelerator == "cpu":
        raise ConfigError("pipeline.precision=16-mixed needs a GPU; give bf16-mixed or 32-true for the CPU.")
    found = launched()
    count, nodes = devices or found.devices, num_nodes or found.num_nodes
    if found.launcher and (count, nodes) != (found.devices, found.num_nodes):
        raise ConfigError(
            f"{found.launcher} started {found.devices} processes on each of {found.num_nodes} machines, and the config "
            f"has pipeline.devices={count} and pipeline.num_nodes={nodes}; leave both out.",
            argument="devices",
            got=count,
        )
    _refuse_other_launchers(count * nodes, found.launcher)
    if accelerator == "mps" and count * nodes > 1:
        raise ConfigError(f"pipeline.device=mps has one device, got pipeline.devices={count}; leave it out.")
    if accelerator == "cuda" and count > torch.cuda.device_count():
        raise ConfigError(
            f"pipeline.devices={count} needs as many GPUs, and this machine has {torch.cuda.device_count()}; give "
            "fewer processes.",
            argument="devices",
            got=count,
        )
    chosen: Any = "auto"
    if count * nodes > 1 or strategy != "auto":
        # Buffers, such as the running statistics of batch norms, are the same in all processes already, since these
        # share what they are computed from.
        chosen = DDPStrategy(
            cluster_environment=ENVIRONMENTS[found.launcher](),
            find_unused_parameters=strategy == FIND_UNUSED,
            forward_sync_buffers=False,
        )
    return Fabric(accelerator=accelerator, devices=count, num_nodes=nodes, strategy=chosen, precision=precision)


def launch(config: Mapping[str, Any]) -> None:
    """Start the processes of a training, or join those that a launcher has started. It does nothing for one process.

    Args:
        config: the resolved config of the training, which may have stages.

    Raises:
        ConfigError: as :func:`make_fabric`.
    """
    first: Mapping[str, Any] = next(iter(config["stages"].values()), {}) if "stages" in config else {}
    options = {**config.get("pipeline", {}), **first.get("pipeline", {})}
    for name, stage in (config.get("stages") or {}).items():
        own = {**config.get("pipeline", {}), **stage.get("pipeline", {})}
        if differing := [option for option in PROCESSES if own.get(option) != options.get(option)]:
            raise ConfigError(
                f"expected the same pipeline.{differing[0]} in all stages, got {own.get(differing[0])!r} in stage "
                f"{name}; give it in the section pipeline that the stages share.",
                argument=differing[0],
                got=own.get(differing[0]),
            )
    fabric = make_fabric(**{name: options[name] for name in OPTIONS if name in options})
    join(fabric)


def join(fabric: Fabric) -> None:
    """Start the other processes of a Fabric, or join those that a launcher started. It does nothing for one process.

    The process group ends with the process: one that is left open is an error at exit.
    """
    if isinstance(fabric.strategy, DDPStrategy):
        is_first_time = not dist.is_initialized()
        if is_first_time and launched() == Launched("torchrun", fabric.strategy.num_processes, 1):
            _init_after_restart(fabric.device)
        if is_first_time and not launched().launcher and (threads := share_threads(fabric.strategy.num_processes)):
            torch.set_num_threads(threads)
        fabric.launch()
        if is_first_time:
            atexit.register(dist.destroy_process_group)


def _init_after_restart(device: torch.device) -> None:
    """Make the process group under names of this attempt of torchrun on one machine, before Fabric would.

    When torchrun (torch 2.13) starts killed processes again, its store sometimes still has the addresses of the killed
    ones, and a process that is faster than the others tries to connect to them.
    """
    store, own_rank, size = next(rendezvous("env://"))
    attempt = PrefixStore(f"attempt_{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, store=attempt, rank=own_rank, world_size=size)


def join_launched(device: Device = "auto") -> None:
    """Join the processes that torchrun or srun has started, so that they share the clouds that a model is evaluated on.
    It does nothing without such a launcher.

    Args:
        device: as for :class:`~conclu_pyg.pipelines.plan.TrainingPlan` (default: auto).

    Raises:
        ConfigError: as :func:`make_fabric`.
    """
    if launched().launcher:
        launch({"pipeline": {"device": device}})
    else:
        _refuse_other_launchers(1, "")


def _refuse_other_launchers(expected: int, launcher: str) -> None:
    for variable, name in FOREIGN_SIZES.items():
        size = os.environ.get(variable, "")
        if not launcher and size.isdecimal() and int(size) not in (1, expected):
            raise ConfigError(
                f"{variable}={size}: this process is one of {size} that {name} started, and each of them would train "
                "the same run; start the training by torchrun or srun, or by pipeline.devices="
                f"{size} without a launcher.",
                got=size,
            )
