"""What a stored model may be made of, beyond what skops trusts by itself. Nobody who sends a request can add to it."""

from __future__ import annotations

from typing import Final

#: By name: why it does no harm. skops makes these without calling what a file says.
TRUSTED: Final = {
    "numpy.dtype": "a name of a type of numbers (SimpleImputer, KBinsDiscretizer, IterativeImputer)",
    "scipy.sparse._csr.csr_matrix": "numbers (SparseRandomProjection)",
    "sklearn._loss.loss.HalfTweedieLossIdentity": "a loss and its power, like those that skops trusts",
    "sklearn.calibration._CalibratedClassifier": "a classifier and its calibrators, which are looked at themselves",
    "sklearn.calibration._SigmoidCalibration": "two numbers",
    "sklearn.calibration._TemperatureScaling": "a number",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor": "arrays, checked by `sound`",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace": "arrays and a kernel",
    "sklearn.impute._iterative.IterativeImputer": "an estimator like others, but on trial",
    "sklearn.impute._iterative._ImputerTriplet": "places of columns, and an estimator, which is looked at itself",
    "sklearn.multiclass._ConstantPredictor": "an array",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer": "arrays and numbers",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer": "arrays and numbers",
    "sklearn.tree._tree.Tree": "arrays, checked by `sound`",
    "sklearn.utils._bunch.Bunch": "a dict, whose values are looked at themselves",
    # Functions that compare a column with the target, when columns are chosen.
    "sklearn.feature_selection._univariate_selection.chi2": "computes of arrays",
    "sklearn.feature_selection._univariate_selection.f_classif": "computes of arrays",
    "sklearn.feature_selection._univariate_selection.f_regression": "computes of arrays",
    "sklearn.feature_selection._univariate_selection.r_regression": "computes of arrays",
    "sklearn.feature_selection._mutual_info.mutual_info_classif": "computes of arrays",
    "sklearn.feature_selection._mutual_info.mutual_info_regression": "computes of arrays",
    # Kernels: a few numbers each.
    **dict.fromkeys(
        (
            f"sklearn.gaussian_process.kernels.{name}"
            for name in (
                *("CompoundKernel", "ConstantKernel", "DotProduct", "Exponentiation", "ExpSineSquared"),
                *("Hyperparameter", "Matern", "PairwiseKernel", "Product", "RBF", "RationalQuadratic"),
                *("Sum", "WhiteKernel"),
            )
        ),
        "numbers",
    ),
}  # fmt: skip
