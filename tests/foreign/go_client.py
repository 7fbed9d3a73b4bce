"""Go's HTTP client as the seed's API server uses it, and a strict judge of what it is answered."""

import re
import select
import threading

import go

STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9][0-9]) [ -~]*\r\n")
HEADER_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*\r\n")


class Broken(Exception):
    """An answer that is no good HTTP, or ends before its end."""


class Client:
    """Keeps connections alive and uses them again, as Go's transport does."""

    def __init__(self, log):
        self.log = log
        self.lock = threading.Lock()
        self.idle = {}

    def put(self, address, name, pieces):
        """Streams a body of unknown length; gives the status."""
        connection = self.connection(address)
        head = "PUT /objects/%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Go-http-client/1.1\r\n" % (name, address)
        first = next(pieces, b"")
        if not first:
            connection.send((head + "Content-Length: 0\r\nAccept-Encoding: gzip\r\n\r\n").encode())
        else:
            connection.send((head + "Transfer-Encoding: chunked\r\nAccept-Encoding: gzip\r\n\r\n").encode())
            # Go looks at one byte to learn whether there is a body at all, and then sends that byte as its first chunk.
            for piece in (first[:1], first[1:]):
                go.send_chunk(connection, piece)
            for piece in pieces:
                go.send_chunk(connection, piece)
            connection.send(b"0\r\n\r\n")
        status = connection.read_head()
        for _ in connection.body():
            pass
        self.give_back(address, connection)
        return status

    def get(self, address, name):
        """The pieces of an object, or None if the status is not 200."""
        connection = self.connection(address)
        head = "GET /objects/%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip\r\n\r\n"
        connection.send((head % (name, address)).encode())
        if connection.read_head() != 200:
            return None
        return self.pieces(address, connection)

    def pieces(self, address, connection):
        """The body; cut short, it just ends, as the seed's does."""
        try:
            yield from connection.body()
        except Broken as why:
            self.log.add("cut", str(why).encode())
            return
        self.give_back(address, connection)

    def connection(self, address):
        """An idle connection on which nothing has come meanwhile, or a new one."""
        while True:
            with self.lock:
                idle = self.idle.get(address, [])
                connection = idle.pop() if idle else None
            if connection is None:
                return Connection(go.dial(address), self.log)
            if not select.select([connection.socket], [], [], 0)[0]:
                return connection
            left_over = connection.socket.recv(4096)
            if left_over:
                self.log.add("unsolicited", left_over)
            connection.socket.close()

    def give_back(self, address, connection):
        """Keeps a connection whose answer was read to its end, if the server keeps it too."""
        if connection.file.peek_buffered():
            self.log.add("unsolicited", connection.file.peek_buffered())
        if connection.closes:
            connection.socket.close()
            return
        with self.lock:
            self.idle.setdefault(address, []).append(connection)


class Buffered:
    """Reading with a buffer that can be looked into."""

    def __init__(self, connection):
        self.connection = connection
        self.buffer = b""

    def peek_buffered(self):
        """What was received and not yet read."""
        return self.buffer

    def line(self):
        """A line with its end."""
        while b"\n" not in self.buffer:
            if len(self.buffer) > 64 * 1024:
                raise Broken("a line of more than 64 KiB")
            self.receive()
        line, end, self.buffer = self.buffer.partition(b"\n")
        return line + end

    def some(self, most):
        """At least one byte."""
        if not self.buffer:
            self.receive()
        piece, self.buffer = self.buffer[:most], self.buffer[most:]
        return piece

    def receive(self):
        """Fills the buffer."""
        piece = self.connection.recv(32 * 1024)
        if not piece:
            raise Broken("the connection ended early")
        self.buffer += piece


class Connection:
    """One connection to a data server."""

    def __init__(self, socket, log):
        self.socket = socket
        self.log = log
        self.file = Buffered(socket)
        self.closes = False
        self.headers = {}

    def send(self, data):
        """Sends all of it."""
        self.socket.sendall(data)

    write = send

    def read_head(self):
        """Reads a head, strictly, passing over 1xx; gives the status."""
        while True:
            raw = line = self.file.line()
            match = STATUS_LINE.fullmatch(line)
            if not match:
                raise Broken("status line %r" % line)
            self.headers = {}
            while True:
                line = self.file.line()
                raw += line
                if line == b"\r\n":
                    break
                header = HEADER_LINE.fullmatch(line)
                if not header:
                    raise Broken("header line %r" % line)
                key = header.group(1).lower()
                if key in self.headers and key in (b"content-length", b"transfer-encoding"):
                    raise Broken("%r twice" % key)
                self.headers[key] = header.group(2)
            self.log.add("reply", raw)
            self.closes = self.headers.get(b"connection", b"").lower() == b"close"
            if not match.group(1).startswith(b"1"):
                return int(match.group(1))

    def body(self):
        """The pieces of the body, in either framing."""
        if self.headers.get(b"transfer-encoding", b"").lower() == b"chunked":
            if b"content-length" in self.headers:
                raise Broken("a length and chunks")
            yield from self.chunks()
        elif b"content-length" in self.headers:
            yield from self.exactly(int(self.headers[b"content-length"]))
        else:
            raise Broken("a body without a length")

    def exactly(self, left):
        """That many bytes."""
        while left:
            piece = self.file.some(left)
            left -= len(piece)
            yield piece

    def chunks(self):
        """Chunks to the last."""
        while True:
            line = self.file.line()
            if not re.fullmatch(rb"[0-9a-fA-F]{1,16}\r\n", line):
                raise Broken("chunk size %r" % line)
            size = int(line, 16)
            yield from self.exactly(size)
            if self.file.line() != b"\r\n":
                raise Broken("no line end behind a chunk")
            if not size:
                return
