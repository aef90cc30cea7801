"""A WSGI application that keeps pandas frames, for a server that embeds the interpreter."""

import os

import numpy
import pandas

import oracle

REPORTS = []


def application(environ, start_response):
    if environ["PATH_INFO"] == "/record":
        oracle.record(os.environ["ORACLE_RECORDING"])
    else:
        frame = pandas.DataFrame({"when": pandas.date_range("2024-01-01", periods=1000, freq="h"),
                                  "price": numpy.random.default_rng(1).normal(size=1000),
                                  "name": [f"order {i}" for i in range(1000)]})
        REPORTS.append(frame.groupby(frame["when"].dt.day)["price"].agg(["mean", "max"]))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{len(REPORTS)} reports".encode()]
