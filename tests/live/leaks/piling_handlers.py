"""A logger gets one more handler with each request (a frequent question: why is every line logged many times?).

paths logging.StreamHandler: logging.Logger.manager.loggerDict[*].handlers[*]
grows list: logging.Logger.manager.loggerDict['shop.requests'].handlers
"""

import logging
import sys


def request(number):
    logger = logging.getLogger("shop.requests")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(f"{number} %(message)s"))
    logger.addHandler(handler)


def grow():
    for number in range(2000):
        request(number)


grow()
print("ready", flush=True)
for _ in sys.stdin:
    grow()
    print("ready", flush=True)
