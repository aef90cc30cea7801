"""An aiohttp service with background tasks and its own client; a request for /record records it."""

import asyncio
import os
import sys

import aiohttp
from aiohttp import web

import oracle

JOBS = {}


async def job(number, done):
    await done.wait()
    return number


async def page(request):
    done = asyncio.Event()
    JOBS[len(JOBS)] = asyncio.create_task(job(len(JOBS), done)), done
    return web.json_response({"jobs": len(JOBS)})


async def record(request):
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{sys.argv[1]}/") as answer:
            await answer.json()
        oracle.record(os.environ["ORACLE_RECORDING"])
    return web.Response(text="recorded")


application = web.Application()
application.add_routes([web.get("/", page), web.get("/record", record)])
web.run_app(application, host="127.0.0.1", port=int(sys.argv[1]), print=None)
