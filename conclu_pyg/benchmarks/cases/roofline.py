"""A training step's arithmetic, in the time of it that the machine's best matrix product would need."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch.utils.flop_counter import FlopCounterMode

from conclu_pyg.benchmarks.bench import Bench, Entry
from conclu_pyg.benchmarks.clouds import ellipsoids
from conclu_pyg.benchmarks.machine import multiplies_bf16, product_peak
from conclu_pyg.benchmarks.measure import Call, one_thread
from conclu_pyg.benchmarks.passes import TrainingStep, encoders, make_method, with_plain_encoder
from conclu_pyg.benchmarks.report import Note, Row

CASE = "roofline"
PRECISIONS = {"float32": torch.float32, "bf16": torch.bfloat16}


def run(bench: Bench) -> Iterator[Entry]:
    size, num_points = bench.pick((32, 1024), (4, 32))
    views = [ellipsoids(size, num_points, bench.device, seed) for seed in range(2)]
    for precision, dtype in PRECISIONS.items():
        if dtype is torch.bfloat16 and not multiplies_bf16(bench.device):
            yield Note(CASE, "bf16 is left out: this device has no instructions that multiply it.")
            continue
        bench.say(f"{precision}: the best product")
        on_cpu = bench.device.type == "cpu"
        peak = product_peak(bench.device, dtype, bench.pick(4096 if on_cpu else 16384, 64), bench.budget)
        yield Note(CASE, f"The peak is {peak / 1e9:,.0f} GFLOP/s, measured in products of square {precision} matrices.")
        for name in encoders(bench):
            method = make_method(bench, name)
            step, plain = TrainingStep(method, views, dtype), TrainingStep(with_plain_encoder(method), views, dtype)
            setting = f"{name}, step of {size} x {num_points:,} points, {precision}"
            (measured,) = bench.measure({setting: step}).values()
            arithmetic, usual = count_flops(step), count_flops(plain)
            bound = arithmetic / peak
            share = bound / measured.seconds
            yield Row(CASE, f"{setting}, against its products at the peak", measured.seconds, bound, share)
            yield Note(
                CASE,
                f"{name}, {precision}: the step's products are {arithmetic / 1e9:,.1f} GFLOP (the plain form's "
                f"{usual / 1e9:,.1f}), done at {arithmetic / measured.seconds / 1e9:,.0f} GFLOP/s, "
                f"{share:.0%} of the peak.",
            )


def count_flops(call: Call) -> int:
    """The operations of all matrix products in a call, a multiplication and an addition counting two.

    Sums, norms, activations, sorting, gathers, products with a single vector and the sums of ``embedding_bag`` are not
    counted: memory bounds them and not arithmetic.
    """
    counter = FlopCounterMode(display=False, custom_mapping=PRODUCTS_IN_PLACE)
    with one_thread(), counter:  # it counts what this thread does
        call()
    return int(counter.get_total_flops())


def _product_flops(out: Sequence[int], a: Sequence[int], b: Sequence[int], **kwargs: object) -> int:
    """By the shapes of ``out += a @ b``."""
    return 2 * math.prod(a) * b[-1]


# PyTorch's counter leaves these out, and counts 0 for them.
PRODUCTS_IN_PLACE = {torch.ops.aten.addmm_: _product_flops, torch.ops.aten.baddbmm_: _product_flops}
