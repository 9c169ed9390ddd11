import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads every event of a chain, knowing the brokers and the schema registry alone. Prints totals as
 * a line of JSON.
 */
public class ReadTopics {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final HttpClient http = HttpClient.newHttpClient();
  private final String registry;
  private final Map<Integer, GenericDatumReader<GenericRecord>> readers = new HashMap<>();
  private final Map<String, Long> totals = new LinkedHashMap<>();
  /** A publisher that took over may have written an event twice: an event is known by its place. */
  private final Set<List<Object>> seen = new HashSet<>();

  ReadTopics(String registry) {
    this.registry = registry;
    for (String name : List.of("events", "executed", "refused", "accounts", "staked", "paid")) {
      totals.put(name, 0L);
    }
  }

  public static void main(String[] arguments) throws Exception {
    ReadTopics reading = new ReadTopics(arguments[1]);
    String topic = null;
    for (JsonNode subject : reading.ask("/subjects")) {
      String name = subject.asText();
      if (name.endsWith(".events-value")) topic = name.replaceAll("-value$", "");
    }
    reading.read(arguments[0], topic);
    System.out.println(JSON.writeValueAsString(reading.totals));
  }

  private void read(String brokers, String topic) throws Exception {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", brokers);
    properties.put("isolation.level", "read_committed"); // not what an aborted transaction left
    properties.put("key.deserializer", ByteArrayDeserializer.class);
    properties.put("value.deserializer", ByteArrayDeserializer.class);
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties)) {
      List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
          .map(each -> new TopicPartition(topic, each.partition())).toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (!partitions.stream().allMatch(each -> consumer.position(each) >= ends.get(each))) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          count(decode(record.value()));
        }
      }
    }
  }

  /** A zero byte, the id of the schema that the record was written with, the record. */
  private GenericRecord decode(byte[] value) throws Exception {
    ByteBuffer frame = ByteBuffer.wrap(value);
    if (frame.get() != 0) throw new IllegalArgumentException("not in the frame of a schema registry");
    int id = frame.getInt();
    GenericDatumReader<GenericRecord> reader = readers.get(id);
    if (reader == null) {
      String schema = ask("/schemas/ids/" + id).get("schema").asText();
      reader = new GenericDatumReader<>(new Schema.Parser().parse(schema));
      readers.put(id, reader);
    }
    DecoderFactory decoders = DecoderFactory.get();
    return reader.read(null, decoders.binaryDecoder(value, frame.position(), frame.remaining(), null));
  }

  private void count(GenericRecord record) {
    GenericRecord event = (GenericRecord) record.get("body");
    // A mark of a height: the proof of the events before it.
    if (!event.getSchema().getName().equals("EventEnvelope")) return;
    Object height = event.get("height");
    if (!seen.add(List.of(height, event.get("executionIndex"), event.get("eventIndex")))) return;
    add("events", 1);
    GenericRecord body = (GenericRecord) event.get("body");
    switch (body.getSchema().getName()) {
      case "CommandExecuted" -> add("executed", 1);
      case "CommandRefused" -> add("refused", 1);
      case "AccountCreated" -> add("accounts", 1);
      case "BalanceChanged" -> {
        String reason = body.get("reason").toString();
        if (reason.equals("STAKE")) add("staked", -(long) body.get("delta"));
        if (reason.equals("PAYOUT")) add("paid", (long) body.get("delta"));
      }
      default -> { }
    }
  }

  private void add(String name, long amount) {
    totals.merge(name, amount, Math::addExact);
  }

  private JsonNode ask(String path) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(registry + path)).build();
    HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() != 200) throw new IllegalStateException(path + ": " + response.body());
    return JSON.readTree(response.body());
  }
}
