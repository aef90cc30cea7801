"""Threads whose frames alone hold objects, in waits of several kinds, beside finished ones and sub-generators."""

import queue
import sys
import threading
import time

import oracle

COUNT = int(sys.argv[2]) if len(sys.argv) > 2 else 20
ready = threading.Barrier(COUNT + 1)
never = threading.Lock()
never.acquire()


def deep(level, wait):
    held = [f"held by a frame {level}", level * 1.5]
    oracle.note(held)
    oracle.note(held[0])
    if level:
        return deep(level - 1, wait), held
    text = f"text held by the innermost frame of {threading.current_thread().name}"
    oracle.note(text)
    ready.wait()
    wait()
    return held, text


waits = [never.acquire, lambda: time.sleep(10000), queue.Queue().get, threading.Event().wait, queue.SimpleQueue().get]
threads = [threading.Thread(target=deep, args=(i % 7, waits[i % len(waits)]), daemon=True) for i in range(COUNT)]
for thread in threads:
    thread.start()
ready.wait()
time.sleep(0.3)  # until all sit still in their waits

oracle.record(sys.argv[1])
