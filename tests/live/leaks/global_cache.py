"""A module's dict that only grows: nobody takes out what was loaded once.

paths shop.cache.Order: shop.cache.ORDERS[*]
"""

import sys

from shop import cache

for number in range(2000):
    cache.load(number)

print("ready", flush=True)
sys.stdin.read()
