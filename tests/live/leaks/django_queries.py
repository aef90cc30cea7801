"""With DEBUG on Django remembers every query of a connection that is never closed (docs: "Why is Django leaking memory?").

It keeps its connections as attributes of threads, with a newer asgiref in thread-local data.

paths dict: threading._main_thread._asgiref_local_impl_NAME[*].queries_log[*]
        or: django.MODULE.connections._connections._storage.default.queries_log[*]
grows collections.deque: threading._main_thread._asgiref_local_impl_NAME[...].queries_log
                     or: django.MODULE.connections._connections._storage.default.queries_log
"""

import sys

try:
    import django
    from django.conf import settings
except ImportError:
    print("skip: no Django", flush=True)
    sys.exit()

settings.configure(DEBUG=True, DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
django.setup()

from django.db import connection  # noqa: E402


def serve():
    with connection.cursor() as cursor:
        for number in range(3000):
            cursor.execute(f"select {number}")


serve()

print("ready", flush=True)
for _ in sys.stdin:
    serve()
    print("ready", flush=True)
