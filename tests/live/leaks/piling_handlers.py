"""A logger gets one more handler with each request (a frequent question: why is every line logged many times?).

paths logging.StreamHandler: logging.Logger.manager.loggerDict[*].handlers[*]
"""

import logging
import sys


def request(number):
    logger = logging.getLogger("shop.requests")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(f"{number} %(message)s"))
    logger.addHandler(handler)


for number in range(2000):
    request(number)

print("ready", flush=True)
sys.stdin.read()
