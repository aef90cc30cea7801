"""Sessions in cycles, which only the garbage collector could free; it is switched off."""

import gc

gc.disable()
LAST_ERROR = None


class Session:
    def __init__(self, number):
        self.name = f"session {number}"
        self.peer = None
        self.seen = [number] * 3

    def __del__(self):
        self.peer = None


def visit(number):
    session, other = Session(number), Session(-number)
    session.peer, other.peer = other, session


def login(name):
    try:
        raise PermissionError(f"no such user: {name}")
    except PermissionError as error:
        global LAST_ERROR
        LAST_ERROR = error
