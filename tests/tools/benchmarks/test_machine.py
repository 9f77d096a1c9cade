import json

import numpy
import pytest
import scipy
import torch
import torch_geometric

from benchmarks.machine import has_native_bf16, installed_version, machine_facts

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
def test_bf16_needs_instructions_of_the_cpu(
    capabilities: dict[str, bool], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert has_native_bf16(CPU) is expected


def test_facts_are_plain_values() -> None:
    facts = machine_facts(CPU)
    assert json.loads(json.dumps(facts)) == facts
    assert facts["device"] == "CPU" and facts["threads"] == torch.get_num_threads() and facts["cpu"]
    assert facts["torch"] == torch.__version__
    assert (facts["numpy"], facts["scipy"]) == (numpy.__version__, scipy.__version__)
    assert facts["torch-geometric"] == torch_geometric.__version__


def test_a_missing_library_has_no_version() -> None:
    assert installed_version("no-library-of-that-name") is None
