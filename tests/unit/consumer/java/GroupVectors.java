// Prints what Apache Kafka's own classes make of consumer groups: assignments of RangeAssignor and the bytes of
// ConsumerProtocol, as C++ string literals. The output is checked in as ../group_vectors.inc; to make it anew, with Kafka's jars in LIBS:
//   javac -cp "LIBS/*" -d out GroupVectors.java && java -cp "LIBS/*:out" GroupVectors > ../group_vectors.inc

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

public class GroupVectors {
    static String hex(ByteBuffer bytes) {
        StringBuilder text = new StringBuilder();
        while (bytes.hasRemaining()) text.append(String.format("%02x", bytes.get()));
        return text.toString();
    }

    static void print(String line) {
        System.out.println("\"" + line + "\",");
    }

    static void assignment(Random random) {
        TreeMap<String, Integer> topics = new TreeMap<>();
        int topicCount = 1 + random.nextInt(4);
        for (int i = 0; i < topicCount; i++) topics.put("t" + i, random.nextInt(9));
        TreeMap<String, Subscription> members = new TreeMap<>();
        int memberCount = 1 + random.nextInt(5);
        for (int i = 0; i < memberCount; i++) {
            TreeSet<String> wanted = new TreeSet<>();
            for (String topic : topics.keySet()) if (random.nextInt(4) != 0) wanted.add(topic);
            if (random.nextInt(6) == 0) wanted.add("missing");
            Subscription subscription = new Subscription(new ArrayList<>(wanted));
            if (random.nextInt(3) == 0) subscription.setGroupInstanceId(Optional.of("i" + random.nextInt(100)));
            members.put("m" + random.nextInt(1000), subscription);
        }
        Node node = new Node(0, "host", 9092);
        List<PartitionInfo> partitions = new ArrayList<>();
        for (Map.Entry<String, Integer> topic : topics.entrySet())
            for (int p = 0; p < topic.getValue(); p++)
                partitions.add(new PartitionInfo(topic.getKey(), p, node, new Node[] {node}, new Node[] {node}));
        Cluster cluster = new Cluster("c", List.of(node), partitions, Collections.emptySet(), new HashSet<>());
        Map<String, Assignment> result = new RangeAssignor().assign(cluster, new GroupSubscription(members)).groupAssignment();
        StringBuilder line = new StringBuilder("assign");
        for (Map.Entry<String, Integer> topic : topics.entrySet()) line.append(" T:").append(topic.getKey()).append('=').append(topic.getValue());
        for (Map.Entry<String, Subscription> member : members.entrySet())
            line.append(" M:").append(member.getKey()).append('/').append(member.getValue().groupInstanceId().orElse("-")).append('=').append(String.join(",", member.getValue().topics()));
        for (Map.Entry<String, Assignment> member : new TreeMap<>(result).entrySet()) {
            TreeSet<String> names = new TreeSet<>();
            for (TopicPartition partition : member.getValue().partitions()) names.add(partition.toString());
            line.append(" R:").append(member.getKey()).append('=').append(String.join(",", names));
        }
        print(line.toString());
    }

    public static void main(String[] args) {
        System.out.println("// Made by java/GroupVectors.java. Do not edit.");
        Random random = new Random(20251121);
        for (int i = 0; i < 300; i++) assignment(random);
        print("subscription plain " + hex(ConsumerProtocol.serializeSubscription(new Subscription(List.of("b", "a", "topic-3")))));
        print("subscription generation " + hex(ConsumerProtocol.serializeSubscription(new Subscription(List.of("orders"), null, List.of(), 7, Optional.of("rack-1")))));
        print("subscription owned " + hex(ConsumerProtocol.serializeSubscription(new Subscription(List.of("a", "b"), ByteBuffer.wrap(new byte[] {1, 2, 3}),
            List.of(new TopicPartition("b", 1), new TopicPartition("a", 4), new TopicPartition("a", 0)), 3, Optional.empty()))));
        print("assignment some " + hex(ConsumerProtocol.serializeAssignment(new Assignment(List.of(new TopicPartition("b", 1), new TopicPartition("a", 4), new TopicPartition("a", 0))))));
        print("assignment none " + hex(ConsumerProtocol.serializeAssignment(new Assignment(List.of()))));
    }
}
