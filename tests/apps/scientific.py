"""The big extension packages, imported and used a little. Its arguments: packages to try, of which some must be there."""

import os
import sys

KEPT = []


def use_numpy():
    import numpy
    KEPT.extend([numpy.arange(10_000).reshape(100, 100), numpy.array([1.5, 2], dtype="f4"), numpy.array([{}, []], dtype=object),
                 numpy.float64(1), numpy.random.default_rng(1), numpy.dtype([("a", "i4"), ("b", "f8")]), numpy.array(["x"])])


def use_pandas():
    import pandas
    frame = pandas.DataFrame({"a": range(1000), "b": [str(i) for i in range(1000)]})
    KEPT.extend([frame, frame.groupby("b").size(), frame.set_index("b"), pandas.Timestamp("2024-01-01"), pandas.NaT])


def use_scipy():
    import scipy.optimize
    import scipy.sparse
    KEPT.extend([scipy.sparse.eye(100, format="csr"), scipy.optimize.minimize(lambda x: (x[0] - 1) ** 2, [0.0])])


def use_lxml():
    import lxml.etree
    KEPT.append(lxml.etree.fromstring("<orders>" + "<order id='1'>text</order>" * 100 + "</orders>"))
    KEPT.extend(KEPT[-1])


def use_sqlalchemy():
    import sqlalchemy
    engine = sqlalchemy.create_engine("sqlite://")
    table = sqlalchemy.Table("orders", sqlalchemy.MetaData(), sqlalchemy.Column("id", sqlalchemy.Integer, primary_key=True),
                             sqlalchemy.Column("name", sqlalchemy.String))
    with engine.connect() as connection:
        table.metadata.create_all(connection)
        connection.execute(table.insert(), [{"name": f"order {i}"} for i in range(100)])
        KEPT.extend([engine, table, *connection.execute(table.select())])


def use_twisted():
    from twisted.internet import defer, reactor
    from twisted.web import server, static
    waiting = defer.Deferred()
    waiting.addCallback(print)
    KEPT.extend([reactor, server.Site(static.Data(b"", "text/plain")), waiting])


missing = []
for name in sys.argv[1:]:
    try:
        globals()[f"use_{name}"]()
    except ImportError as error:
        missing.append(f"{name}: {error}")
if len(missing) == len(sys.argv) - 1:
    sys.exit(f"skip: {missing}")

import oracle

oracle.record(os.environ["ORACLE_RECORDING"])
