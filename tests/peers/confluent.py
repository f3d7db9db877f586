#!/usr/bin/env python3
"""The confluent-kafka-python peer: produces and consumes records in the line form of tests/peers/README.md.

usage: confluent.py produce BOOTSTRAP TOPIC CODEC          (records on stdin)
       confluent.py consume BOOTSTRAP TOPIC GROUP COUNT     (records on stdout, offsets committed)
"""
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer


def field(text):
    return None if text == "-" else bytes.fromhex(text)


def show(value):
    return "-" if value is None else value.hex()


def on_delivery(error, _message):
    if error is not None:
        raise KafkaException(error)


def produce(bootstrap, topic, codec):
    producer = Producer({"bootstrap.servers": bootstrap, "compression.type": codec, "enable.idempotence": True, "linger.ms": 5})
    for line in sys.stdin:
        key, value, headers = line.rstrip("\n").split("\t")
        pairs = [header.split("=", 1) for header in headers.split(",") if header]
        while True:
            try:
                producer.produce(topic, field(value), field(key), headers=[(name, field(text)) for name, text in pairs],
                                 on_delivery=on_delivery)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    if producer.flush(60) != 0:
        sys.exit("confluent: records are left undelivered after 60 s")


def consume(bootstrap, topic, group, count):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                         "enable.auto.commit": False})
    consumer.subscribe([topic])
    seen, deadline = 0, time.monotonic() + 120
    while seen < count:
        if time.monotonic() > deadline:
            sys.exit(f"confluent: only {seen} of {count} records came within 120 s")
        for message in consumer.consume(10000, 0.5):
            if message.error():
                raise KafkaException(message.error())
            headers = ",".join(f"{name}={show(value)}" for name, value in message.headers() or [])
            print(show(message.key()), show(message.value()), headers, sep="\t")
            seen += 1
    consumer.commit(asynchronous=False)
    consumer.close()


if __name__ == "__main__":
    if len(sys.argv) == 5 and sys.argv[1] == "produce":
        produce(*sys.argv[2:])
    elif len(sys.argv) == 6 and sys.argv[1] == "consume":
        consume(*sys.argv[2:5], int(sys.argv[5]))
    else:
        sys.exit(__doc__)
