"""asyncio: tasks that wait for a queue, an event, each other, a sleep, a connection; a generator in the middle."""

import asyncio
import sys

import oracle


async def numbers():
    for number in range(10):
        yield number
        await asyncio.sleep(0)


async def wait_in_generator():
    async for number in numbers():
        if number == 3:
            await asyncio.Event().wait()


async def serve(reader, writer):
    writer.write(await reader.readline())
    await reader.read()


async def main():
    lock, event, queue = asyncio.Lock(), asyncio.Event(), asyncio.Queue()
    await lock.acquire()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    writer.write(b"hello\n")
    await reader.readline()
    in_thread = [asyncio.to_thread(lambda: None)] if hasattr(asyncio, "to_thread") else []  # since 3.9
    tasks = [asyncio.create_task(each) for each in (
        lock.acquire(), event.wait(), queue.get(), asyncio.sleep(10_000), wait_in_generator(), reader.read(),
        *in_thread, asyncio.wait_for(event.wait(), 10_000))]
    tasks += [asyncio.create_task(asyncio.wait({tasks[0], tasks[1]})) for _ in range(3)]
    await asyncio.sleep(0.2)
    try:
        raise LookupError("handled while the heap is looked at")
    except LookupError:
        oracle.record(sys.argv[1])


asyncio.run(main())
