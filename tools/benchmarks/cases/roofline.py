"""The matrix products of a training step, at the best rate that this machine reaches in matrix products."""

import math
from collections.abc import Sequence

import torch
from torch.utils.benchmark import set_torch_threads
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.measure import Call
from benchmarks.report import Row
from benchmarks.runner import Runner
from benchmarks.steps import ENCODERS, STEP_SIZES, TrainingStep, precisions


def run(runner: Runner) -> None:
    size, num_points = runner.size(*STEP_SIZES)
    for precision, dtype in precisions(runner):
        peak = matmul_rate(runner, dtype)
        runner.note(f"The peak is {peak / 1e9:,.0f} GFLOP/s, measured in products of square {precision} matrices.")
        for name in ENCODERS:
            step, reference = (TrainingStep(runner, name, dtype, reference) for reference in (False, True))
            setting = f"{name}, step of {size} x {num_points:,} points, {precision}, against its products at the peak"
            seconds = runner.measure(setting, step)[0].seconds
            flops, reference_flops = count_flops(step), count_flops(reference)
            bound = flops / peak
            runner.report.rows.append(Row(runner.case, setting, seconds, bound, bound / seconds))
            runner.note(
                f"{name}, {precision}: the step's products are {flops / 1e9:,.1f} GFLOP (the reference "
                f"implementation's {reference_flops / 1e9:,.1f}), done at {flops / seconds / 1e9:,.0f} GFLOP/s, "
                f"{bound / seconds:.0%} of the peak."
            )


def matmul_rate(runner: Runner, dtype: torch.dtype) -> float:
    """Return the FLOP/s of a product of two square matrices."""
    size = runner.size(4096 if runner.device.type == "cpu" else 16384, 64)
    a, b = (torch.randn(size, size, device=runner.device).to(dtype) for _ in range(2))
    (measured,) = runner.measure(f"product of {size} x {size} matrices", lambda: a @ b)
    return count_flops(lambda: a @ b) / measured.seconds


def count_flops(call: Call) -> int:
    """Return the operations of all matrix products in a call; a multiply-add counts as two.

    Memory-bound operations are not counted: sums, norms, activations, sorting, gathers, products with a single vector
    and the sums of ``embedding_bag``.
    """
    counter = FlopCounterMode(display=False, custom_mapping=IN_PLACE_PRODUCTS)
    with set_torch_threads(1), counter:  # the counter sees this thread only
        call()
    return int(counter.get_total_flops())


def _product_flops(out: Sequence[int], a: Sequence[int], b: Sequence[int], **kwargs: object) -> int:
    """Return the operations of ``out += a @ b`` from the shapes."""
    return 2 * math.prod(a) * b[-1]


# PyTorch's counter does not know these and would count 0.
IN_PLACE_PRODUCTS = {torch.ops.aten.addmm_: _product_flops, torch.ops.aten.baddbmm_: _product_flops}
