"""Tasks that wait for an answer that never comes: the future's callbacks keep each of them,
since 3.14 it also knows who awaits it.

paths Request: __main__.pending[*]->fut_callback0.__self__._coro local request
           or: __main__.pending[*]._asyncio_awaited_by._coro local request
grows dict: __main__.pending
"""

import asyncio
import sys

pending = {}


class Request:
    def __init__(self, number):
        self.number = number


async def ask(request):
    future = asyncio.get_running_loop().create_future()
    pending[request.number] = future
    return await future


async def grow():
    first = len(pending)
    tasks = {asyncio.ensure_future(ask(Request(first + number))) for number in range(1000)}
    tasks.clear()
    while len(pending) < first + 1000:
        await asyncio.sleep(0)


async def main():
    await grow()
    print("ready", flush=True)
    for _ in sys.stdin:
        await grow()
        print("ready", flush=True)


asyncio.run(main())
