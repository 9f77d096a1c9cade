"""The data sets, models and pipelines of this package in the registries of Open3D-ML.

.. code-block:: python

    import open3d.ml.utils as ml
    import conclu_pyg.open3d_ml
    from conclu_pyg.config import load_config

    config = ml.Config(load_config("conclu_pointnet"))
    dataset = ml.get_module("dataset", config.dataset.name)(**config.dataset)
    model = ml.get_module("model", config.model.name, "torch")(**config.model)
    pipeline = ml.get_module("pipeline", config.pipeline.name, "torch")(model, dataset, **config.pipeline)
    pipeline.run_train()
    pipeline.run_test()

The import registers everything that is in :data:`~conclu_pyg.DATASETS`, :data:`~conclu_pyg.METHODS`,
:data:`~conclu_pyg.TASKS` and :data:`~conclu_pyg.PIPELINES`; call :func:`register` after a class was added. The compiled
operators of Open3D-ML, which need the version of torch that its wheel was built for, are not used.
"""

from conclu_pyg.open3d_ml.register import register
from conclu_pyg.vis.label_lut import label_lut
from conclu_pyg.vis.label_visualizer import LabelVisualizer

__all__ = ["LabelVisualizer", "label_lut", "register"]

register()
