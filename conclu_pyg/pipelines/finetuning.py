"""Training with labels: an encoder, pre-trained or random, and a head for a task."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import torch
from annotated_types import Ge
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch_geometric.data import Batch

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import DropFraction, KeepFraction, NonNegativeFloat, NonNegativeInt, PositiveInt
from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.errors import ConcluWarning, ConfigError
from conclu_pyg.methods.base import MethodOutput
from conclu_pyg.nn.step_rows import step_rows
from conclu_pyg.pipelines.base import Pipeline
from conclu_pyg.pipelines.label_subset import LabelSubset
from conclu_pyg.registry import PIPELINES, TASKS, TRANSFORMS
from conclu_pyg.runs.provenance import EncoderTreatment, LabelledTraining
from conclu_pyg.tasks.base import Task
from conclu_pyg.tasks.predict import predict_split
from conclu_pyg.transforms import compose

logger = logging.getLogger(__name__)

VIEWS: list[dict[str, Any]] = [{"name": "RandomAnisotropicScale"}, {"name": "RandomTranslate"}]


@PIPELINES.register_module()
class Finetuning(Pipeline):
    """Trains a model of a labelled task, such as :class:`~conclu_pyg.tasks.classifier.Classifier` or
    :class:`~conclu_pyg.tasks.part_segmenter.PartSegmenter`, by the cross-entropy of its targets. Where the encoder
    comes from a run in whose clouds another coordinate points up, the clouds are turned to it.

    Args:
        model: the model.
        dataset: the data set.
        config: the resolved config, for the run folder and the checkpoints.
        views: configs of the transforms that change the clouds before each step (default: a random scale of each axis
            and a random shift, as PointNet++ and DGCNN have them).
        epochs: (default: 100).
        batch_size: the largest number of clouds in a step (default: 32). A last batch of two or three clouds would
            ruin the batch-norm statistics, so all batches have nearly the same size.
        encoder_lr: learning rate of the encoder; 0 freezes it, its batch norms included (default: that of the
            ``optimizer``).
        schedule: as for :class:`~conclu_pyg.pipelines.plan.TrainingPlan` (default: ``cosine``).
        label_smoothing: share of each target that is spread over all labels (default: 0).
        class_weights: ``none``, or ``balanced``: each label counts in the loss by the inverse of how often it is a
            target in the training clouds (default: none).
        label_fraction: trains on this share of the training clouds of each class, one of each at least, drawn by
            ``seed`` (default: 1).
        label_per_class: trains on so many clouds of each class, drawn by ``seed`` (default: all).
        train_on: the split to train on (default: train).
        validation: the share of the labelled clouds of each class that is held out, of those that were drawn and one
            of each at least, or the name of a split with other clouds than those that are trained on, and not ``test``;
            0 for none (default: 0).
            With it, the epoch that is best there is kept, and evaluated later.
        patience: stops after so many epochs without a better one on the validation clouds; 0 never does (default: 0).
        **options: as for :class:`~conclu_pyg.pipelines.plan.TrainingPlan`, such as ``seed`` and ``run_dir``.

    Raises:
        ConfigError: a number out of its range, a device that is not there, options that exclude each other, or a model
            of no labelled task.
    """

    components: ClassVar = {"views": TRANSFORMS}
    models: ClassVar = TASKS
    progress_metrics: ClassVar = {
        "train/accuracy": "training accuracy {:.1f} %",
        "validation/accuracy": "validation accuracy {:.1f} %",
        "validation/instance mIoU": "validation mIoU {:.1f} %",
    }

    @validated
    def __init__(
        self,
        model: nn.Module,
        dataset: PointCloudDataset,
        config: Mapping[str, Any],
        views: list[dict[str, Any]] | None = None,
        epochs: PositiveInt = 100,
        batch_size: Annotated[int, Ge(2)] = 32,
        encoder_lr: NonNegativeFloat | None = None,
        schedule: dict[str, Any] | None = None,
        label_smoothing: DropFraction = 0.0,
        class_weights: Literal["none", "balanced"] = "none",
        label_fraction: KeepFraction = 1.0,
        label_per_class: PositiveInt | None = None,
        train_on: str = "train",
        validation: DropFraction | str = 0.0,
        patience: NonNegativeInt = 0,
        **options: Any,
    ) -> None:
        if not isinstance(model, Task):
            raise ConfigError(
                f"the pipeline Finetuning trains on labels, and model.name={type(model).__name__} learns without them; "
                "give pipeline.name=Pretraining, or a model such as Classifier or PartSegmenter."
            )
        choice = LabelSubset(label_fraction, label_per_class, train_on, validation)
        if patience and not validation:
            raise ConfigError(
                f"pipeline.patience={patience} needs validation clouds to stop by; give pipeline.validation=0.2, which "
                "takes them from the training clouds, or the name of a split."
            )
        schedule = schedule or {"name": "cosine"}
        super().__init__(model, dataset, config, epochs=epochs, batch_size=batch_size, schedule=schedule, **options)
        encoder: Any = model.encoder
        self.lr = self.optimizer_config.lr
        self.encoder_lr = self.lr if encoder_lr is None else encoder_lr
        self.frozen = self.encoder_lr == 0
        if self.frozen:
            encoder.requires_grad_(False)
            if self.pretraining is None:
                warnings.warn(
                    "the encoder is frozen (pipeline.encoder_lr=0) and its weights are random; see encoder.checkpoint.",
                    ConcluWarning,
                    stacklevel=2,
                )
        self.views = compose(VIEWS if views is None else views, up_axis=self.up_axis)
        self.optimizer = self.optimizer_config.build(self.parameter_groups())
        self.label_smoothing, self.class_weights = label_smoothing, class_weights
        self.choice, self.patience = choice, patience
        self.label_weights: Tensor | None = None  # both are set by training_split
        self.held_out: PointCloudSplit | None = None
        self._best, self._since_best = -math.inf, 0

    def training_split(self) -> PointCloudSplit:
        chosen = self.choice.clouds(self.split, self.seed)
        self.held_out, self.chosen_on = chosen.held_out, chosen.chosen_on
        if chosen.held_out is not None:
            logger.info(f"validation: {chosen.held_out!r}")
        turned = self.up_axis != self.dataset.up_axis
        axes = ("xyz"[self.dataset.up_axis], "xyz"[self.up_axis]) if turned else None
        self.trained_on = LabelledTraining(chosen.trained_on, self._treatment(), axes)
        if self.class_weights == "balanced":
            self.label_weights = self._balanced(chosen.train)
        return chosen.train

    def losses(self, model: nn.Module, clouds: Batch) -> MethodOutput:
        seen = self.views(clouds)
        logits, targets = model(seen), self.model.targets(seen)
        weight = None if self.label_weights is None else self.label_weights.to(logits.device)
        loss = cross_entropy(logits.float(), targets, weight, label_smoothing=self.label_smoothing)
        if weight is not None:
            loss = loss * _relative_weight(weight[targets])
        with torch.no_grad():  # as in evaluation: of parts, only those of the category compete
            right = self.model.log_probabilities(logits, seen).argmax(dim=1) == targets
        return MethodOutput({"cross_entropy": loss}, {"train/accuracy": 100 * right.float().mean()})

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return two groups of parameters: the encoder's with its own learning rate, and the others."""
        of_encoder = [parameter for parameter in self.model.encoder.parameters() if parameter.requires_grad]
        known = set(map(id, of_encoder))
        others = [p for p in self.model.parameters() if p.requires_grad and id(p) not in known]
        groups = [{"params": others, "lr": self.lr}, {"params": of_encoder, "lr": self.encoder_lr}]
        return [group for group in groups if group["params"]]

    def set_train_mode(self) -> None:
        super().set_train_mode()
        if self.frozen:
            self.model.encoder.eval()

    def measure_epoch(self) -> dict[str, float]:
        if self.held_out is None:
            return {}
        predicted = predict_split(self.model, self.held_out, self.fabric.device)
        scores = self.model.scores(*predicted, torch.from_numpy(self.held_out.y).long())
        return {f"validation/{name}": value for name, value in scores.values.items()}

    def is_best(self, metrics: Mapping[str, float]) -> bool:
        if self.held_out is None:
            return False
        value = metrics[f"validation/{self.model.metric}"]
        better = value > self._best
        self._best, self._since_best = (value, 0) if better else (self._best, self._since_best + 1)
        return better

    def report_split(self) -> tuple[str, PointCloudSplit]:
        if self.held_out is not None:
            return "validation", self.held_out
        return self.choice.train_on, self.split(self.choice.train_on)

    def state(self) -> dict[str, Any]:
        return {"best": self._best, "since_best": self._since_best}

    def load_state(self, state: Mapping[str, Any]) -> None:
        self._best, self._since_best = float(state["best"]), int(state["since_best"])

    def is_over(self) -> bool:
        over = bool(self.patience) and self._since_best >= self.patience
        if over:
            logger.info(
                f"stopped: {self.patience} epochs without a better one than {self._best:.1f} on the validation clouds"
            )
        return over

    def _treatment(self) -> EncoderTreatment:
        """Returns how the encoder is trained."""
        origin = self.pretraining
        mismatches = None if origin is None else origin.mismatches
        if self.frozen or self.encoder_lr == self.lr:
            return EncoderTreatment(self.frozen, mismatches=mismatches)
        return EncoderTreatment(lr=self.encoder_lr, head_lr=self.lr, mismatches=mismatches)

    def _balanced(self, split: PointCloudSplit) -> Tensor:
        """Weights in inverse proportion to the targets' counts, 1 on average over the targets."""
        counts = self.model.target_counts(split).float()
        weight = torch.where(counts > 0, 1 / counts.clamp(min=1), 0.0)
        return weight * counts.sum() / (counts > 0).sum()


def _relative_weight(weights: Tensor) -> Tensor | float:
    """Return the mean weight of the targets of a part of a step, divided by that of all targets of the step: with it
    the weighted means of all parts and processes add up to the weighted mean of the step.

    Shapes:
        - **weights:** ``[T]``
    """
    own = torch.stack([weights.sum(), torch.full_like(weights[0], len(weights))])
    rows, _, _ = step_rows(own[None])
    if len(rows) == 1:
        return 1.0
    total, count = rows.sum(dim=0)
    return (own[0] / own[1]) / (total / count)
