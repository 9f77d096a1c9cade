"""ConClu, or any method of the package, as a module of PyTorch Lightning."""

import lightning
import torch
from torch.utils.data import DataLoader
from torch_geometric.data import Batch

from conclu_pyg import METHODS
from conclu_pyg.datasets.parametric_shapes import ParametricShapes
from conclu_pyg.methods.base import Progress
from conclu_pyg.transforms import compose

VIEW = compose(
    [{"name": "RandomHalfSpaceCrop"}, {"name": "FixedPoints", "num_points": 256}, {"name": "GaussianJitter"}]
)


class Pretraining(lightning.LightningModule):
    def __init__(self, method: dict) -> None:
        super().__init__()
        self.method = METHODS.build(method)

    def training_step(self, clouds: Batch, index: int) -> torch.Tensor:
        output = self.method({name: VIEW(clouds) for name in self.method.views})
        self.log_dict({**output.losses, **output.metrics}, batch_size=clouds.num_graphs)
        return output.total_loss()

    # What a method does around a step, such as moving BYOL's target network.
    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        self.method.before_step(self.progress)

    def on_train_batch_end(self, *args: object) -> None:
        self.method.after_step(self.progress)

    @property
    def progress(self) -> Progress:
        trainer = self.trainer
        steps = int(trainer.estimated_stepping_batches)
        return Progress(trainer.global_step, steps, trainer.current_epoch, trainer.max_epochs or 1)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.method.parameter_groups(), lr=1e-3)


def train(method: dict, num_shapes: int = 256, batch_size: int = 32, **options: object) -> Pretraining:
    """Trains a method by its config. The options are those of Lightning's Trainer."""
    split = ParametricShapes(num_shapes=num_shapes, num_points=512).get_split("train")
    # The split reads a batch of clouds at once, so there is nothing to collate.
    loader = DataLoader(split, batch_size, shuffle=True, drop_last=True, collate_fn=lambda batch: batch)
    module = Pretraining(method)
    lightning.Trainer(**options).fit(module, loader)
    return module


if __name__ == "__main__":
    trained = train({"name": "ConClu", "encoder": {"name": "PointNet", "out_channels": 256}}, max_epochs=3)
    torch.save(trained.method.encoder.state_dict(), "encoder_weights.pt")
