"""A pre-trained encoder in a pipeline of scikit-learn: files, or arrays of points, in; classes out."""

from collections.abc import Sequence

from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from conclu_pyg import ConcluEmbedder
from conclu_pyg.datasets.parametric_shapes import ParametricShapes


def classifier(clouds: Sequence, classes: Sequence, folds: int = 3) -> GridSearchCV:
    """Returns a linear SVM on embeddings, with C chosen by cross-validation."""
    svm = make_pipeline(StandardScaler(), LinearSVC(dual=True, max_iter=10_000))
    search = GridSearchCV(svm, {"linearsvc__C": [0.01, 0.1, 1.0]}, cv=folds)
    return make_pipeline(ConcluEmbedder(), search).fit(clouds, classes)  # embeds each cloud once


if __name__ == "__main__":
    dataset = ParametricShapes(num_shapes=400, num_test_shapes=200, num_points=256)
    train, test = dataset.get_split("train"), dataset.get_split("test")
    print(classifier(train.pos, train.y).score(test.pos, test.y))
