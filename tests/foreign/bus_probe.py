"""A bystander on the bus for tests: shows every message as it came, and sends any. Setting: RABBITMQ_SERVER.

Reads one JSON object a line on standard input: {"exchange", "key", "body_hex"} and, if wanted, "reply_to" ("@me" is its own
queue), "correlation_id", "headers". Prints one JSON object a line: first {"what": "ready", "queue"}, then for each message
{"what": "apiServers" | "dataServers" | "reply", "properties", "body_hex"}, and {"what": "sent"} for each one sent."""

import json
import os
import queue
import sys
import threading

import pika

import seed_bus


def show(what, **more):
    """One line."""
    print(json.dumps({"what": what, **more}), flush=True)


def shower(what):
    """A consumer that shows what it gets."""
    def take(_channel, _method, properties, body):
        show(what, properties=seed_bus.properties_of(properties), body_hex=body.hex())

    return take


def send(channel, own_queue, order):
    """One message, just as ordered."""
    reply_to = order.get("reply_to")
    properties = pika.BasicProperties(
        reply_to=own_queue if reply_to == "@me" else reply_to,
        correlation_id=order.get("correlation_id"),
        headers=order.get("headers"),
    )
    channel.basic_publish(order["exchange"], order.get("key", ""), bytes.fromhex(order["body_hex"]), properties)
    show("sent")


def main():
    """Runs until its standard input ends."""
    connection, channel, own_queue = seed_bus.connect(os.environ["RABBITMQ_SERVER"])
    channel.basic_consume(own_queue, shower("reply"), auto_ack=True)
    for exchange in (seed_bus.API_SERVERS, seed_bus.DATA_SERVERS):
        listening = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(listening, exchange, routing_key="")
        channel.basic_consume(listening, shower(exchange), auto_ack=True)
    orders = queue.Queue()

    def read_orders():
        for line in sys.stdin:
            orders.put(json.loads(line))
        orders.put(None)

    threading.Thread(target=read_orders, daemon=True).start()
    show("ready", queue=own_queue)
    while True:
        connection.process_data_events(time_limit=0.02)
        while not orders.empty():
            order = orders.get()
            if order is None:
                return
            send(channel, own_queue, order)


main()
