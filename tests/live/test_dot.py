"""What refs and referrers draw is valid DOT, with cycles, and only cycles, in red."""

import re
import shutil
import subprocess

PROGRAM = """
import sys
class Node: pass
a, b, c = Node(), Node(), Node()
a.peer, b.peer, a.text, b.other = b, a, 'quoted " and \\\\ \\n', c
print(hex(id(a)), hex(id(c)), flush=True)
sys.stdin.read()
"""

TEXT = r'"(?:[^"\\\n]|\\.)*"'
ATTRIBUTE = rf"(?:label={TEXT}|shape=\w+|style=\w+|color=red|fontcolor=red)"
LINES = re.compile(rf"digraph references {{|}}|  node \[shape=box\];|  \w+(?: -> \w+)?(?: \[{ATTRIBUTE}(?:, {ATTRIBUTE})*\])?;")


def draw(heapglass, command, pid, address):
    with heapglass.run(command, pid, address, "--dot", "--depth", 4) as output:
        return output.read()


def check(heapglass, interpreter):
    with subprocess.Popen([*interpreter.command, "-I", "-S", "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as target:
        a, c = target.stdout.readline().split()
        pictures = [draw(heapglass, "refs", target.pid, a), draw(heapglass, "referrers", target.pid, c),
                    draw(heapglass, "refs", target.pid, c)]
        target.stdin.close()
    wrong = [line for picture in pictures for line in picture.splitlines() if not LINES.fullmatch(line)]
    lines = pictures[0].replace("['", ".").replace("']", "").splitlines()  # up to 3.10 instances' dicts are objects
    peers = [line for line in lines if 'label=".peer"' in line]
    if len(peers) != 2 or not all("color=red" in line for line in peers):
        wrong.append(f"the cycle: {peers}")
    if any("color=red" in line for line in lines if 'label=".other"' in line or 'label=".text"' in line):
        wrong.append("red where there is no cycle")
    if "refcount 2" not in pictures[0] or "shape=house" not in pictures[1]:
        wrong.append("no refcounts, or no roots")
    if shutil.which("dot"):
        for picture in pictures:
            done = subprocess.run(["dot", "-Tsvg"], input=picture, capture_output=True, text=True)
            if done.returncode:
                wrong.append(done.stderr)
    return not wrong, "\n".join(wrong)


def cases(interpreter):
    yield "dot", check, ()
