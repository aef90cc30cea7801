"""An IPython kernel and its client: runs cells in the kernel, the last of which records it. The kernel's PID goes to stdout."""

import os
import sys

from jupyter_client.manager import start_new_kernel

CELLS = ("import math, collections\nhistory = [math.sqrt(i) for i in range(1000)]",
         "%timeit -n 1 -r 1 sum(history)", "history[:3]", "1/0", "def f(x):\n    return x\nf(history)")
RECORD = "import os, oracle\noracle.record(os.environ['ORACLE_RECORDING'])"

manager, client = start_new_kernel(kernel_name="python3")
try:
    for cell in CELLS:
        client.execute(cell)
        client.get_shell_msg(timeout=60)
    print(manager.provisioner.pid, flush=True)
    client.execute(RECORD)
    client.get_shell_msg(timeout=300)
    client.execute("len(history)")
    print(client.get_shell_msg(timeout=60)["content"]["status"], flush=True)
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
