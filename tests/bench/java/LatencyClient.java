import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Java's clients under the open-loop schedule of ./dev bench; their own tool knows milliseconds only. */
public final class LatencyClient {
    private static final Map<String, String> VALUES = new HashMap<>();
    private static final Properties PRODUCER = new Properties(), CONSUMER = new Properties();

    private static long[] due, sent;
    private static int counted;

    private static int number(String name) { return Integer.parseInt(VALUES.get(name)); }

    private static void read(String[] words) {
        for (int at = 1; at + 1 < words.length; at += 2) {
            String name = words[at].substring(2), value = words[at + 1];
            if (!name.equals("set")) {
                VALUES.put(name, value);
                continue;
            }
            String[] pair = value.split("=", 2);
            if (pair[0].startsWith("producer.")) PRODUCER.put(pair[0].substring(9), pair[1]);
            else CONSUMER.put(pair[0].substring(9), pair[1]);
        }
        PRODUCER.put("bootstrap.servers", VALUES.get("bootstrap"));
        CONSUMER.put("bootstrap.servers", VALUES.get("bootstrap"));
    }

    private static synchronized void add(long dueAt, long sentAt) {
        long now = System.nanoTime();
        due[counted] = now - dueAt;
        sent[counted++] = now - sentAt;
    }

    private static void print() {
        StringBuilder text = new StringBuilder("{\"records\": " + counted);
        for (String prefix : List.of("", "call_")) {
            long[] delays = Arrays.copyOf(prefix.isEmpty() ? due : sent, counted);
            Arrays.sort(delays);
            String[] names = {"p50_us", "p99_us", "p999_us", "max_us"};
            double[] shares = {0.5, 0.99, 0.999, 1};
            for (int n = 0; n < names.length; n++)
                text.append(String.format(Locale.ROOT, ", \"%s%s\": %.1f", prefix, names[n], delays[Math.min((int) (shares[n] * counted), counted - 1)] / 1000.0));
        }
        System.out.println(text.append("}"));
    }

    private interface Send { void at(int n, long due); }

    private static void schedule(Send send) {
        int count = number("count") + number("warmup");
        long step = 1_000_000_000L / number("rate"), start = System.nanoTime() + 20_000_000L;
        for (int n = 0; n < count; n++) {
            long dueAt = start + n * step, wait;
            while ((wait = dueAt - System.nanoTime()) > 0) LockSupport.parkNanos(wait);
            send.at(n, dueAt);
        }
    }

    private static List<byte[]> payload() throws Exception {
        List<byte[]> lines = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of(VALUES.get("payload")))) lines.add(line.getBytes());
        return lines;
    }

    private static void readAll(AtomicLong ready) {
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(CONSUMER, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = new ArrayList<>();
            for (int n = 0; n < number("partitions"); n++) partitions.add(new TopicPartition(VALUES.get("topic"), n));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            int total = number("count") + number("warmup"), warmup = number("warmup");
            for (int seen = 0; seen < total; ready.set(1)) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    ByteBuffer moments = ByteBuffer.wrap(record.key());
                    if (++seen > warmup) add(moments.getLong(), moments.getLong());
                }
            }
        }
    }

    public static void main(String[] words) throws Exception {
        read(words);
        boolean endToEnd = words[0].equals("end-to-end");
        due = new long[number("count")];
        sent = new long[number("count")];
        List<byte[]> lines = payload();
        AtomicLong ready = new AtomicLong(), failed = new AtomicLong();
        Thread reader = new Thread(() -> readAll(ready));
        if (endToEnd) reader.start();
        while (endToEnd && ready.get() == 0) Thread.sleep(1);
        int warmup = number("warmup");
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(PRODUCER, new ByteArraySerializer(), new ByteArraySerializer())) {
            schedule((n, dueAt) -> {
                long now = System.nanoTime();
                byte[] key = endToEnd ? ByteBuffer.allocate(16).putLong(dueAt).putLong(now).array() : null;
                producer.send(new ProducerRecord<>(VALUES.get("topic"), key, lines.get(n % lines.size())), (metadata, error) -> {
                    if (error != null) failed.incrementAndGet();
                    else if (!endToEnd && n >= warmup) add(dueAt, now);
                });
            });
        }
        if (endToEnd) reader.join();
        if (failed.get() > 0) throw new IllegalStateException(failed.get() + " records could not be sent");
        print();
    }
}
