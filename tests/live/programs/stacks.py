"""Threads that wait in all kinds of frames; says what sys._current_frames() knows of them, and waits as well."""

import asyncio
import functools
import inspect
import json
import sys
import threading
import time

never = threading.Event()
waiting = threading.Semaphore(0)


def wait(note="waits"):
    waiting.release()
    never.wait()
    return note


def nested(depth, *rest, **named):
    text = f"depth {depth}"
    if depth:
        return (
            nested(depth - 1,
                   text,
                   key=depth),
            rest,
        )
    return wait(
        text
    )


def generator(limit):
    for number in range(limit):
        if number == 3:
            yield wait()
        yield number


def delegating():
    collected = yield from generator(10)
    return collected


def in_generator():
    return sum(each
               for each in delegating()
               if each is not None)


def in_comprehension():
    kept = "kept"
    return [
        (number, kept)
        for number in range(3)
        if number < 1 or wait()
    ]


def in_c_function():
    items = [3, 1, 2]
    return sorted(items,
                  key=lambda item: wait() if item == 2
                  else item)


def in_closure(argument):
    shared, unset = [argument], None

    def inner():
        nonlocal argument
        argument += 1
        shared.append(argument)
        if len(shared) > 100:
            print(unbound)
        wait()

    inner()
    unbound = unset


def in_handler():
    try:
        raise LookupError("handled")
    except LookupError as error:
        saved = error
        with threading.Lock() as taken:
            wait()
    finally:
        saved = taken = None


class Base:
    def __init_subclass__(cls):
        wait()


def in_class_body():
    class Derived(Base):
        attribute = [1, 2]

        def method(self):
            pass

    return Derived


class Slow:
    @property
    def value(self):
        return wait()

    def __eq__(self, other):
        return self.value == other


def in_operator():
    slow = Slow()
    return [1,
            2] == [1,
                   slow]


def in_string():
    exec("first = 1\n\nsecond = [first,\n  wait()]\n", {"wait": wait})


@functools.lru_cache
def cached(key):
    return key, wait()


def in_cache():
    return cached("key")


def in_loop():
    async def child(number):
        await asyncio.sleep(0)
        async for each in numbers():
            if each == number:
                wait()

    async def numbers():
        for number in range(5):
            yield number

    async def parent():
        await asyncio.gather(child(2), asyncio.sleep(0))

    asyncio.run(parent())


def in_trace():
    lines = []
    for number in range(3):
        lines.append(number); wait() if number == 1 else None


def long_function():
    total = 0
    total += 1; wait()
    return total


# One line far from that before it: the table of lines needs its long forms for that.
exec(compile("def far():\n    a = 1\n" + "\n" * 3000 + "    return wait() or a\n", "far.py", "exec"))
exec(compile("def backwards():\n    return [" + "\n" * 200 + "1,\n(2,\n" + "\n" * 70 + "wait)[1](), 3]\n", "back.py", "exec"))

CASES = [lambda: nested(5, 1, 2, key=3), in_generator, in_comprehension, in_c_function, lambda: in_closure(1), in_handler,
         in_class_body, in_operator, in_string, in_cache, in_loop, in_trace, long_function, far, backwards,
         lambda: time.sleep(100_000)]


def describe(frame):
    frames = []
    while frame:
        code = frame.f_code
        entry = {"function": getattr(code, "co_qualname", code.co_name), "file": code.co_filename, "line": frame.f_lineno}
        if code.co_flags & inspect.CO_OPTIMIZED:
            entry["locals"] = {name: [hex(id(value)), type(value).__qualname__] for name, value in frame.f_locals.items()}
        frames.append(entry)
        frame = frame.f_back
    return frames


def everything():
    current = sys._current_frames()
    current[threading.get_ident()] = sys._getframe(1)
    return [{"name": thread.name, "native_id": thread.native_id, "thread_id": hex(thread.ident),
             "frames": describe(current[thread.ident])} for thread in threading.enumerate()]


def main():
    for number, case in enumerate(CASES):
        threading.Thread(target=case, name=f"case {number}", daemon=True).start()
    for _ in CASES[:-1]:
        waiting.acquire()
    time.sleep(0.3)
    print(json.dumps(everything()), flush=True) or sys.stdin.read()


main()
