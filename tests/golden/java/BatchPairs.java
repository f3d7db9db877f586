import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.KRaftVersionRecord;
import org.apache.kafka.common.message.LeaderChangeMessage;
import org.apache.kafka.common.message.SnapshotFooterRecord;
import org.apache.kafka.common.message.SnapshotHeaderRecord;
import org.apache.kafka.common.message.VotersRecord;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.apache.kafka.common.utils.Utils;

/**
 * Record batches as JSON and bytes, one a line, columns split by tabs:
 *
 * <pre>
 * codec   NUMBER NAME
 * control NUMBER NAME
 * batch   NAME SEED TIMESTAMPS BYTES JSON
 * end     COUNT                                of the batches
 * </pre>
 *
 * TIMESTAMPS are those that the records were appended with, by commas; - for a batch that compaction has changed, which
 * no builder makes. JSON is what Kafka reads of the batch.
 */
final class BatchPairs {
    private static final HexFormat HEX = HexFormat.of();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long NOW = 1700000000000L;
    private static final int ROOM = 1 << 16;

    private final PrintStream out;
    private final Random random = new Random();
    private int batches = 0;

    private BatchPairs(PrintStream out) {
        this.out = out;
    }

    /** Writes `seeds` batches of every name. */
    static void write(PrintStream out, int seeds, long seed) throws Exception {
        BatchPairs pairs = new BatchPairs(out);
        for (CompressionType type : CompressionType.values()) {
            out.println("codec\t" + type.id + "\t" + type.name);
        }
        for (ControlRecordType type : ControlRecordType.values()) {
            if (type != ControlRecordType.UNKNOWN) {
                out.println("control\t" + type.type() + "\t" + type);
            }
        }
        for (int i = 0; i < seeds; i++) {
            pairs.random.setSeed(seed * 31 + i);
            for (CompressionType codec : CompressionType.values()) {
                pairs.writeBuilt(codec, i);
                pairs.writeCompacted(codec, i);
            }
            for (ControlRecordType type : ControlRecordType.values()) {
                if (type != ControlRecordType.UNKNOWN) {
                    pairs.print(type.toString(), i, List.of(NOW + i), pairs.control(type, i));
                }
            }
        }
        out.println("end\t" + pairs.batches);
    }

    private void print(String name, int seed, List<Long> timestamps, MemoryRecords records) {
        ByteBuffer bytes = records.buffer().duplicate();
        String times = timestamps.isEmpty() ? "-" : timestamps.stream().map(String::valueOf).collect(Collectors.joining(","));
        out.println(String.join("\t", "batch", name, "" + seed, times, HEX.formatHex(Utils.toArray(bytes)), description(only(records)).toString()));
        batches++;
    }

    private static MutableRecordBatch only(MemoryRecords records) {
        Iterator<MutableRecordBatch> batches = records.batches().iterator();
        MutableRecordBatch batch = batches.next();
        if (batches.hasNext() || batch.sizeInBytes() != records.sizeInBytes()) {
            throw new IllegalStateException("more than one batch");
        }
        return batch;
    }

    private void writeBuilt(CompressionType codec, int seed) {
        for (TimestampType time : List.of(TimestampType.CREATE_TIME, TimestampType.LOG_APPEND_TIME)) {
            for (String state : List.of("plain", "idempotent", "transactional")) {
                MemoryRecordsBuilder builder = builder(codec, time, state, seed);
                List<SimpleRecord> records = records(seed);
                records.forEach(builder::append);
                print(codec.name + "-" + time.name() + "-" + state, seed, records.stream().map(SimpleRecord::timestamp).toList(), builder.build());
            }
        }
    }

    private MemoryRecordsBuilder builder(CompressionType codec, TimestampType time, String state, int seed) {
        long[] offsets = {0, 1L << 31, 5, 1234567890123L, Long.MAX_VALUE - 100000};
        boolean id = !state.equals("plain");
        boolean extreme = seed % 2 == 1;
        return new MemoryRecordsBuilder(new ByteBufferOutputStream(ROOM), RecordBatch.CURRENT_MAGIC_VALUE, compression(codec, seed), time,
            offsets[seed % offsets.length], time == TimestampType.LOG_APPEND_TIME ? NOW + seed : RecordBatch.NO_TIMESTAMP,
            !id ? RecordBatch.NO_PRODUCER_ID : extreme ? Long.MAX_VALUE : 4000 + seed,
            !id ? RecordBatch.NO_PRODUCER_EPOCH : extreme ? Short.MAX_VALUE : (short) seed,
            !id ? RecordBatch.NO_SEQUENCE : extreme ? Integer.MAX_VALUE : seed,
            state.equals("transactional"), false, seed == 0 ? RecordBatch.NO_PARTITION_LEADER_EPOCH : seed * 1000, ROOM);
    }

