"""ClusterNet: classification of clouds by clusters of features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from threadpoolctl import threadpool_limits
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch_geometric.data import Batch

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import DropFraction, PositiveInt
from conclu_pyg.encoders.base import channels_of, pooled_features
from conclu_pyg.errors import CheckpointError, ConfigError, DataError
from conclu_pyg.extras import is_installed, missing_extra
from conclu_pyg.methods.base import SHARED, Method, MethodOutput, Progress, TrainingData
from conclu_pyg.methods.diagnostics import accuracy
from conclu_pyg.processes import on_first
from conclu_pyg.registry import ENCODERS, HEADS, METHODS
from conclu_pyg.seeding import MAX_SEED


@METHODS.register_module()
class ClusterNet(Method):
    r"""The second stage of `ContrastNet <https://arxiv.org/abs/1904.12359>`_ (Zhang and Zhu, 2019): k-means groups the
    features of the first stage's encoder, and another encoder, which starts from random weights, is trained to predict
    the cluster c of each cloud.

    .. math::
        L = -\frac{1}{B} \sum_i \log \mathrm{softmax}(\mathrm{head}(\mathrm{encoder}(P_i)))_{c_i}

    The clusters are made once, before the first epoch, and kept in the checkpoints, unlike the teacher. The metric
    ``cluster_accuracy`` is the share of training clouds whose cluster is predicted.

    Labels are smoothed as in the authors' code.

    Args:
        encoder: config of the encoder that is trained, or the encoder.
        teacher: config of the encoder whose features are grouped, with the ``checkpoint`` of the first stage
            (default: ``encoder`` as it begins).
        head: config of the head (default: :class:`~conclu_pyg.heads.classification.ClassificationHead`).
        num_clusters: k of k-means; at most the number of training clouds is used (default: 300).
        label_smoothing: of the cross-entropy, in [0, 1) (default: 0.2).

    Raises:
        ArgumentError: an argument outside its range.
        ConfigError: an encoder without ``out_channels``, or scikit-learn is not installed.
        CheckpointError: in ``load_state_dict``, clusters that are no numbers in [0, ``num_clusters``).
        DataError: in ``before_epoch``, clusters that were loaded for another number of training clouds.
    """

    components: ClassVar = {"encoder": ENCODERS, "teacher": ENCODERS, "head": HEADS}

    @validated
    def __init__(
        self,
        encoder: Any,
        teacher: Any = None,
        head: Any = None,
        num_clusters: PositiveInt = 300,
        label_smoothing: DropFraction = 0.2,
    ) -> None:
        super().__init__()
        if not is_installed("sklearn"):
            raise ConfigError(f"ClusterNet: {missing_extra('sklearn')}.")
        self.views = {"cloud": SHARED}
        self.encoder = ENCODERS.build(encoder)
        # The teacher is needed once, so it is no submodule, which checkpoints would hold.
        self._teachers = () if teacher is None else (ENCODERS.build(teacher).requires_grad_(False).eval(),)
        sizes = {"in_channels": channels_of(self.encoder), "num_classes": num_clusters}
        self.head = HEADS.build(head or {"name": "ClassificationHead"}, sizes)
        self.num_clusters, self.label_smoothing = num_clusters, label_smoothing
        self.register_buffer("cluster", torch.zeros(0, dtype=torch.long), persistent=False)  # of each training cloud
        self.cluster: Tensor

    @property
    def teacher(self) -> nn.Module | None:
        """The encoder whose features are grouped; ``None`` for ``encoder`` as it begins."""
        return self._teachers[0] if self._teachers else None

    def before_epoch(self, data: TrainingData, progress: Progress) -> None:
        from sklearn.cluster import KMeans

        if progress.epoch:
            self._check_number(data.num_clouds)
            return
        source = self.encoder if self.teacher is None else self.teacher.to(data.device)
        features = data.map(lambda clouds: pooled_features(source, clouds)).float().numpy()
        seed = int(torch.randint(MAX_SEED + 1, ()))
        kmeans = KMeans(min(self.num_clusters, data.num_clouds), n_init=1, random_state=seed)
        with threadpool_limits(1):  # sums in another order would change the clusters
            found = on_first(lambda: kmeans.fit_predict(features))  # the same numbers in all processes
        self.cluster = torch.from_numpy(found).long().to(data.device)

    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        cloud = views["cloud"]
        logits, target = self.head(pooled_features(self.encoder, cloud)), self.cluster[cloud.cloud_id]
        loss = cross_entropy(logits, target, label_smoothing=self.label_smoothing)
        return MethodOutput({"cluster": loss}, {"cluster_accuracy": accuracy(logits, target)})

    def assign(self, clouds: Batch) -> Tensor:
        return self.head(pooled_features(self.encoder, clouds)).log_softmax(dim=1)

    def get_extra_state(self) -> Tensor:
        return self.cluster

    def set_extra_state(self, state: Tensor) -> None:
        if state.dtype != torch.long or state.dim() != 1 or not ((state >= 0) & (state < self.num_clusters)).all():
            raise CheckpointError(
                f"ClusterNet: expected the clusters of a checkpoint as int64 [n] in [0, {self.num_clusters}), got "
                f"{_described(state)}; take the checkpoint of a run with the same num_clusters.",
                got=_described(state),
            )
        self.cluster = state.to(self.cluster.device)

    def loss_names(self) -> list[str]:
        return ["cluster"]

    def _check_number(self, num_clouds: int) -> None:
        if len(self.cluster) != num_clouds:
            raise DataError(
                f"ClusterNet: expected the {len(self.cluster)} training clouds that its clusters were made of, got "
                f"{num_clouds}; resume the run with the data set that it began with.",
                got=num_clouds,
            )


def _described(state: Tensor) -> str:
    values = f" in [{state.min()}, {state.max()}]" if state.numel() else ""
    return f"{str(state.dtype).removeprefix('torch.')} {list(state.shape)}{values}"
