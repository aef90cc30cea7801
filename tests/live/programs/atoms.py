"""N dicts that hold atoms only: none of them is on a list of gc's, and all must be counted."""

import sys

import oracle

count = int(sys.argv[2])
root = [{"number": i + 10**6, i: 0.5 * i} for i in range(count)]

oracle.record(sys.argv[1])
