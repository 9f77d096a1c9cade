from conclu_pyg.pipelines.status import epoch_line, step_status


def test_a_step_shows_the_total_loss_each_loss_and_the_speed() -> None:
    status = step_status({"contrast": 1.5, "cluster": 2.0}, 1234.5)
    assert status == "loss 3.500  contrast 1.500  cluster 2.000  1,234 clouds/s"


def test_an_epoch_shows_its_number_losses_and_the_progress_metrics_that_were_measured() -> None:
    line = epoch_line(
        {"epoch": 3, "loss": 1.5, "loss/contrast": 1.5, "clouds_per_second": 80, "projection_std": 0.9},
        12,
        {"projection_std": "spread {:.2f}", "validation/accuracy": "accuracy {:.1f} %"},
    )
    assert line == "epoch 3/12  loss 1.500  contrast 1.500  80 clouds/s  spread 0.90"


def test_an_epoch_of_a_method_without_statistics_shows_the_losses() -> None:
    line = epoch_line({"epoch": 1, "loss": 1.0, "loss/mine": 1.0, "clouds_per_second": 80}, 1, {})
    assert line == "epoch 1/1  loss 1.000  mine 1.000  80 clouds/s"
