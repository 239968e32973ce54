"""A service that is not JavaScript: threads, and a pool of connections of its own to ORIGIN_URL.

POOL connections, kept alive; WAIT_BEFORE_MS is waited before a connection is asked for;
PROPAGATE=false passes no identity on. Standard library only.
"""

import http.client
import os
import queue
import signal
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

ORIGIN = urlsplit(os.environ["ORIGIN_URL"])
POOL = queue.LifoQueue()
for _ in range(int(os.environ.get("POOL", "64"))):
    POOL.put(http.client.HTTPConnection(ORIGIN.hostname, ORIGIN.port))
WAIT_BEFORE_S = int(os.environ.get("WAIT_BEFORE_MS", "0")) / 1000
PROPAGATES = os.environ.get("PROPAGATE", "true") == "true"


def call(path, identity):
    connection = POOL.get()
    try:
        connection.request("GET", path, headers=identity)
        response = connection.getresponse()
        body = response.read()
        return response.status, body
    except OSError:
        # The next request opens it anew.
        connection.close()
        raise
    finally:
        POOL.put(connection)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        names = ("traceparent", "x-request-id") if PROPAGATES else ()
        identity = {name: self.headers[name] for name in names if self.headers[name]}
        try:
            if self.path == "/healthz":
                status, body = 200, b"well\n"
            else:
                if WAIT_BEFORE_S:
                    time.sleep(WAIT_BEFORE_S)
                status, body = call(self.path, identity)
        except (OSError, http.client.HTTPException) as error:
            status, body = 503, f"{error}\n".encode()
        self.send_response(200 if status == 200 else 503)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    # Else Nagle's algorithm holds a body back until its head is acknowledged.
    disable_nagle_algorithm = True
    request_queue_size = 1024
    daemon_threads = True


def end(*_):
    # From another frame of this thread `shutdown` would wait for itself.
    os._exit(0)


signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, end)
Server(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Handler).serve_forever()
