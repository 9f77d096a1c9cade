"""ConClu in a loop of your own: the parts of the library, without registries and configs.

Run as a script, it trains as ``conclu train conclu_pointnet`` does, on built-in shapes, and saves
the encoder's weights. The equations are those of https://arxiv.org/abs/2202.02543.
"""

import torch
from torch import nn
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import BatchSampler, DataLoader, RandomSampler
from torch_geometric.data import Batch
from torch_geometric.transforms import Compose

from conclu_pyg.clusterers.sinkhorn import SinkhornClusterer
from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.datasets.parametric_shapes import ParametricShapes
from conclu_pyg.encoders.base import pooled_features
from conclu_pyg.encoders.pointnet import PointNet
from conclu_pyg.heads.projection import PredictionHead, ProjectionHead
from conclu_pyg.losses import code_prediction_loss, contrast_loss, orthogonality_loss
from conclu_pyg.transforms.anisotropic_scale import RandomAnisotropicScale
from conclu_pyg.transforms.fixed_points import FixedPoints
from conclu_pyg.transforms.gaussian_jitter import GaussianJitter
from conclu_pyg.transforms.half_space_crop import RandomHalfSpaceCrop
from conclu_pyg.transforms.translate import RandomTranslate
from conclu_pyg.transforms.yaw_rotate import RandomYawRotate

# One random view of every cloud of a batch at once, on the batch's device.
VIEW = Compose(
    [
        RandomHalfSpaceCrop(keep=0.7),
        FixedPoints(256),
        RandomYawRotate(degrees=30.0, up_axis="z"),
        GaussianJitter(sigma=0.02, clip=0.05),
        RandomAnisotropicScale(low=0.5, high=2.0),
        RandomTranslate(0.2),
    ]
)


class Networks(nn.Module):
    """The encoder f, the projector g, the predictor q, and the prototypes C with their optimal transport."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = PointNet(out_channels=1024, input_transform=False, feature_transform=False)
        self.projector = ProjectionHead(in_channels=1024, hidden_channels=1024, out_channels=256)
        self.predictor = PredictionHead(channels=256, hidden_channels=512)
        self.clusterer = SinkhornClusterer(num_prototypes=32, channels=256, epsilon=0.01, num_iters=50)

    def embed(self, view: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns projections z and predictions q, [B, 256] each (eq. 1)."""
        z = self.projector(pooled_features(self.encoder, view))
        return z, self.predictor(z)


def conclu_loss(networks: Networks, view_a: Batch, view_b: Batch) -> torch.Tensor:
    """Returns the loss of two views of the same clouds (eq. 10)."""
    z_a, q_a = networks.embed(view_a)
    z_b, q_b = networks.embed(view_b)

    # Contrast: each prediction is pulled towards the other view's projection; no gradient flows into z (eq. 2 to 4).
    contrast = contrast_loss(q_a, q_b, z_a, z_b)

    # Clustering: the codes of one view, a balanced assignment of the batch to the prototypes (eq. 6 and 7), are to be
    # predicted from the other view (eq. 5 and 9).
    log_gamma_a, log_gamma_b = networks.clusterer(q_a), networks.clusterer(q_b)  # (B, 32)
    codes_a, codes_b = networks.clusterer.codes(z_a), networks.clusterer.codes(z_b)  # (B, 32)
    cluster = code_prediction_loss(log_gamma_a, codes_b) + code_prediction_loss(log_gamma_b, codes_a)

    # The prototypes are kept apart (eq. 8).
    return contrast + cluster + orthogonality_loss(networks.clusterer.prototypes, "mean")


def train(
    networks: Networks, split: PointCloudSplit, epochs: int = 24, batch_size: int = 32, seed: int = 0
) -> list[float]:
    """Trains without reading labels and returns the mean loss of each epoch."""
    torch.manual_seed(seed)
    order = torch.Generator().manual_seed(seed)
    batches = BatchSampler(RandomSampler(split, generator=order), batch_size, drop_last=True)
    # The split reads a batch of clouds at once, so there is nothing to collate.
    loader = DataLoader(split, batch_sampler=batches, generator=order, collate_fn=lambda batch: batch)
    optimizer = torch.optim.AdamW(networks.parameters(), lr=1e-3, weight_decay=0.01, fused=True)
    schedule = StepLR(optimizer, step_size=4, gamma=0.7)
    networks.train()
    means = []
    for _ in range(epochs):
        losses = []
        for clouds in loader:
            loss = conclu_loss(networks, VIEW(clouds), VIEW(clouds))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        schedule.step()
        means.append(float(torch.stack(losses).mean()))
    return means


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Networks()
    clouds = ParametricShapes(num_shapes=2048, num_points=1024).get_split("train")
    for epoch, mean in enumerate(train(model, clouds), start=1):
        print(f"epoch {epoch}: loss {mean:.3f}")
    torch.save(model.encoder.state_dict(), "encoder_weights.pt")
