"""What Go reads and what it panics on, as observed (SEED-WIRE's section 2). Run: python3 -m unittest discover tests/foreign"""

import io
import unittest

import go


class Strings(unittest.TestCase):
    """Message bodies."""

    def test_what_the_seed_reads(self):
        for body, text in [
            (b'"test2"', "test2"), (b"'a'", "a"), (b"`a\\b`", "a\\b"), ('"é"'.encode(), "é"), (b'"a&b"', "a&b"),
            (b'"\\u0041"', "A"), (b'"\\u003c\\n\\x41\\101"', "<\nAA"), (b'""', ""),
        ]:
            self.assertEqual(go.unquote(body), text)

    def test_what_it_panics_on(self):
        for body in [
            b'"\\/"', b'"\\ud83d\\ude00"', b'"a\nb"', b'"a" ', b"null", b"123", b"{}", b"", b"x", b'"', b'"a', b"'ab'",
            b'"a"b"', b'"\\"', b'"\\u00"', b'"\\400"', b'"\\\'"',
        ]:
            with self.assertRaises(go.Unreadable, msg=body):
                go.unquote(body)

    def test_what_it_writes(self):
        self.assertEqual(go.marshal("a<b>&é"), '"a\\u003cb\\u003e\\u0026é"'.encode())


class Paths(unittest.TestCase):
    """Names in URLs."""

    def test_valid_escapes_are_kept(self):
        for raw in [b"/objects/a%2Fb", b"/objects/a%2fb", b"/objects/a%20b", b"/objects/a%61", b"/objects/'&+;:*[]~=@,"]:
            self.assertEqual(go.escaped_path(raw), raw)

    def test_others_are_escaped(self):
        raw = '/objects/é"<>\\^|`'.encode()
        self.assertEqual(go.escaped_path(raw), b"/objects/%C3%A9%22%3C%3E%5C%5E%7C%60")

    def test_bad_escapes_are_refused(self):
        self.assertIsNone(go.unescape_path(b"/objects/%zz"))

    def test_dot_segments_are_cleaned(self):
        self.assertEqual(go.clean_path(b"/objects/../x"), b"/x")


class Bodies(unittest.TestCase):
    """Framing."""

    def sent(self, *pieces):
        out = io.BytesIO()
        go.send_body(out, iter(pieces))
        return out.getvalue()

    def test_small_ones_have_a_length(self):
        self.assertIn(b"\r\nContent-Length: 2048\r\n", self.sent(b"x" * 2048))

    def test_larger_ones_are_chunked_and_whole(self):
        reply = self.sent(b"x" * 2049, b"y")
        self.assertNotIn(b"Content-Length", reply)
        self.assertTrue(reply.endswith(b"\r\n\r\n801\r\n" + b"x" * 2049 + b"\r\n1\r\ny\r\n0\r\n\r\n"))


if __name__ == "__main__":
    unittest.main()
