#!/usr/bin/env python3
"""Turns tables/*.table into a C file: embed_tables.py OUTPUT TABLE..."""

import pathlib
import sys


def main():
    output, *tables = sys.argv[1:]
    lines = ['#include "introspect/layout/internal.h"', ""]
    entries = []
    for number, path in enumerate(map(pathlib.Path, tables)):
        data = path.read_bytes()
        lines.append(f"static const unsigned char table_{number}[] = {{")
        for at in range(0, len(data), 24):
            lines.append("    " + " ".join(f"{byte}," for byte in data[at : at + 24]))
        lines.append("};")
        entries.append(f'    {{"{path.name}", (const char *)table_{number}, sizeof table_{number}}},')
    lines += ["const struct layout_table layout_tables[] = {", *entries, "    {0},", "};", ""]
    pathlib.Path(output).write_text("\n".join(lines))


main()
