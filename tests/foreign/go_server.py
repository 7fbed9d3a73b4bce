"""A server that reads requests and routes paths as Go's net/http does, for the seed's two roles."""

import http.server
import socketserver

import go


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """One thread a connection; connections do not hold up the end of the process."""

    daemon_threads = True
    request_queue_size = 512
    allow_reuse_address = True


class Handler(http.server.BaseHTTPRequestHandler):
    """Finds the third segment of the escaped path and calls `serve(kind, name)` of the subclass."""

    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024
    disable_nagle_algorithm = True

    def log_message(self, format, *args):
        """Nothing: the message log says what matters."""

    def handle_expect_100(self):
        """Says 100 at once: buffered, it would come with the reply."""
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def handle_any(self):
        """One request, whatever its method."""
        raw = self.requestline.split(" ")[1].encode("latin-1").partition(b"?")[0]
        decoded = go.unescape_path(raw)
        self.body = self.body_pieces()
        if decoded is None or not raw.startswith(b"/"):
            self.reply(400, "Bad Request")
        elif go.clean_path(decoded) != decoded:
            self.wfile.write(go.reply_head(301, "Moved Permanently", "Content-Length: 0", "Location: /"))
        else:
            segments = go.escaped_path(raw).decode("ascii").split("/")
            name = segments[2] if len(segments) > 2 else ""
            self.serve(segments[1], name)
        self.wfile.flush()
        for _ in self.body:
            self.close_connection = True
            break

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any

    def serve(self, kind, name):
        """What the role answers."""
        raise NotImplementedError

    def reply(self, status, reason):
        """A reply without a body."""
        self.wfile.write(go.reply_head(status, reason, "Content-Length: 0"))

    def body_pieces(self):
        """The request's body piece by piece; ends early, without a word, where the client stopped."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            yield from self.chunks()
            return
        left = int(self.headers.get("Content-Length", 0))
        while left:
            piece = self.rfile.read1(min(left, 32 * 1024))
            if not piece:
                self.close_connection = True
                return
            left -= len(piece)
            yield piece

    def chunks(self):
        """The pieces of a chunked body."""
        while True:
            line = self.rfile.readline(64)
            size = int(line.split(b";")[0].strip() or b"0", 16) if line.endswith(b"\r\n") else 0
            if not size:
                self.rfile.readline(64)
                return
            left = size
            while left:
                piece = self.rfile.read1(min(left, 32 * 1024))
                if not piece:
                    self.close_connection = True
                    return
                left -= len(piece)
                yield piece
            self.rfile.readline(64)
