"""Allocates and frees wildly and leaks nothing: with each line of input it turns over all that it has."""

import collections
import random
import sys


class Item:
    def __init__(self, number):
        self.number = number
        self.payload = b"%d" % number * 3
        self.tags = [str(number), number * 1.5]


random.seed(7)
ring = collections.deque(maxlen=3000)
cache = {}


def work():
    for _ in range(10000):
        number = random.randrange(10**9)
        ring.append(Item(number))
        cache[number] = [Item(number + 1), {"number": number}]
        while len(cache) > 500:
            del cache[next(iter(cache))]
        [Item(each) for each in range(random.randrange(20))]


work()
print("ready", flush=True)
for _ in sys.stdin:
    work()
    print("ready", flush=True)
