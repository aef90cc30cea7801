"""Builds one kind of garbage, waits for a line, collects, and says what gc.collect() returned.

usage: cycles.py CASE
"""

import asyncio
import gc
import sys
import weakref

KEPT = []


class Node:
    pass


class Finalized:
    def __del__(self):
        pass


class Slotted:
    __slots__ = ("peer",)


class Resurrected:
    def __del__(self):
        KEPT.append(self)


def nothing():
    pass


def finalizer_without_cycle():
    Finalized()


def self_reference():
    node = Node()
    node.me = node


def two_with_finalizers():
    a, b = Finalized(), Finalized()
    a.s, b.s = b, a


def many_pairs():
    for _ in range(1000):
        a, b = Node(), Node()
        a.peer, b.peer = b, a


def closure():
    def inner():
        return inner
    return None


def traceback_in_variable():
    try:
        raise ValueError("kept")
    except ValueError as error:
        kept = error.__traceback__
        frame = kept.tb_frame
    del kept
    return frame is None


def generator_frame():
    def generate():
        me = yield
        yield me
    generator = generate()
    next(generator)
    generator.send(generator)


def generator_with_finally():
    def generate():
        try:
            me = yield
            yield me
        finally:
            len("closed")
    generator = generate()
    next(generator)
    generator.send(generator)


def weakref_callback_outside():
    a, b = Node(), Node()
    a.peer, b.peer = b, a
    KEPT.append(weakref.ref(a, lambda reference: None))


def weakref_callback_inside():
    a = Node()
    a.reference = weakref.ref(a, lambda reference: a)
    a.me = a


def lists_of_lists():
    outer = []
    for _ in range(100):
        outer.append([outer, [outer], (outer,)])


def tree():
    root = Node()
    root.children, level = [], [root]
    while len(level) < 30000:
        below = []
        for parent in level:
            for _ in range(3):
                child = Node()
                child.parent, child.children = parent, []
                parent.children.append(child)
                below.append(child)
        level = below


def slots():
    a, b = Slotted(), Slotted()
    a.peer, b.peer = b, a


def classes():
    class Local:
        def method(self):
            return Local
    Local.instance = Local()


def bound_method():
    node = Node()
    node.callback = node.__init__
    other = Node()
    other.run = Finalized.__del__.__get__(other)


def own_frame():
    frame = sys._getframe()
    return frame is None


def dict_and_tuple():
    mapping = {}
    pair = (mapping, "text")
    mapping["pair"] = pair
    mapping[1] = {"atoms": 1}


def untracked_between():
    values = [1]
    inner = (values,)
    values.append({"inner": inner})


def resurrected():
    node = Resurrected()
    node.me = node
    other = Node()
    other.me = other


def tasks():
    async def wait(future):
        await future

    async def main():
        future = asyncio.get_running_loop().create_future()
        tasks = [asyncio.ensure_future(wait(future)) for _ in range(10)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    asyncio.run(main())


def frozen():
    node = Node()
    node.me = node
    gc.freeze()
    del node
    self_reference()


def held_by_frozen():
    node, held = Node(), Node()
    node.me, node.held, held.me = node, held, held
    gc.freeze()


def exceptions_in_a_list():
    errors = []
    for number in range(50):
        try:
            try:
                raise KeyError(number)
            except KeyError:
                raise RuntimeError(number)
        except RuntimeError as error:
            errors.append(error)
    errors.append(errors)


def save_all():
    self_reference()
    gc.set_debug(gc.DEBUG_SAVEALL)


def subinterpreter():
    try:
        import _xxsubinterpreters as interpreters
    except ImportError:
        import _interpreters as interpreters
    other = interpreters.create()
    interpreters.run_string(other, "import gc; gc.collect(); gc.disable(); node = []; node.append(node); del node")
    self_reference()
    KEPT.append(other)


def main():
    build = globals()[sys.argv[1]]
    gc.collect()
    gc.disable()
    build()
    print("ready", flush=True)
    sys.stdin.readline()
    print(gc.collect(), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
