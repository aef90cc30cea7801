"""Celery tasks on a redis broker: `charge` keeps what it is given, `record` records the child that runs it."""

import os

from celery import Celery

app = Celery("tasks", broker=os.environ["BROKER"])
app.conf.update(worker_prefetch_multiplier=1, task_ignore_result=True, broker_connection_retry_on_startup=True)

CHARGED = []


@app.task
def charge(order, cents):
    CHARGED.append({"order": order, "cents": cents})


@app.task
def record():
    import oracle
    oracle.record(os.environ["ORACLE_RECORDING"])
