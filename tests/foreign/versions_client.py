"""Versions, metadata, conditional writes, ranges and pages, asked with Python's own HTTP client, which nobody here wrote.

    versions_client.py http://127.0.0.1:22346 http://127.0.0.2:22346

Goes through the API servers in turn, and ends with 0 only if each answer is as README.md says.
"""

import base64
import hashlib
import itertools
import json
import sys
import unittest
import urllib.error
import urllib.parse
import urllib.request
from email.utils import parsedate_to_datetime

SERVERS = itertools.cycle(sys.argv[1:])


def ask(method, path, body=None, **headers):
    """The status, the headers and the body that come back, whatever the status."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(next(SERVERS) + path, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, reply.headers, reply.read()
    except urllib.error.HTTPError as reply:
        return reply.code, reply.headers, reply.read()


class Versions(unittest.TestCase):
    def expect(self, status, method, path, body=None, **headers):
        got, reply, content = ask(method, path, body, **headers)
        self.assertEqual(got, status, content[:300])
        return reply, content

    def test_versions_go_up_and_the_history_is_told(self):
        for number, body in enumerate([b"one", b"two", b"three"], start=1):
            reply, _ = self.expect(200, "PUT", "/objects/up", body)
            self.assertEqual(reply["X-Lode-Version"], str(number))
            reply, content = self.expect(200, "GET", "/objects/up")
            self.assertEqual((content, reply["X-Lode-Version"]), (body, str(number)))
        reply, content = self.expect(200, "GET", "/objects/up?version=3")
        self.assertEqual(content, b"three")
        reply, _ = self.expect(204, "DELETE", "/objects/up")
        self.assertEqual(reply["X-Lode-Version"], "4")
        self.expect(404, "GET", "/objects/up")
        self.expect(404, "HEAD", "/objects/up")
        reply, content = self.expect(200, "GET", "/versions/up")
        self.assertEqual(reply["Content-Type"], "application/x-ndjson")
        told = [json.loads(line) for line in content.decode().splitlines()]
        self.assertEqual([(row["version"], row["deleted"]) for row in told], [(4, True)])
        reply, _ = self.expect(200, "PUT", "/objects/up", b"again")
        self.assertEqual(reply["X-Lode-Version"], "5")
        self.expect(204, "DELETE", "/objects/up?version=5")
        self.expect(404, "GET", "/objects/up?version=5")
        self.expect(404, "GET", "/versions/never")

    def test_metadata_is_kept_and_given_back(self):
        kept = {"Content_Type": "text/x-lode; charset=utf-8", "X_Lode_Meta_Owner": "me & you", "X_Lode_Meta_Tag": "7"}
        self.expect(200, "PUT", "/objects/meta", b"body", **kept)
        for method in ["GET", "HEAD"]:
            reply, content = self.expect(200, method, "/objects/meta")
            self.assertEqual(reply["Content-Type"], "text/x-lode; charset=utf-8")
            self.assertEqual((reply["X-Lode-Meta-Owner"], reply["X-Lode-Meta-Tag"]), ("me & you", "7"))
            self.assertEqual((reply["Content-Length"], content), ("4", b"body" if method == "GET" else b""))
            self.assertIsNotNone(parsedate_to_datetime(reply["Last-Modified"]))
        # Metadata belongs to its version, not to the name.
        self.expect(200, "PUT", "/objects/meta", b"other", Content_Type="text/plain")
        reply, _ = self.expect(200, "HEAD", "/objects/meta")
        self.assertIsNone(reply["X-Lode-Meta-Owner"])

    def test_conditional_writes_have_one_winner(self):
        first, _ = self.expect(200, "PUT", "/objects/cond", b"one", If_None_Match="*")
        _, content = self.expect(412, "PUT", "/objects/cond", b"two", If_None_Match="*")
        self.assertEqual(json.loads(content)["error"]["code"], "precondition_failed")
        second, _ = self.expect(200, "PUT", "/objects/cond", b"two", If_Match=first["ETag"])
        self.assertNotEqual(first["ETag"], second["ETag"])
        self.expect(412, "PUT", "/objects/cond", b"three", If_Match=first["ETag"])
        self.expect(412, "DELETE", "/objects/cond", If_Match=first["ETag"])
        self.expect(412, "PUT", "/objects/new", b"x", If_Match="*")
        _, content = self.expect(200, "GET", "/objects/cond")
        self.assertEqual(content, b"two")
        self.expect(304, "GET", "/objects/cond", If_None_Match=second["ETag"])
        self.expect(412, "GET", "/objects/cond", If_Match=first["ETag"])
        self.expect(204, "DELETE", "/objects/cond", If_Match=second["ETag"])
        # What is deleted is not there: it may be made again.
        self.expect(200, "PUT", "/objects/cond", b"four", If_None_Match="*")

    def test_ranges_and_digests(self):
        body = bytes(range(256)) * 1024
        good = "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()
        self.expect(400, "PUT", "/objects/range", body[:-1], Digest=good)
        self.expect(404, "GET", "/objects/range")
        put, _ = self.expect(200, "PUT", "/objects/range", body, Digest=good)
        reply, content = self.expect(206, "GET", "/objects/range", Range="bytes=100000-200000")
        self.assertEqual(content, body[100000:200001])
        self.assertEqual(reply["Content-Range"], f"bytes 100000-200000/{len(body)}")
        _, content = self.expect(206, "GET", "/objects/range", Range="bytes=-7", If_Range=put["ETag"])
        self.assertEqual(content, body[-7:])
        _, content = self.expect(200, "GET", "/objects/range", Range="bytes=0-1", If_Range='"other"')
        self.assertEqual(content, body)
        self.expect(416, "GET", "/objects/range", Range=f"bytes={len(body)}-")

    def pages(self, **query):
        """The names and prefixes of all pages, page after page."""
        pages = []
        while True:
            _, content = self.expect(200, "GET", "/objects/?" + urllib.parse.urlencode(query))
            page = json.loads(content)
            pages.append(([row["name"] for row in page["objects"]], page["prefixes"]))
            if "next" not in page:
                return pages
            query["after"] = page["next"]

    def test_a_listing_goes_on_from_page_to_page(self):
        names = sorted(
            [f"list/{letter}/{number}" for letter in "abc" for number in range(7)] + ["list/ä + & %", "list/z"],
            key=str.encode,
        )
        for name in names:
            self.expect(200, "PUT", "/objects/" + urllib.parse.quote(name), name.encode())
        for limit in [1, 4, 1000]:
            pages = self.pages(prefix="list/", limit=limit)
            self.assertEqual([name for page, _ in pages for name in page], names)
            self.assertTrue(all(0 < len(page) <= limit for page, _ in pages))
        folded = self.pages(prefix="list/", delimiter="/", limit=2)
        self.assertEqual([name for page, _ in folded for name in page], ["list/z", "list/ä + & %"])
        self.assertEqual([prefix for _, page in folded for prefix in page], ["list/a/", "list/b/", "list/c/"])
        # Slashes may be written either way.
        _, content = self.expect(200, "GET", "/objects/" + urllib.parse.quote(names[0], safe=""))
        self.assertEqual(content, names[0].encode())
        reply, content = self.expect(200, "GET", "/objects/?prefix=list/z")
        row = json.loads(content)["objects"][0]
        head, _ = self.expect(200, "HEAD", "/objects/list/z")
        self.assertEqual((row["size"], row["version"], row["etag"]), (6, 1, head["ETag"]))
        self.assertEqual(reply["Content-Type"], "application/json")
        self.expect(400, "GET", "/objects/?limit=many")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
