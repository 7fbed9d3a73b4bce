"""The seed's use of RabbitMQ, exactly: SEED-WIRE's section 2."""

import pika

import go

API_SERVERS = "apiServers"
DATA_SERVERS = "dataServers"


def connect(url):
    """A connection with the seed's heartbeat of 10 s, one channel on it, and a queue of its own."""
    parameters = pika.URLParameters(url)
    parameters.heartbeat = 10
    connection = pika.BlockingConnection(parameters)
    channel = connection.channel()
    # The seed leaves this to its operator; declared with any other attribute, the broker refuses it.
    for exchange in (API_SERVERS, DATA_SERVERS):
        channel.exchange_declare(exchange, "fanout", durable=True, auto_delete=False, internal=False)
    queue = channel.queue_declare("", durable=False, exclusive=False, auto_delete=True).method.queue
    return connection, channel, queue


def publish(channel, exchange, routing_key, queue, text):
    """A message with `reply_to` as its only property and a JSON string as its body."""
    properties = pika.BasicProperties(reply_to=queue)
    channel.basic_publish(exchange, routing_key, go.marshal(text), properties)


def properties_of(properties):
    """All properties that a message carries, for the log."""
    return {key: value for key, value in vars(properties).items() if value is not None}


def read(body):
    """The text of a message; the process ends, as the seed does, if Go could not read it."""
    try:
        return go.unquote(body)
    except go.Unreadable as why:
        go.panic("invalid syntax: %s: %r" % (why, body))
