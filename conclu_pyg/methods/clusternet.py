"""ClusterNet: classification of clouds by clusters of features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from sklearn.cluster import KMeans
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch_geometric.data import Batch

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import DropFraction, PositiveInt
from conclu_pyg.encoders.base import channels_of, pooled_features
from conclu_pyg.methods.base import SHARED, Method, MethodOutput, Progress, TrainingData
from conclu_pyg.methods.diagnostics import accuracy
from conclu_pyg.processes import on_first
from conclu_pyg.registry import ENCODERS, HEADS, METHODS


@METHODS.register_module()
class ClusterNet(Method):
    r"""The second stage of `ContrastNet <https://arxiv.org/abs/1904.12359>`_ (Zhang and Zhu, 2019): k-means groups the
    features of the first stage's encoder, and another encoder, which starts from random weights, is trained to predict
    the cluster c of each cloud.

    .. math::
        L = -\frac{1}{B} \sum_i \log \mathrm{softmax}(\mathrm{head}(\mathrm{encoder}(P_i)))_{c_i}

    The clusters are made once, before the first epoch, and kept in the checkpoints. The metric ``cluster_accuracy`` is
    the share of training clouds whose cluster is predicted.

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
        ConfigError: an encoder without ``out_channels``.
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
        self.views = {"cloud": SHARED}
        self.encoder = ENCODERS.build(encoder)
        self.teacher = None if teacher is None else ENCODERS.build(teacher).requires_grad_(False)
        sizes = {"in_channels": channels_of(self.encoder), "num_classes": num_clusters}
        self.head = HEADS.build(head or {"name": "ClassificationHead"}, sizes)
        self.num_clusters, self.label_smoothing = num_clusters, label_smoothing
        self.register_buffer("cluster", torch.zeros(0, dtype=torch.long), persistent=False)  # of each training cloud
        self.cluster: Tensor

    def before_epoch(self, data: TrainingData, progress: Progress) -> None:
        if progress.epoch:
            return
        source = self.encoder if self.teacher is None else self.teacher
        features = data.map(lambda clouds: pooled_features(source, clouds)).float().numpy()
        kmeans = KMeans(min(self.num_clusters, data.num_clouds), n_init=1, random_state=0)
        found = on_first(lambda: kmeans.fit_predict(features))  # the clusters have the same numbers in all processes
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
        self.cluster = state.flatten().to(self.cluster.device)

    def loss_names(self) -> list[str]:
        return ["cluster"]
