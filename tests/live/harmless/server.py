"""A small threaded HTTP server that is attached to while it works. It says what goes wrong.

usage: server.py SIGNAL_FD

Every signal that is delivered writes its number to SIGNAL_FD (signal.set_wakeup_fd: written by the
C handler, so that none is merged with another). The port is printed first; errors go to stderr.
"""
import os
import queue
import select
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time


class Handler(socketserver.StreamRequestHandler):
    """No more of HTTP than http.client asks for: http.server would be a third of the heap that is decoded each time."""

    def handle(self):
        while len(request := self.rfile.readline().split()) == 3:
            while self.rfile.readline().strip():
                pass
            path = request[1]
            body = path * 20
            if path == b"/fork":
                body = subprocess.run(["true"], check=True, stdout=subprocess.PIPE).stdout + b"ran"
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        kind = sys.exc_info()[0]
        if not issubclass(kind, (ConnectionResetError, BrokenPipeError)):
            super().handle_error(request, client_address)


def in_thread(function):
    threading.Thread(target=function, daemon=True, name=function.__name__).start()


def sleeper():
    while True:
        before = time.monotonic()
        time.sleep(0.02)
        assert time.monotonic() - before >= 0.0199, "a sleep that was cut short"


def poller():
    left, right = socket.socketpair()
    poll = select.epoll()
    poll.register(left, select.EPOLLIN)
    while True:
        assert poll.poll(0.01) == []
        right.send(b"x")
        assert poll.poll(5) != [], "a lost event"
        assert left.recv(1) == b"x"


def waiter():
    wanted = queue.Queue()
    while True:
        try:
            wanted.get(timeout=0.01)
            raise AssertionError("something out of nothing")
        except queue.Empty:
            pass


def receiver():
    left, right = socket.socketpair()
    left.settimeout(0.01)
    while True:
        try:
            left.recv(1)
            raise AssertionError("something out of nothing")
        except socket.timeout:
            pass


def spawner():
    """Threads that come and go."""
    while True:
        thread = threading.Thread(target=time.sleep, args=(0.001,))
        thread.start()
        thread.join()


def main():
    signals = int(sys.argv[1])
    os.set_blocking(signals, False)
    signal.set_wakeup_fd(signals)
    for number in (signal.SIGUSR1, signal.SIGALRM, signal.SIGRTMIN):
        signal.signal(number, lambda number, frame: None)
    server = Server(("127.0.0.1", 0), Handler)
    for function in (sleeper, poller, waiter, receiver, spawner):
        in_thread(function)
    in_thread(server.serve_forever)
    print(server.server_address[1], flush=True)
    while True:
        signal.pause()


main()
