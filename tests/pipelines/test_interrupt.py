import signal
import threading

import pytest

from conclu_pyg.pipelines.interrupt import SIGNALS, Interrupt, Stopped


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_asks_and_the_second_stops_at_once(number: signal.Signals) -> None:
    with Interrupt() as interrupt:
        assert not interrupt.requested
        signal.raise_signal(number)
        assert interrupt.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)


@pytest.mark.parametrize("numbers", [[signal.SIGINT], [signal.SIGTERM, signal.SIGINT], [signal.SIGINT, signal.SIGHUP]])
def test_the_interrupt_that_leaves_the_block_names_the_last_signal(numbers: list[signal.Signals]) -> None:
    with pytest.raises(Stopped) as error:
        interrupted_by(numbers, KeyboardInterrupt())
    assert error.value.signal is numbers[-1]


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupt() as interrupt:
            signal.raise_signal(signal.SIGHUP)
            assert not interrupt.requested
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


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
    before = [signal.getsignal(number) for number in SIGNALS]
    with Interrupt():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_in_another_thread_it_does_nothing() -> None:
    entered = []

    def work() -> None:
        with Interrupt() as interrupt:
            entered.append(interrupt.requested)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert entered == [False]


def test_the_first_own_signal_after_that_of_another_process_does_not_stop_at_once() -> None:
    def stop() -> None:
        with Interrupt() as interrupt:
            interrupt.take_over(signal.SIGTERM)
            signal.raise_signal(signal.SIGUSR1)  # of the same end of a job, a little later
            assert interrupt.received == signal.SIGUSR1
            raise KeyboardInterrupt

    with pytest.raises(Stopped) as stopped:
        stop()
    assert stopped.value.signal is signal.SIGTERM
