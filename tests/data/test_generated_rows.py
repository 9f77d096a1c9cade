"""Arrays that are generated row by row."""

import multiprocessing
import pickle

import numpy as np
import pytest

from conclu_pyg.data.generated_rows import Field, Generated, GeneratedRows
from conclu_pyg.errors import ConcluError


class Squares:
    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, row: int) -> dict[str, np.ndarray]:
        self.calls.append(row)
        return {"square": np.full((2, 3), row**2, dtype=np.float32), "label": np.array(row)}


@pytest.fixture
def squares() -> Squares:
    return Squares()


@pytest.fixture
def generated(squares: Squares) -> Generated:
    return Generated(squares, 5, {"square": Field((2, 3), np.float32), "label": Field((), np.int64)})


@pytest.mark.parametrize(
    ("index", "rows"),
    [
        (3, [3]),
        (np.int64(-1), [4]),
        (slice(1, 4, 2), [1, 3]),
        ([4, 0, 4], [4, 0]),
        (np.array([], dtype=int), []),
        (np.array([True, False, True, False, False]), [0, 2]),
    ],
)
def test_only_the_rows_of_an_index_are_generated(
    index: int | slice | list[int] | np.ndarray, rows: list[int], squares: Squares, generated: Generated
) -> None:
    array = generated.rows("square")
    assert array.shape == (5, 2, 3) and array.dtype == np.float32 and squares.calls == []
    whole = np.arange(5, dtype=np.float32)[:, None, None] ** 2 * np.ones((1, 2, 3), dtype=np.float32)
    np.testing.assert_array_equal(array[index], whole[index])
    assert squares.calls == sorted(rows)
    generated.rows("label")[index]
    array[index]
    assert squares.calls == sorted(rows)
    np.testing.assert_array_equal(np.asarray(array), whole)


@pytest.mark.parametrize("length", [10**13, 10**30])
def test_arrays_larger_than_the_memory_are_refused(length: int, squares: Squares) -> None:
    with pytest.raises(ConcluError, match=r"fit into the memory, got [\d,]+ GB; give fewer or smaller clouds\."):
        Generated(squares, length, {"square": Field((2, 3), np.float32)})


def test_a_forked_process_generates_for_the_others(squares: Squares, generated: Generated) -> None:
    process = multiprocessing.get_context("fork").Process(target=generated.rows("label").__getitem__, args=([1, 2],))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert generated.rows("square")[1:4][:, 0, 0].tolist() == [1, 4, 9] and squares.calls == [3]


def test_a_copy_of_another_process_generates_its_own_rows(generated: Generated) -> None:
    generated.rows("square")[:]
    copied: GeneratedRows = pickle.loads(pickle.dumps(generated.rows("square")))
    assert len(pickle.dumps(copied)) < 1000
    np.testing.assert_array_equal(copied[:], generated.rows("square")[:])
