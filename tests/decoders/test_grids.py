"""Points that decoders fold."""

import torch

from conclu_pyg.decoders.folding import FoldingDecoder
from conclu_pyg.decoders.grids import gaussian_grid, sphere_grid, square_grid


def test_a_square_grid_is_even() -> None:
    assert sorted(map(tuple, square_grid(9).tolist())) == [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    assert square_grid(1).tolist() == [[0, 0]]


def test_a_sphere_grid_is_even() -> None:
    grid = sphere_grid(500)
    assert torch.allclose(grid.norm(dim=1), torch.ones(500)) and grid.mean(dim=0).abs().max() < 0.01
    gap = (torch.cdist(grid, grid) + 9 * torch.eye(500)).amin(dim=1)
    assert gap.max() < 1.5 * gap.min()


def test_a_gaussian_grid_is_the_same_each_time() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    grid = gaussian_grid(3000)
    assert torch.equal(grid, gaussian_grid(3000)) and torch.equal(torch.get_rng_state(), before)
    assert grid.mean(dim=0).abs().max() < 0.1 and (grid.std(dim=0) - 1).abs().max() < 0.1


def test_a_random_grid_belongs_to_the_checkpoint() -> None:
    decoder, other = (FoldingDecoder(8, 16, 4, grid="gaussian") for _ in range(2))
    other.grid.zero_()  # as of a version of torch that draws other numbers
    other.load_state_dict(decoder.state_dict())
    assert torch.equal(other.grid, decoder.grid) and decoder.grid.any()
    assert "grid" not in FoldingDecoder(8, 16, 4).state_dict()


def test_other_grids_take_any_number_of_points() -> None:
    for decoder in (FoldingDecoder(8, 10, grid="sphere"), FoldingDecoder(8, 10, grid="gaussian")):
        assert decoder(torch.randn(2, 8)).shape == (2, 10, 3)
