"""Reads every event of a chain from Kafka, knowing its brokers and its schema registry alone.

    python read_topics.py 127.0.0.1:9092 http://127.0.0.1:8080

Prints totals as one line of JSON. Needs: pip install "confluent-kafka[avro,schemaregistry]"
"""

import json
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

brokers, registry_url = sys.argv[1:]
registry = SchemaRegistryClient({"url": registry_url})
(topic,) = [
    subject.removesuffix("-value")
    for subject in registry.get_subjects()
    if subject.endswith(".events-value")
]
decode = AvroDeserializer(registry)

# What a transaction that was aborted left behind is not shown.
consumer = Consumer(
    {
        "bootstrap.servers": brokers,
        "group.id": "read_topics",
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
    }
)
partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
consumer.assign([TopicPartition(topic, each, OFFSET_BEGINNING) for each in partitions])

# A publisher that took over may have written an event twice: an event is known by its place.
seen = set()
totals = dict(events=0, executed=0, refused=0, accounts=0, staked=0, paid=0)
unread = set(partitions)
while unread:
    message = consumer.poll(30)
    if message is None:
        sys.exit("read_topics: no answer for 30 s")
    if message.error():
        if message.error().code() != KafkaError._PARTITION_EOF:
            raise KafkaException(message.error())
        unread.discard(message.partition())
        continue
    record = decode(message.value(), SerializationContext(topic, MessageField.VALUE))["body"]
    if "keySequence" not in record:
        continue  # a mark of a height: the proof of the events before it
    place = (record["height"], record["executionIndex"], record["eventIndex"])
    if place in seen:
        continue
    seen.add(place)
    event = record["body"]
    totals["events"] += 1
    if "instruction" in event:
        totals["refused" if "code" in event else "executed"] += 1
    elif "reason" in event and "delta" in event:
        if event["reason"] == "STAKE":
            totals["staked"] -= event["delta"]
        if event["reason"] == "PAYOUT":
            totals["paid"] += event["delta"]
    elif set(event) == {"by"}:
        totals["accounts"] += 1
consumer.close()
print(json.dumps(totals))
