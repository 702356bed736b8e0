"""FAISS and usearch on the vectors that `sidenote-bench-kernels pairs --dump DIR` wrote: all pairs, and one scan.

    pip install faiss-cpu usearch numpy
    python3 benches/kernels/faiss_bench.py DIR/codes.i8 [--tau 0.95] [--rows 50000]

One thread, its own CPU time as in the Rust bench. FAISS gets unit float vectors (it has no int8 inner product for range search), with its default and with
`distance_compute_blas_threshold` = 1. Pairs are counted as the kernels count them: a < b, cosine >= tau.
"""

import argparse
import time

import faiss
import numpy as np
from usearch.index import MetricKind, search

DIM = 384


def all_pairs(unit, tau, threshold):
    faiss.cvar.distance_compute_blas_threshold = threshold
    n = len(unit)
    index = faiss.IndexFlatIP(DIM)
    index.add(unit)
    start, pairs = time.thread_time(), 0
    # FAISS has no upper triangle: each block of queries meets every row, as its users would have it.
    for at in range(0, n, 4096):
        queries = unit[at : at + 4096]
        limits, _, ids = index.range_search(queries, tau)
        owner = np.repeat(np.arange(at, at + len(queries)), np.diff(limits).astype(np.int64))
        pairs += int((owner < ids).sum())
    return time.thread_time() - start, pairs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("codes")
    parser.add_argument("--tau", type=float, default=0.95)
    parser.add_argument("--rows", type=int, default=50_000)
    arguments = parser.parse_args()
    faiss.omp_set_num_threads(1)
    codes = np.fromfile(arguments.codes, dtype=np.int8).reshape(-1, DIM)[: arguments.rows]
    norms = np.linalg.norm(codes.astype(np.float32), axis=1, keepdims=True)
    unit = np.divide(codes, norms, out=np.zeros(codes.shape, np.float32), where=norms > 0).astype(np.float32)
    n = len(codes)
    total = n * (n - 1) / 2
    print(f"faiss {faiss.__version__}, {n} rows, tau {arguments.tau}")
    for name, threshold in [("default", 20), ("blas_threshold=1", 1)]:
        seconds, pairs = all_pairs(unit, arguments.tau, threshold)
        print(f"faiss IndexFlatIP range_search, {name}: {seconds * 1e9 / total:.2f} ns/pair, {pairs} pairs")

    sq = faiss.IndexScalarQuantizer(DIM, faiss.ScalarQuantizer.QT_8bit_direct_signed, faiss.METRIC_INNER_PRODUCT)
    sq.add(codes.astype(np.float32))
    times = []
    for _ in range(20):
        start = time.thread_time()
        sq.search(codes[:1].astype(np.float32), 10)
        times.append(time.thread_time() - start)
    print(f"faiss SQ8 direct, top 10: {min(times) * 1e9 / n:.1f} ns/row")
    times = []
    for _ in range(20):
        start = time.thread_time()
        search(codes, codes[:1], 10, MetricKind.IP, exact=True, threads=1)
        times.append(time.thread_time() - start)
    print(f"usearch exact int8, top 10: {min(times) * 1e9 / n:.1f} ns/row")


if __name__ == "__main__":
    main()
