"""Work in parallel threads: completeness, errors, and the number of PyTorch's own threads."""

import threading
from collections.abc import Iterator

import pytest
import torch

from conclu_pyg.neighbors.threads import for_each


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def in_new_thread() -> int:
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    return seen[0]


def test_each_item_is_worked_on_once_by_threads_that_use_one_thread() -> None:
    seen: list[tuple[int, int]] = []
    for_each(lambda item: seen.append((item, torch.get_num_threads())), range(50), torch.device("cpu"))
    assert sorted(seen) == [(item, 1) for item in range(50)]
    assert torch.get_num_threads() == 2 and in_new_thread() == 2


def test_in_inference_mode_the_threads_are_in_it_too() -> None:
    seen: list[bool] = []
    with torch.inference_mode():
        out = torch.zeros(4)
        for_each(lambda item: seen.append(bool(out[item : item + 1].add_(1).is_inference())), range(4), out.device)
    assert seen == 4 * [True] and out.tolist() == 4 * [1]
    for_each(lambda item: seen.append(torch.is_inference_mode_enabled()), range(4), torch.device("cpu"))
    assert seen[4:] == 4 * [False]


def test_an_error_comes_back() -> None:
    def work(item: int) -> None:
        if item == 3:
            raise KeyError(item)

    with pytest.raises(KeyError, match="3"):
        for_each(work, range(5), torch.device("cpu"))
    assert torch.get_num_threads() == 2 and in_new_thread() == 2


@pytest.mark.parametrize(("count", "device"), [(1, "cpu"), (4, "meta")])
def test_without_gain_there_are_no_threads(count: int, device: str) -> None:
    seen: list[int] = []
    for_each(lambda item: seen.append(threading.get_ident()), range(count), torch.device(device))
    assert seen == count * [threading.get_ident()]
