// Writes kafka_batches.h: record batches made by Apache Kafka's own MemoryRecordsBuilder.
//   javac -cp 'LIBS/*' -d /tmp/kb KafkaBatches.java && java -cp '/tmp/kb:LIBS/*' KafkaBatches > kafka_batches.h
// with LIBS the jars of Apache Kafka 4.3.1 (`./dev kafka` fetches them).
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.LeaderChangeMessage;
import org.apache.kafka.common.message.LeaderChangeMessage.Voter;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.apache.kafka.common.utils.Utils;

public class KafkaBatches {
    static final long TIME = 1700000000000L;

    static byte[] bytes(String text) { return text.getBytes(StandardCharsets.UTF_8); }

    static void print(String name, ByteBuffer buffer) {
        System.out.println("inline constexpr std::string_view " + name + " =");
        StringBuilder hex = new StringBuilder();
        for (ByteBuffer b = buffer.duplicate(); b.hasRemaining(); ) hex.append(String.format("%02x", b.get()));
        for (int i = 0; i < hex.length(); i += 110)
            System.out.println("    \"" + hex.substring(i, Math.min(hex.length(), i + 110)) + "\"" + (i + 110 >= hex.length() ? ";" : ""));
    }

    /** 40 records: key "key-N", value "value-N " repeated five times, timestamps TIME + 7 N. */
    static ByteBuffer many(CompressionType type) {
        MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1 << 16), Compression.of(type).build(), TimestampType.CREATE_TIME, 0L);
        for (int i = 0; i < 40; ++i) builder.append(TIME + 7L * i, bytes("key-" + i), bytes(("value-" + i + " ").repeat(5)));
        return builder.build().buffer();
    }

    /** Three records with every form of null and empty. */
    static void three(MemoryRecordsBuilder builder) {
        builder.append(TIME, bytes("k1"), bytes("v1"));
        builder.append(TIME + 300, (byte[]) null, new byte[0]);
        builder.append(TIME - 3, new byte[0], (byte[]) null, new Header[] {new RecordHeader("h1", bytes("x")), new RecordHeader("", (byte[]) null), new RecordHeader("h1", new byte[0])});
    }

    static MemoryRecordsBuilder builder(TimestampType type, long baseOffset, long appendTime, long id, short epoch, int sequence, boolean transactional, int leaderEpoch) {
        return new MemoryRecordsBuilder(new ByteBufferOutputStream(1 << 16), (byte) 2, Compression.NONE, type, baseOffset, appendTime, id, epoch, sequence, transactional, false, leaderEpoch, 1 << 16);
    }

    public static void main(String[] args) {
        System.out.println("#pragma once\n// Written by KafkaBatches.java with the jars of Apache Kafka 4.3.1; do not edit.\n\n#include <string_view>\n\nnamespace klamm::record::golden {\n");
        MemoryRecordsBuilder plain = builder(TimestampType.CREATE_TIME, 0, -1, -1, (short) -1, -1, false, -1);
        three(plain);
        print("kThree", plain.build().buffer());
        MemoryRecordsBuilder transactional = builder(TimestampType.CREATE_TIME, 1234567890123L, -1, 4000L, (short) 3, 2147483646, true, 17);
        three(transactional);
        print("kTransactional", transactional.build().buffer());
        MemoryRecordsBuilder appendTime = builder(TimestampType.LOG_APPEND_TIME, 5, TIME + 99, -1, (short) -1, -1, false, 2);
        three(appendTime);
        print("kLogAppendTime", appendTime.build().buffer());
        for (CompressionType type : CompressionType.values()) {
            String name = type.name.substring(0, 1).toUpperCase() + type.name.substring(1);
            print("kForty" + name, many(type));
        }
        print("kCommit", MemoryRecords.withEndTransactionMarker(77L, TIME, 5, 4000L, (short) 3, new EndTransactionMarker(ControlRecordType.COMMIT, 9)).buffer());
        print("kAbort", MemoryRecords.withEndTransactionMarker(78L, TIME, 5, 4000L, (short) 3, new EndTransactionMarker(ControlRecordType.ABORT, 9)).buffer());
        LeaderChangeMessage change = new LeaderChangeMessage().setVersion((short) 0).setLeaderId(1).setVoters(List.of(new Voter().setVoterId(1))).setGrantingVoters(List.of(new Voter().setVoterId(1)));
        print("kLeaderChange", MemoryRecords.withLeaderChangeMessage(0L, TIME, 6, ByteBuffer.allocate(256), change).buffer());
        System.out.println("\n// Key and what Utils.murmur2 makes of it.\nstruct Murmur2 {\n  std::string_view key;\n  int hash;\n};\ninline constexpr Murmur2 kMurmur2[] = {");
        for (String key : new String[] {"", "a", "ab", "abc", "abcd", "21", "foobar", "a-little-bit-long-string", "key-0", "key-1", "key-2", "the quick brown fox jumps over the lazy dog"})
            System.out.println("    {\"" + key + "\", " + Utils.murmur2(bytes(key)) + "},");
        byte[] high = new byte[7];
        java.util.Arrays.fill(high, (byte) 0xfe);
        System.out.println("    {\"\\xfe\\xfe\\xfe\\xfe\\xfe\\xfe\\xfe\", " + Utils.murmur2(high) + "},\n};\n\n}  // namespace klamm::record::golden");
    }
}