    /** At the codec's own level, its lowest and its highest. */
    private static Compression compression(CompressionType codec, int seed) {
        boolean highest = seed % 3 == 1;
        if (seed % 3 == 0) {
            return Compression.of(codec).build();
        }
        return switch (codec) {
            case GZIP -> Compression.gzip().level(highest ? 9 : 1).build();
            case LZ4 -> Compression.lz4().level(highest ? 17 : 1).build();
            case ZSTD -> Compression.zstd().level(highest ? 19 : -5).build();
            default -> Compression.of(codec).build();
        };
    }

    private List<SimpleRecord> records(int seed) {
        List<SimpleRecord> records = new ArrayList<>();
        switch (seed) {
            case 0 -> records.add(new SimpleRecord(NOW, (byte[]) null, null));
            case 1 -> {
                records.add(new SimpleRecord(NOW, text("k1"), text("v1")));
                records.add(new SimpleRecord(NOW + 300, null, new byte[0]));
                records.add(new SimpleRecord(NOW - 3, new byte[0], null, new Header[] {
                    new RecordHeader("h1", text("x")), new RecordHeader("", (byte[]) null), new RecordHeader("h1", new byte[0])}));
            }
            case 2 -> {
                for (int i = 0; i < 300; i++) {
                    records.add(new SimpleRecord(NOW + i, text("key-" + i), text("value-" + i + " äöü€😀 ".repeat(i % 7))));
                }
            }
            case 3 -> records.add(new SimpleRecord(NOW, text("large"), text("much the same again and again, ".repeat(4500))));
            case 4 -> records.add(new SimpleRecord(0, noise(70000), noise(3)));
            case 5 -> {
                for (long timestamp : new long[] {RecordBatch.NO_TIMESTAMP, Long.MAX_VALUE / 2, 0, 1, NOW}) {
                    records.add(new SimpleRecord(timestamp, noise(1), noise(128)));
                }
            }
            default -> {
                for (int i = random.nextInt(25); i >= 0; i--) {
                    records.add(anyRecord());
                }
            }
        }
        return records;
    }

    private SimpleRecord anyRecord() {
        Header[] headers = new Header[random.nextInt(30) == 0 ? 70 : random.nextInt(3)];
        for (int i = 0; i < headers.length; i++) {
            headers[i] = new RecordHeader("h-ü".repeat(random.nextInt(3)), anyBytes());
        }
        return new SimpleRecord(NOW + random.nextInt(100000) - 50000, anyBytes(), anyBytes(), headers);
    }

    private byte[] anyBytes() {
        int kind = random.nextInt(6);
        return kind == 0 ? null : kind == 1 ? new byte[0] : kind == 2 ? text("abcabcabc ".repeat(random.nextInt(60))) : noise(random.nextInt(200));
    }

