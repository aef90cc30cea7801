"""What a thread of a pool keeps in threading.local() lives as long as the thread.

paths Connection: __main__.local.connections[*]
grows list: __main__.local.connections
"""

import sys
import threading

local = threading.local()
asked, done = threading.Semaphore(0), threading.Semaphore(0)


class Connection:
    def __init__(self, number):
        self.number = number


def work():
    local.connections = []
    while True:
        asked.acquire()
        for number in range(2000):
            local.connections.append(Connection(number))
        done.release()


def grow():
    asked.release()
    done.acquire()


threading.Thread(target=work, name="pool", daemon=True).start()
grow()
print("ready", flush=True)
for _ in sys.stdin:
    grow()
    print("ready", flush=True)
