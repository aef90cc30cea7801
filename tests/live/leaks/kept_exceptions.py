"""Exceptions that are kept for a report keep their tracebacks, these the frames, these all variables.

paths Payload: __main__.failures[*].__traceback__.tb_next.tb_frame local payload
grows list: __main__.failures
"""

import sys

failures = []


class Payload:
    def __init__(self, number):
        self.body = bytes(100) + str(number).encode()


def handle(number):
    payload = Payload(number)
    if payload.body:
        raise ValueError(number)


def serve():
    for number in range(2000):
        try:
            handle(number)
        except ValueError as error:
            failures.append(error)


serve()
print("ready", flush=True)
for _ in sys.stdin:
    serve()
    print("ready", flush=True)