    private byte[] noise(int size) {
        byte[] bytes = new byte[size];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** What the log cleaner leaves: some records, none, and tombstones and markers that wait for their delete horizon. */
    private void writeCompacted(CompressionType codec, int seed) {
        MemoryRecordsBuilder builder = builder(codec, TimestampType.CREATE_TIME, "idempotent", seed);
        for (int i = 0; i < 10; i++) {
            builder.append(NOW + i, text("key-" + i), i % 4 == 3 ? null : noise(20));
        }
        MemoryRecords whole = builder.build();
        int kept = seed % 10;
        print(codec.name + "-gaps", seed, List.of(), filtered(whole, MemoryRecords.RecordFilter.BatchRetention.DELETE_EMPTY,
            record -> (record.offset() - only(whole).baseOffset()) % 4 == 3 ? false : record.offset() - only(whole).baseOffset() >= kept || record.offset() % 2 == 0));
        print(codec.name + "-emptied", seed, List.of(), filtered(whole, MemoryRecords.RecordFilter.BatchRetention.RETAIN_EMPTY, record -> false));
        print(codec.name + "-delete-horizon", seed, List.of(), filtered(whole, MemoryRecords.RecordFilter.BatchRetention.DELETE_EMPTY,
            record -> (record.offset() - only(whole).baseOffset()) % 4 == 3 || record.offset() % 3 == 0));
        if (codec == CompressionType.NONE) {
            MemoryRecords marker = control(ControlRecordType.ABORT, seed);
            print("marker-delete-horizon", seed, List.of(), filtered(marker, MemoryRecords.RecordFilter.BatchRetention.DELETE_EMPTY, record -> true));
        }
    }

    private interface Keep {
        boolean record(Record record);
    }

    private MemoryRecords filtered(MemoryRecords records, MemoryRecords.RecordFilter.BatchRetention retention, Keep keep) {
        long retainMs = 86400000L;
        ByteBuffer to = ByteBuffer.allocate(records.sizeInBytes() + ROOM);
        MemoryRecords.FilterResult result = records.filterTo(new MemoryRecords.RecordFilter(NOW + 1000, retainMs) {
            @Override
            protected BatchRetentionResult checkBatchRetention(RecordBatch batch) {
                return new BatchRetentionResult(retention, batch.isControlBatch());
            }

            @Override
            protected boolean shouldRetainRecord(RecordBatch batch, Record record) {
                return keep.record(record);
            }
        }, to, BufferSupplier.create());
        ByteBuffer filtered = result.outputBuffer();
        filtered.flip();
        return MemoryRecords.readableRecords(filtered);
    }

    private MemoryRecords control(ControlRecordType type, int seed) {
        ByteBuffer room = ByteBuffer.allocate(ROOM);
        long offset = 77L + seed;
        int epoch = 5 + seed;
        short version = 0;
        return switch (type) {
            case ABORT, COMMIT -> MemoryRecords.withEndTransactionMarker(offset, NOW + seed, epoch, 4000L + seed, (short) seed,
                new EndTransactionMarker(type, seed == 7 ? Integer.MAX_VALUE : seed));
            case LEADER_CHANGE -> MemoryRecords.withLeaderChangeMessage(offset, NOW + seed, epoch, room, new LeaderChangeMessage().setVersion(version)
                .setLeaderId(seed).setVoters(voters(seed)).setGrantingVoters(voters(seed / 2)));
            case SNAPSHOT_HEADER -> MemoryRecords.withSnapshotHeaderRecord(offset, NOW + seed, epoch, room,
                new SnapshotHeaderRecord().setVersion(version).setLastContainedLogTimestamp(NOW - seed));
            case SNAPSHOT_FOOTER -> MemoryRecords.withSnapshotFooterRecord(offset, NOW + seed, epoch, room, new SnapshotFooterRecord().setVersion(version));
            case KRAFT_VERSION -> MemoryRecords.withKRaftVersionRecord(offset, NOW + seed, epoch, room,
                new KRaftVersionRecord().setVersion(version).setKRaftVersion((short) seed));
            case KRAFT_VOTERS -> MemoryRecords.withVotersRecord(offset, NOW + seed, epoch, room, new VotersRecord().setVersion(version).setVoters(
                voters(seed).stream().map(voter -> new VotersRecord.Voter().setVoterId(voter.voterId())).toList()));
            case UNKNOWN -> throw new IllegalArgumentException();
        };
    }

    private static List<LeaderChangeMessage.Voter> voters(int count) {
        List<LeaderChangeMessage.Voter> voters = new ArrayList<>();
        for (int id = 0; id < count; id++) {
            voters.add(new LeaderChangeMessage.Voter().setVoterId(id));
        }
        return voters;
    }

    /** What Kafka reads of a batch. */
    private static ObjectNode description(MutableRecordBatch batch) {
        batch.ensureValid();
        ObjectNode node = JSON.createObjectNode();
        node.put("baseOffset", batch.baseOffset()).put("lastOffset", batch.lastOffset()).put("nextOffset", batch.nextOffset());
        node.put("size", batch.sizeInBytes()).put("leaderEpoch", batch.partitionLeaderEpoch()).put("magic", batch.magic()).put("crc", batch.checksum());
        node.put("codec", batch.compressionType().name).put("logAppendTime", batch.timestampType() == TimestampType.LOG_APPEND_TIME);
        node.put("transactional", batch.isTransactional()).put("control", batch.isControlBatch());
        node.put("baseTimestamp", ((DefaultRecordBatch) batch).baseTimestamp()).put("maxTimestamp", batch.maxTimestamp());
        node.put("deleteHorizon", batch.deleteHorizonMs().orElse(-1));
        node.put("producerId", batch.producerId()).put("producerEpoch", batch.producerEpoch());
        node.put("baseSequence", batch.baseSequence()).put("lastSequence", batch.lastSequence()).put("count", batch.countOrNull());
        ArrayNode records = node.putArray("records");
        for (Record record : batch) {
            ObjectNode entry = records.addObject().put("offset", record.offset()).put("timestamp", record.timestamp()).put("size", record.sizeInBytes());
            entry.put("key", record.hasKey() ? HEX.formatHex(Utils.toArray(record.key())) : null);
            entry.put("value", record.hasValue() ? HEX.formatHex(Utils.toArray(record.value())) : null);
            ArrayNode headers = entry.putArray("headers");
            for (Header header : record.headers()) {
                headers.addObject().put("key", header.key()).put("value", header.value() == null ? null : HEX.formatHex(header.value()));
            }
            if (batch.isControlBatch()) {
                entry.put("type", ControlRecordType.parse(record.key()).toString());
            }
        }
        return node;
    }

    /** Reads batches that another program wrote and described (NAME, SEED, BYTES and JSON) and says what Kafka sees differently. */
    static int read(BufferedReader in, PrintStream out) throws Exception {
        return new Differences("batches", columns -> columns[1] + " seed " + columns[2], BatchPairs::difference).count(in, out);
    }

    private static String difference(String[] columns) throws Exception {
        ObjectNode seen = description(only(MemoryRecords.readableRecords(ByteBuffer.wrap(HEX.parseHex(columns[4])))));
        return JSON.readTree(seen.toString()).equals(JSON.readTree(columns[5])) ? "" : "is\n  " + seen + "\ninstead of\n  " + columns[5];
    }
}
