"""What all tests share: seeds, and the real data where the machine has it."""

import os
from pathlib import Path

import pytest
import torch


@pytest.fixture(autouse=True)
def seed() -> None:
    """Every test draws the same numbers, alone or among the others."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def conclu_data() -> Path:
    """The folder of real data that ``CONCLU_DATA`` names, such as ``modelnet40_ply_hdf5_1024`` lies in."""
    name = os.environ.get("CONCLU_DATA")
    if not name:
        pytest.skip("needs real data: the environment variable CONCLU_DATA, which names its folder, is not set")
    folder = Path(name)
    if not folder.is_dir():
        pytest.skip(f"needs real data: CONCLU_DATA names {name}, which is no folder")
    return folder
