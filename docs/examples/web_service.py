"""A web service on an exported encoder. POST a cloud as JSON, [[x, y, z], ...], or as the bytes of an .npy file."""

import io
import json
from typing import Annotated

import numpy as np
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from numpy.lib import format as npy

from conclu_pyg.errors import DataError
from conclu_pyg.inference.feature_scale import feature_scale, standardise
from conclu_pyg.io.npy import HEADER_ERRORS
from conclu_pyg.onnx import OnnxModel

MAX_BYTES = 4 << 20  # of a request


async def read_body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():  # counted while it arrives: a Content-Length can be false or missing
        body += part
        if len(body) > MAX_BYTES:
            raise HTTPException(413, f"expected at most {MAX_BYTES:,} bytes, got more; send fewer points.")
    return bytes(body)


def parse_cloud(body: bytes) -> np.ndarray:
    """Returns the points. Nothing is unpickled, and a false size in the header of an .npy file allocates nothing."""
    if not body.startswith(npy.MAGIC_PREFIX):
        return np.array(json.loads(body), np.float64)
    file = io.BytesIO(body)
    read_header = {1: npy.read_array_header_1_0, 2: npy.read_array_header_2_0}[npy.read_magic(file)[0]]
    shape, fortran_order, dtype = read_header(file)
    points = np.frombuffer(body, dtype, offset=file.tell()).reshape(shape, order="F" if fortran_order else "C")
    if points.shape != shape:  # reshape takes a negative size for one that it is to find
        raise ValueError(shape)
    return points


def create_app(model: str = "encoder.onnx", embeddings: str = "parts.npz") -> FastAPI:
    encoder = OnnxModel(model, threads=1)
    with np.load(embeddings, allow_pickle=False) as file:
        names, x = file["names"].tolist(), file["x"]
    mean, scale = x.mean(axis=0), feature_scale(x.std(axis=0))
    known = standardise(x, mean, scale)
    app = FastAPI(title="Clouds")

    def embed_cloud(body: Annotated[bytes, Depends(read_body)]) -> np.ndarray:
        try:
            points = parse_cloud(body)
        except (*HEADER_ERRORS, KeyError) as error:
            raise HTTPException(422, "expected JSON, [[x, y, z], ...], or an .npy file, got something else.") from error
        if points.ndim != 2:
            raise HTTPException(422, f"expected one cloud of shape [N, 3], got an array of shape {list(points.shape)}.")
        try:
            return encoder.embed(points, num_points=encoder.metadata.num_points)
        except DataError as error:
            raise HTTPException(422, str(error)) from error

    Embedding = Annotated[np.ndarray, Depends(embed_cloud)]

    @app.post("/embedding")
    def embedding(z: Embedding) -> list[float]:
        return z[0].tolist()

    @app.post("/neighbors")
    def neighbors(z: Embedding, k: Annotated[int, Query(ge=1, le=100)] = 5) -> list[dict[str, str | float]]:
        similarity = known @ standardise(z, mean, scale)[0]
        best = np.argsort(-similarity, kind="stable")[:k]
        return [{"name": names[row], "similarity": float(similarity[row])} for row in best]

    return app
