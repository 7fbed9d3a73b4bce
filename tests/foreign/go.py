"""What the seed's nodes get from Go: how strings are quoted and read, how paths are escaped and cleaned, and how Go's HTTP
server and client put bytes on a connection."""

import email.utils
import json
import os
import posixpath
import re
import socket
import sys
import threading


class Unreadable(Exception):
    """A text that Go's strconv.Unquote refuses; the seed panics on it."""


def panic(why):
    """Ends the process as a Go panic does: at once, from whatever thread, with status 2."""
    sys.stderr.write("panic: %s\n" % why)
    sys.stderr.flush()
    os._exit(2)


def marshal(text):
    """json.Marshal of a string: JSON, raw UTF-8, and the three characters of HTML and the two line separators escaped."""
    quoted = json.dumps(text, ensure_ascii=False)
    for char in "<>&\u2028\u2029":
        quoted = quoted.replace(char, "\\u%04x" % ord(char))
    return quoted.encode("utf-8")


def unquote(body):
    """strconv.Unquote of bytes: a Go string literal in double quotes, back quotes, or a rune literal."""
    text = body.decode("utf-8", "replace")
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "\"'`":
        raise Unreadable("not quoted")
    quote, inner = text[0], text[1:-1]
    if quote == "`":
        if "`" in inner:
            raise Unreadable("a back quote inside")
        return inner.replace("\r", "")
    if "\n" in inner:
        raise Unreadable("a raw newline")
    chars, at = [], 0
    while at < len(inner):
        if inner[at] == quote:
            raise Unreadable("a quote inside")
        char, at = _unquote_char(inner, at, quote)
        chars.append(char)
    if quote == "'" and len(chars) != 1:
        raise Unreadable("a rune literal of %d runes" % len(chars))
    return b"".join(chars).decode("utf-8", "replace")


SIMPLE = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92}


def _unquote_char(inner, at, quote):
    if inner[at] != "\\":
        return inner[at].encode("utf-8"), at + 1
    if at + 1 == len(inner):
        raise Unreadable("a lone backslash")
    kind, at = inner[at + 1], at + 2
    if kind in SIMPLE:
        return bytes([SIMPLE[kind]]), at
    if kind == quote and kind in "\"'":
        return kind.encode(), at
    digits = {"x": 2, "u": 4, "U": 8}.get(kind)
    if digits:
        value = _number(inner[at : at + digits], digits, 16)
        if kind == "x":
            return bytes([value]), at + digits
        if value > 0x10FFFF or 0xD800 <= value <= 0xDFFF:
            raise Unreadable("no such rune: %x" % value)
        return chr(value).encode("utf-8"), at + digits
    if kind in "01234567":
        value = _number(inner[at - 1 : at + 2], 3, 8)
        if value > 255:
            raise Unreadable("an octal escape above 255")
        return bytes([value]), at + 2
    raise Unreadable("the escape \\%s" % kind)


def _number(text, digits, base):
    if not re.fullmatch(r"[0-9a-fA-F]{%d}" % digits if base == 16 else r"[0-7]{%d}" % digits, text):
        raise Unreadable("the digits %r" % text)
    return int(text, base)


# url.EscapedPath: the path as it came if that is a valid encoding, else Go's own encoding of the decoded path.
UNESCAPED = set(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~$&+,/:;=@")
ALSO_VALID = set(b"!'()*[]%")


def unescape_path(raw):
    """url.unescape for a path; None where Go answers 400."""
    out, at = bytearray(), 0
    while at < len(raw):
        if raw[at] == 0x25:
            if not re.fullmatch(rb"[0-9a-fA-F]{2}", raw[at + 1 : at + 3]):
                return None
            out.append(int(raw[at + 1 : at + 3], 16))
            at += 3
        else:
            out.append(raw[at])
            at += 1
    return bytes(out)


def escaped_path(raw):
    """url.URL.EscapedPath of a path that came as `raw`."""
    if all(byte in UNESCAPED or byte in ALSO_VALID for byte in raw):
        return raw
    return b"".join(bytes([byte]) if byte in UNESCAPED else b"%%%02X" % byte for byte in unescape_path(raw))


def clean_path(path):
    """http.cleanPath: where Go's mux redirects to, if that differs."""
    if not path:
        return b"/"
    cleaned = posixpath.normpath(b"/" + path.lstrip(b"/"))
    return cleaned + b"/" if path.endswith(b"/") and cleaned != b"/" else cleaned


def reply_head(status, reason, *headers):
    """A reply's head in Go's order: Date first, then length, type and encoding as given."""
    lines = ["HTTP/1.1 %d %s" % (status, reason)]
    lines += ["Date: " + email.utils.formatdate(usegmt=True)] + list(headers)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def content_type(start):
    """http.DetectContentType, as far as the tests' objects go: binary bytes or not."""
    binary = any(byte < 9 or 14 <= byte < 27 or 28 <= byte < 32 or byte == 11 for byte in start[:512])
    return "Content-Type: " + ("application/octet-stream" if binary else "text/plain; charset=utf-8")


def send_body(wfile, pieces):
    """A 200 whose length the handler never set: a length for up to 2 KiB, chunks above. `pieces` are what was read."""
    buffered = b""
    for piece in pieces:
        buffered += piece
        if len(buffered) > 2048:
            break
    else:
        kind = [content_type(buffered)] if buffered else []
        wfile.write(reply_head(200, "OK", "Content-Length: %d" % len(buffered), *kind) + buffered)
        return
    wfile.write(reply_head(200, "OK", content_type(buffered), "Transfer-Encoding: chunked"))
    send_chunk(wfile, buffered)
    for piece in pieces:
        send_chunk(wfile, piece)
    wfile.write(b"0\r\n\r\n")


def send_chunk(wfile, piece):
    """One chunk; nothing for an empty piece, which would end the body."""
    if piece:
        wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))


class MessageLog:
    """What a node saw, one JSON object a line, bodies in hex: for tests to assert on exact bytes."""

    def __init__(self, path):
        self.file = open(path, "a", buffering=1) if path else None
        self.lock = threading.Lock()

    def add(self, what, body=b"", **more):
        """Notes one thing seen."""
        if self.file:
            line = json.dumps({"what": what, "body_hex": body.hex(), **more})
            with self.lock:
                self.file.write(line + "\n")


def host_and_port(address):
    """An address taken apart."""
    host, _, port = address.rpartition(":")
    return host, int(port)


def dial(address):
    """A connection as Go's default transport opens it."""
    connection = socket.create_connection(host_and_port(address), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection
