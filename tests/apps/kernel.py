"""An IPython kernel of this interpreter and its client: runs cells in the kernel, the last of which records it. The kernel's
PID goes to stdout."""

import os
import sys

from jupyter_client.manager import KernelManager

CELLS = ("import math, collections\nhistory = [math.sqrt(i) for i in range(1000)]",
         "%timeit -n 1 -r 1 sum(history)", "history[:3]", "1/0", "def f(x):\n    return x\nf(history)")
RECORD = "import os, oracle\noracle.record(os.environ['ORACLE_RECORDING'])"

# Not the command of the installed specification, which names an interpreter of its own.
manager = KernelManager(kernel_name="python3")
manager.kernel_spec.argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
manager.start_kernel()
client = manager.blocking_client()
client.start_channels()
try:
    client.wait_for_ready(timeout=60)
    for cell in CELLS:
        client.execute(cell, reply=True, timeout=60, stop_on_error=False)  # what comes after it would be aborted
    print(manager.provisioner.pid, flush=True)
    client.execute(RECORD, reply=True, timeout=300)
    print(client.execute("len(history)", reply=True, timeout=60)["content"]["status"], flush=True)
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
