"""What a thread of a pool keeps in threading.local() lives as long as the thread.

paths Connection: __main__.local.connections[*]
"""

import sys
import threading

local = threading.local()
done = threading.Event()


class Connection:
    def __init__(self, number):
        self.number = number


def work():
    local.connections = []
    for number in range(2000):
        local.connections.append(Connection(number))
    done.set()
    threading.Event().wait()


threading.Thread(target=work, name="pool", daemon=True).start()
done.wait()
print("ready", flush=True)
sys.stdin.read()
