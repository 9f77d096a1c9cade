"""Measurement of what a step of a training costs: CPU time, memory and parameters."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch_geometric.data import Batch

from conclu_pyg.files import atomic_write
from conclu_pyg.methods.base import Progress
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.pipelines.gradients import share_of_step
from conclu_pyg.reproduction.budgets import Cost, StageCost
from conclu_pyg.reproduction.jobs import Job
from conclu_pyg.reproduction.peak_memory import peak_memory
from conclu_pyg.seeding import seed_all
from conclu_pyg.stage_configs import KEY, split_stages

ROUNDS, STEPS = 3, 2  # the fastest of so many rounds of so many steps counts: other programs slow a core down


def measure_cost(config: Mapping[str, Any], source: str) -> Cost:
    """Measure the steps of a training in this thread, without writing anything.

    A stage that begins with the weights of an earlier one is measured with random weights.

    Args:
        config: a resolved config, which may have stages.
        source: what messages call the config.

    Raises:
        ConcluError: as the pipelines raise it.
    """
    stages = split_stages(config, source) if "stages" in config else {"": dict(config)}
    measured = [_stage(name, _without_checkpoints(stage, stages), source) for name, stage in stages.items()]
    return Cost(measured[0][0], tuple(cost for _, cost in measured))


def run_cost(job: Job) -> None:
    """Measure the cost of a training and write it to the job's file.

    Args:
        job: of the kind ``cost``.
    """
    path = Path(job.folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    cost = measure_cost(job.config or {}, "its config")
    with atomic_write(path) as file:
        file.write((json.dumps(cost.as_dict(), indent=1) + "\n").encode())


def _stage(name: str, config: dict[str, Any], source: str) -> tuple[int, StageCost]:
    """Return the number of training clouds, and the cost of a step."""
    pipeline = build_pipeline(config, source)
    split = pipeline.training_split()
    order = seed_all(pipeline.seed)
    batches = pipeline.batches(split, order)
    clouds = pipeline.training_data(split)
    pipeline.scheduler = pipeline.schedule.build(pipeline.optimizer, pipeline.epochs, len(batches))
    model, pipeline.optimizer = pipeline.fabric.setup(pipeline.trained, pipeline.optimizer)
    pipeline.progress = Progress(0, pipeline.epochs * len(batches), 0, pipeline.epochs)
    began = time.process_time()
    pipeline.before_epoch(pipeline.progress)
    setup = time.process_time() - began
    pipeline.set_train_mode()
    sizes: list[int] = []

    def read() -> Iterator[Batch]:
        while True:
            for indices in batches:
                yield clouds.__getitems__(indices)

    source_of_batches = read()

    def step() -> None:
        batch = next(source_of_batches).to(pipeline.fabric.device)
        pipeline.share = share_of_step(batch)
        pipeline.train_step(model, batch)
        sizes.append(batch.num_graphs)

    peak = peak_memory(step, pipeline.fabric.device)
    rounds = []
    for _ in range(ROUNDS):
        sizes.clear()
        began = time.process_time()
        for _ in range(STEPS):
            step()
        rounds.append((time.process_time() - began) / sum(sizes))
    trained = sum(parameter.numel() for parameter in pipeline.model.parameters() if parameter.requires_grad)
    return len(split), StageCost(name, min(rounds), setup, trained, peak / 2**20)


def _without_checkpoints(value: Any, stages: Mapping[str, Any]) -> Any:
    """Return a config without the checkpoints of stages, which do not exist yet."""
    if isinstance(value, Mapping):
        kept = {key: inner for key, inner in value.items() if not (key == KEY and inner in stages)}
        return {key: _without_checkpoints(inner, stages) for key, inner in kept.items()}
    return [_without_checkpoints(item, stages) for item in value] if isinstance(value, list) else value
