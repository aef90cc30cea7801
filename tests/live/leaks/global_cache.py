"""A module's dict that only grows: nobody takes out what was loaded once.

paths shop.cache.Order: shop.cache.ORDERS[*]
grows dict: shop.cache.ORDERS
"""

import sys

from shop import cache

def grow():
    for number in range(2000):
        cache.load(len(cache.ORDERS))


grow()
print("ready", flush=True)
for _ in sys.stdin:
    grow()
    print("ready", flush=True)
