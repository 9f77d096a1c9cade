import signal
import threading

import pytest

from conclu_pyg.pipelines.interrupt import Interrupt, Terminated


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_stops_at_once(number: signal.Signals) -> None:
    with Interrupt() as interrupt:
        assert not interrupt.requested
        signal.raise_signal(number)
        assert interrupt.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [
        ([signal.SIGINT], KeyboardInterrupt),
        ([signal.SIGTERM], Terminated),
        ([signal.SIGTERM, signal.SIGINT], KeyboardInterrupt),
        ([signal.SIGINT, signal.SIGTERM], Terminated),
    ],
)
def test_the_last_signal_says_what_leaves_the_block(
    numbers: list[signal.Signals], kind: type[KeyboardInterrupt]
) -> None:
    with pytest.raises(KeyboardInterrupt) as error:
        interrupted_by(numbers, KeyboardInterrupt())
    assert error.type is kind


def test_sigterm_hides_no_other_error() -> None:
    with pytest.raises(ZeroDivisionError):
        interrupted_by([signal.SIGTERM], ZeroDivisionError())


def interrupted_by(numbers: list[signal.Signals], error: BaseException) -> None:
    """A loop that raises the error after the signals, if the second has not stopped it."""
    with Interrupt():
        for number in numbers:
            signal.raise_signal(number)
        raise error


def test_the_former_handlers_come_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Interrupt():
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] != before
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_in_another_thread_it_does_nothing() -> None:
    entered = []

    def work() -> None:
        with Interrupt() as interrupt:
            entered.append(interrupt.requested)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert entered == [False]
