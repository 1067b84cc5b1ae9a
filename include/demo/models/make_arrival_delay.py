"""Makes arrival_delay.onnx: gradient boosting on what the schedule says of a flight, exported as ONNX.

Run by hand, with the packages of requirements.txt of this folder: `python include/demo/models/make_arrival_delay.py`.
"""

from pathlib import Path

import pandas
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

HERE = Path(__file__).parent
FEATURES = ["month", "hour", "minute", "distance"]

flights = pandas.read_parquet(HERE.parent / "data" / "flights.parquet").dropna(subset=["arr_delay"])
late = (flights["arr_delay"] > 15).astype("int64")
known = flights[FEATURES].astype("float32")
before, after = flights["month"] < 7, flights["month"] == 7
model = make_pipeline(
    ColumnTransformer([("known", "passthrough", FEATURES)]),
    GradientBoostingClassifier(n_estimators=60, max_depth=3, random_state=0),
).fit(known[before], late[before])
print(f"AUC of July: {roc_auc_score(late[after], model.predict_proba(known[after])[:, 1]):.3f}")
onnx = convert_sklearn(
    model,
    initial_types=[(name, FloatTensorType([None, 1])) for name in FEATURES],
    options={"zipmap": False},
)
(HERE / "arrival_delay.onnx").write_bytes(onnx.SerializeToString())
