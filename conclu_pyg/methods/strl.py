"""STRL: BYOL on two frames of a sequence, or on two synthetic ones."""

from __future__ import annotations

from typing import Any

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt, Probability
from conclu_pyg.methods.byol import BYOL
from conclu_pyg.registry import METHODS


@METHODS.register_module()
class STRL(BYOL):
    r"""`STRL <https://arxiv.org/abs/2109.00179>`_ (Huang et al., 2021): :class:`~conclu_pyg.methods.byol.BYOL` on two
    frames of a sequence of one object, which are augmented in space.

    .. math::
        L = \frac{1}{B} \sum_i D(q_i^a, t_i^b) + D(q_i^b, t_i^a), \qquad D(q, t) = 2 - 2 \cos(q, t)

    View ``a`` is a frame, ``b`` another frame of its sequence if the data set has sequences (``sequence`` of
    :class:`~conclu_pyg.data.base.PointCloudSplit`), or else the same cloud. Both get a synthetic motion: a rotation
    about any axis by up to 15 degrees, a translation by up to 0.1 along each axis, and a scale of 0.8 to 1.25. The
    views differ in strength: only ``b`` is also cropped to a box, cut out and jittered. As in BYOL, both views are
    predicted from each other, and the momentum rises to 1 with the progress of the training.

    The authors' code augments both frames in the same way; here one view is weak, scales are drawn for each axis, and
    the motion is applied to real frames, too. ``pipeline.views`` replaces a view by its name.

    Args:
        encoder, projector, predictor: as for :class:`~conclu_pyg.methods.siamese.Siamese`.
        momentum: as for :class:`~conclu_pyg.methods.byol.BYOL` (default: 0.996).
        num_points: points of each view (default: 1024).

    Raises:
        ArgumentError: ``momentum`` is outside [0, 1], or ``num_points`` is below 1.
        ConfigError: an encoder without ``out_channels``.
    """

    @validated
    def __init__(
        self,
        encoder: Any,
        projector: Any = None,
        predictor: Any = None,
        momentum: Probability = 0.996,
        num_points: PositiveInt = 1024,
    ) -> None:
        super().__init__(encoder, projector, predictor, momentum)
        motion = [
            {"name": "RandomSO3Rotate", "degrees": 15.0},
            {"name": "RandomTranslate", "distance": 0.1},
            {"name": "RandomAnisotropicScale", "low": 0.8, "high": 1.25},
        ]
        sample = {"name": "FixedPoints", "num_points": num_points}
        cut = [{"name": "RandomCuboidCrop"}, {"name": "RandomCutout"}]
        jitter = {"name": "GaussianJitter", "sigma": 0.01, "clip": 0.05}
        self.views = {"a": [*motion, sample], "b": [{"name": "OtherFrame"}, *motion, *cut, sample, jitter]}
