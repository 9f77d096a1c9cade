import json

import numpy
import pytest
import scipy
import torch
import torch_geometric

from conclu_pyg.benchmarks import machine
from conclu_pyg.benchmarks.machine import benchmark_device, machine_facts, multiplies_bf16, product_peak
from conclu_pyg.benchmarks.measure import Measured
from conclu_pyg.errors import ConfigError

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx512_f": True}, False),
        ({"avx512_bf16": False, "amx_bf16": False}, False),
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({"neon": True, "bf16": True}, True),
        ({}, False),
    ],
)
def test_bf16_is_used_where_the_cpu_multiplies_it(
    capabilities: dict[str, bool], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert multiplies_bf16(CPU) is expected


def test_the_facts_are_plain_values() -> None:
    facts = machine_facts(CPU)
    assert json.loads(json.dumps(facts)) == facts
    assert facts["device"] == "CPU" and facts["threads"] == torch.get_num_threads() and facts["cpu"]
    assert facts["torch"] == torch.__version__
    assert (facts["numpy"], facts["scipy"]) == (numpy.__version__, scipy.__version__)
    assert facts["torch-geometric"] == torch_geometric.__version__


def test_a_library_that_is_not_there_is_a_fact_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LIBRARIES", ("numpy", "no-library-of-that-name"))
    facts = machine_facts(CPU)
    assert facts["no-library-of-that-name"] is None and facts["numpy"] == numpy.__version__


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert benchmark_device("cpu") == CPU
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"--device cuda cannot be used here: PyTorch \S+ finds no such device; give"):
        benchmark_device("cuda")


def test_the_peak_counts_a_multiplication_and_an_addition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "alternate", lambda calls, device, budget: {"product": Measured(0.5, 0.0)})
    assert product_peak(CPU, torch.float32, 10, 0) == 2 * 10**3 / 0.5
