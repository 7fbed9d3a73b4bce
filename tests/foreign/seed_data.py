"""The seed's data server. Settings: LISTEN_ADDRESS, RABBITMQ_SERVER, STORAGE_ROOT; SEED_LOG names its message log."""

import os
import threading

import pika.exceptions

import go
import go_server
import seed_bus

ADDRESS = os.environ["LISTEN_ADDRESS"]
BROKER = os.environ["RABBITMQ_SERVER"]
ROOT = os.environ["STORAGE_ROOT"]
LOG = go.MessageLog(os.environ.get("SEED_LOG"))


def path_of(name):
    """Where the seed keeps an object; nothing is checked."""
    return ROOT + "/objects/" + name


def say_that_we_live():
    """A heartbeat at once, then every 5 s."""
    connection, channel, queue = seed_bus.connect(BROKER)
    while True:
        seed_bus.publish(channel, seed_bus.API_SERVERS, "", queue, ADDRESS)
        connection.sleep(5)


def answer_locates():
    """Answers for what is there, and is silent about what is not."""
    _, channel, queue = seed_bus.connect(BROKER)
    channel.queue_bind(queue, seed_bus.DATA_SERVERS, routing_key="")

    def take(channel, _method, properties, body):
        LOG.add("query", body, properties=seed_bus.properties_of(properties))
        if os.path.exists(path_of(seed_bus.read(body))):
            seed_bus.publish(channel, "", properties.reply_to, queue, ADDRESS)

    channel.basic_consume(queue, take, auto_ack=True)
    channel.start_consuming()


def or_panic(job):
    """The seed's data server does not outlive its broker."""
    try:
        job()
    except (pika.exceptions.AMQPError, OSError) as why:
        go.panic("%s: %r" % (job.__name__, why))


class Objects(go_server.Handler):
    """PUT and GET of /objects/<name>."""

    def serve(self, kind, name):
        head = "%s\r\n%s" % (self.requestline, self.headers.as_string())
        LOG.add("request", head.encode("latin-1"))
        if kind != "objects":
            self.reply(404, "Not Found")
        elif self.command == "PUT":
            self.put(name)
        elif self.command == "GET":
            self.fetch(name)
        else:
            self.reply(405, "Method Not Allowed")

    def put(self, name):
        try:
            with open(path_of(name), "wb", buffering=0) as file:
                for piece in self.body:
                    file.write(piece)
        except OSError:
            self.reply(500, "Internal Server Error")
            return
        self.reply(200, "OK")

    def fetch(self, name):
        try:
            file = open(path_of(name), "rb")
        except OSError:
            self.reply(404, "Not Found")
            return
        with file:
            go.send_body(self.wfile, iter(lambda: file.read(32 * 1024), b""))


def main():
    """Runs until killed."""
    os.makedirs(ROOT + "/objects", exist_ok=True)
    for job in (say_that_we_live, answer_locates):
        threading.Thread(target=or_panic, args=(job,), daemon=True).start()
    go_server.Server(go.host_and_port(ADDRESS), Objects).serve_forever()


main()
