#!/usr/bin/env python3
"""A small service with a leak, to try heapglass on: workers answer orders and cache every answer for ever.

usage: leaky_service.py [SECONDS]   runs that long, by default until it is stopped
"""

import itertools
import queue
import random
import sys
import threading
import time


class Customer:
    def __init__(self, number):
        self.number = number
        self.name = f"customer {number}"
        self.orders = []


class Order:
    def __init__(self, number, customer):
        self.number = number
        self.customer = customer
        self.lines = [{"article": random.randrange(5000), "count": random.randrange(1, 9)}
                      for _ in range(random.randrange(1, 4))]


class Cache:
    """Never forgets: here is the leak."""

    def __init__(self):
        self.answers = {}

    def get(self, key, compute):
        if key not in self.answers:
            self.answers[key] = compute()
        return self.answers[key]


CUSTOMERS = [Customer(number) for number in range(200)]
CACHE = Cache()


def answer(number):
    customer = random.choice(CUSTOMERS)
    order = Order(number, customer)
    customer.orders.append(order)
    return CACHE.get(f"order:{number}", lambda: (order, f"order {number} of {customer.name}"))


def work(requests):
    while True:
        number = requests.get()
        answer(number)


def main():
    end = time.monotonic() + float(sys.argv[1]) if len(sys.argv) > 1 else float("inf")
    requests = queue.Queue(maxsize=100)
    for index in range(3):
        threading.Thread(target=work, args=(requests,), name=f"worker {index}", daemon=True).start()
    for number in itertools.count():
        requests.put(number)
        if number % 200 == 0:
            time.sleep(0.01)
            if time.monotonic() > end:
                break


if __name__ == "__main__":
    main()
