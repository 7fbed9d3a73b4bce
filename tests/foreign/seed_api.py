"""The seed's API server. Settings: LISTEN_ADDRESS, RABBITMQ_SERVER; SEED_LOG names its message log."""

import os
import random
import threading
import time

import pika.exceptions

import go
import go_client
import go_server
import seed_bus

ADDRESS = os.environ["LISTEN_ADDRESS"]
BROKER = os.environ["RABBITMQ_SERVER"]
LOG = go.MessageLog(os.environ.get("SEED_LOG"))
CLIENT = go_client.Client(LOG)

LIVE = {}
LIVE_LOCK = threading.Lock()


def hear_heartbeats():
    """Notes who lives. When the broker goes, so does this, and nothing takes its place."""
    _, channel, queue = seed_bus.connect(BROKER)
    channel.queue_bind(queue, seed_bus.API_SERVERS, routing_key="")

    def take(_channel, _method, properties, body):
        LOG.add("heartbeat", body, properties=seed_bus.properties_of(properties))
        address = seed_bus.read(body)
        with LIVE_LOCK:
            LIVE[address] = time.monotonic()

    channel.basic_consume(queue, take, auto_ack=True)
    channel.start_consuming()


def forget_the_silent():
    """Every 5 s, drops those not heard for 10 s."""
    while True:
        time.sleep(5)
        with LIVE_LOCK:
            for address, heard in list(LIVE.items()):
                if heard + 10 < time.monotonic():
                    del LIVE[address]


def locate(name):
    """Asks all data servers on a connection and a queue of this query's own; the first answer within 1 s, or none."""
    connection, channel, queue = seed_bus.connect(BROKER)
    try:
        seed_bus.publish(channel, seed_bus.DATA_SERVERS, "", queue, name)
        for _method, properties, body in channel.consume(queue, auto_ack=True, inactivity_timeout=1):
            if body is None:
                return None
            LOG.add("answer", body, properties=seed_bus.properties_of(properties), name=name)
            return seed_bus.read(body)
    finally:
        connection.close()


class Api(go_server.Handler):
    """PUT and GET of /objects/<name>, GET of /locate/<name>."""

    def serve(self, kind, name):
        if kind == "objects" and self.command == "PUT":
            self.put(name)
        elif kind == "objects" and self.command == "GET":
            self.fetch(name)
        elif kind == "locate" and self.command == "GET":
            self.locate(name)
        elif kind in ("objects", "locate"):
            self.reply(405, "Method Not Allowed")
        else:
            self.reply(404, "Not Found")

    def put(self, name):
        with LIVE_LOCK:
            servers = sorted(LIVE)
        if not servers:
            self.reply(503, "Service Unavailable")
            return
        try:
            status = CLIENT.put(random.choice(servers), name, self.body)
        except (go_client.Broken, OSError) as why:
            LOG.add("failed_put", str(why).encode(), name=name)
            status = None
        self.reply(200, "OK") if status == 200 else self.reply(500, "Internal Server Error")

    def fetch(self, name):
        address = locate(name)
        pieces = address and self.open(address, name)
        if not pieces:
            self.reply(404, "Not Found")
            return
        go.send_body(self.wfile, pieces)

    def open(self, address, name):
        try:
            return CLIENT.get(address, name)
        except (go_client.Broken, OSError) as why:
            LOG.add("failed_get", str(why).encode(), name=name)
            return None

    def locate(self, name):
        address = locate(name)
        if not address:
            self.reply(404, "Not Found")
            return
        body = go.marshal(address)
        headers = ["Content-Length: %d" % len(body), go.content_type(body)]
        self.wfile.write(go.reply_head(200, "OK", *headers) + body)


def quietly(job):
    """The seed's API server lives on without its broker, deaf."""
    try:
        job()
    except (pika.exceptions.AMQPError, OSError):
        pass


def main():
    """Runs until killed."""
    for job in (hear_heartbeats, forget_the_silent):
        threading.Thread(target=quietly, args=(job,), daemon=True).start()
    go_server.Server(go.host_and_port(ADDRESS), Api).serve_forever()


main()
