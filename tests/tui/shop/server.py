"""Serves: each line of standard input is a day of orders. Prints `ready` when one is done."""

import itertools
import sys
import threading

from shop import cache, catalog, sessions

AUDIT_LOG = bytearray(b"opened\n")
COUNTS = {"orders": 0, "visits": 0, "sum": 0.0, "big": 2 ** 100, "complex": 1 - 2j, "none": None, "open": True}


def work(queue_name, batch, stop):
    position = len(batch) // 2
    current = batch[position]
    stop.wait()
    return queue_name, current


def numbers():
    for number in itertools.count(1):
        yield number


class Customer:
    def __init__(self, name):
        self.name = name
        self.orders = []


CUSTOMERS = [Customer(name) for name in ("Ada", "Bjørn", "Chloë", "Дмитрий", "李小龍")]
ISSUED = numbers()


def day(orders):
    for _ in range(orders):
        number = next(ISSUED)
        article = catalog.ARTICLES[number % len(catalog.ARTICLES)]
        customer = CUSTOMERS[number % len(CUSTOMERS)]
        customer.orders.append(cache.load(number, customer, article))
        catalog.price(article.cents, 1 + number % 7)
        COUNTS["orders"] += 1
        COUNTS["sum"] += article.cents / 100
    for number in range(orders // 10):
        sessions.visit(number)
        COUNTS["visits"] += 1
    AUDIT_LOG.extend(b"day closed\n" * (orders // 4))
    sessions.login("nobody")


def main():
    stop = threading.Event()
    workers = [threading.Thread(target=work, name=f"{name}-1", args=(name, catalog.ARTICLES[first:], stop), daemon=True)
               for first, name in enumerate(("checkout", "mailer"))]
    for worker in workers:
        worker.start()
    print("ready", flush=True)
    for line in sys.stdin:
        day(int(line))
        print("ready", flush=True)


main()
