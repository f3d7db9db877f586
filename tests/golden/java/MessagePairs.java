import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.File;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.jar.JarFile;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.UnalignedMemoryRecords;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.metadata.MetadataRecordSerde;
import org.apache.kafka.server.common.ApiMessageAndVersion;

/**
 * Messages as JSON and bytes, one a line, columns split by tabs:
 *
 * <pre>
 * api    KEY NAME FIRST LAST UNSTABLE REQUEST_HEADERS RESPONSE_HEADERS     header versions of each version, by commas
 * class  NAME FIRST LAST                                                   a message that is no request or response
 * pair   KIND CLASS KEY VERSION SEED FRONT BODY PRINTED WHOLE
 * end    COUNT                                                             of the pairs
 * </pre>
 *
 * KIND is request, response, or message for headers and what is stored. FRONT is the header before a request or a
 * response, and the whole of a stored message with what Kafka puts before it. PRINTED is the JSON of Kafka's own
 * converter; WHOLE has what that leaves out: the bytes of records, and unknown tagged fields as "_tags" (= for the same).
 */
final class MessagePairs {
    private static final int MOST_SAMPLES = 100;
    private static final HexFormat HEX = HexFormat.of();
    private static final ObjectMapper JSON = new ObjectMapper();

    private final PrintStream out;
    private final int samples;
    private final long seed;
    private final String only;
    private int pairs = 0;

    private MessagePairs(PrintStream out, int samples, long seed, String only) {
        this.out = out;
        this.samples = samples;
        this.seed = seed;
        this.only = only;
    }

    /** Writes at least `samples` pairs per class and version; of the class `only` when that is not empty. */
    static void write(PrintStream out, File libs, int samples, long seed, String only) throws Exception {
        MessagePairs pairs = new MessagePairs(out, samples, seed, only);
        TreeSet<String> rest = messageClasses(libs);
        for (ApiMessageType api : ApiMessageType.values()) {
            short last = api.highestSupportedVersion(true);
            if (api.lowestSupportedVersion() > last) {
                continue;
            }
            pairs.declare(api);
            rest.remove(api.newRequest().getClass().getName());
            rest.remove(api.newResponse().getClass().getName());
            for (short version = api.lowestSupportedVersion(); version <= last; version++) {
                pairs.writeSamples("request", api.newRequest().getClass(), version, api);
                pairs.writeSamples("response", api.newResponse().getClass(), version, api);
            }
        }
        for (String name : rest) {
            Class<?> type = Class.forName(name);
            short first = type.getField("LOWEST_SUPPORTED_VERSION").getShort(null);
            short last = type.getField("HIGHEST_SUPPORTED_VERSION").getShort(null);
            out.println("class\t" + type.getSimpleName() + "\t" + first + "\t" + last);
            for (short version = first; version <= last; version++) {
                pairs.writeSamples("message", type, version, null);
            }
        }
        out.println("end\t" + pairs.pairs);
    }

    /** Every generated message in Kafka's jars; a generated message has a JSON converter beside it. */
    private static TreeSet<String> messageClasses(File libs) throws Exception {
        TreeSet<String> names = new TreeSet<>();
        for (File file : libs.listFiles()) {
            if (!file.getName().startsWith("kafka") || !file.getName().endsWith(".jar") || file.getName().startsWith("kafka-streams")) {
                continue;
            }
            try (JarFile jar = new JarFile(file)) {
                jar.stream().map(entry -> entry.getName()).filter(entry -> entry.endsWith("JsonConverter.class") && !entry.contains("$"))
                    .map(entry -> entry.substring(0, entry.length() - "JsonConverter.class".length()).replace('/', '.'))
                    // Tiered storage is left out by name: RemoteLogSegmentMetadataRecord and its like.
                    .filter(entry -> !entry.contains(".Remote"))
                    .forEach(names::add);
            }
        }
        return names;
    }

    private void declare(ApiMessageType api) {
        StringBuilder requests = new StringBuilder();
        StringBuilder responses = new StringBuilder();
        for (short version = api.lowestSupportedVersion(); version <= api.highestSupportedVersion(true); version++) {
            requests.append(requests.length() == 0 ? "" : ",").append(api.requestHeaderVersion(version));
            responses.append(responses.length() == 0 ? "" : ",").append(api.responseHeaderVersion(version));
        }
        out.println(String.join("\t", "api", "" + api.apiKey(), api.name, "" + api.lowestSupportedVersion(), "" + api.highestSupportedVersion(true),
            "" + api.latestVersionUnstable(), requests, responses));
    }

    private void writeSamples(String kind, Class<?> type, short version, ApiMessageType api) throws Exception {
        if (!only.isEmpty() && !only.equals(type.getSimpleName())) {
            return;
        }
        // A seed per class and version: one of them can be written again alone.
        MessageFiller filler = new MessageFiller(seed * 31 + (type.getName() + version).hashCode());
        for (int sample = 0; sample < samples || !filler.missing().isEmpty(); sample++) {
            if (sample >= Math.max(samples, MOST_SAMPLES)) {
                throw new IllegalStateException(type + " v" + version + ": no sample had " + filler.missing());
            }
            Message message = (Message) type.getConstructor().newInstance();
            if (sample == 0) {
                filler.fillWithDefaults(message, version);
            } else {
                filler.fillWithVariants(message, version);
            }
            String front = api == null ? HEX.formatHex(stored(message, version)) : HEX.formatHex(header(kind, filler, sample, api, version));
            print(kind, message, version, sample, front);
        }
    }

    private void print(String kind, Message message, short version, int sample, String front) throws Exception {
        String printed = json(message, version, false).toString();
        JsonNode complete = json(message, version, true);
        addWhatIsLeftOut(message, complete);
        String whole = complete.toString();
        int key = message instanceof ApiMessage api ? api.apiKey() : -1;
        out.println(String.join("\t", "pair", kind, message.getClass().getSimpleName(), "" + key, "" + version, "" + sample, front,
            HEX.formatHex(bytesOf(message, version)), printed, whole.equals(printed) ? "=" : whole));
        pairs++;
    }

    private static byte[] bytesOf(Message message, short version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(buffer), cache, version);
        if (buffer.hasRemaining()) {
            throw new IllegalStateException(message.getClass() + " v" + version + " wrote less than its size");
        }
        return buffer.array();
    }

    private static byte[] header(String kind, MessageFiller filler, int sample, ApiMessageType api, short version) throws Exception {
        short headerVersion = kind.equals("request") ? api.requestHeaderVersion(version) : api.responseHeaderVersion(version);
        Message header = kind.equals("request") ? new RequestHeaderData() : new ResponseHeaderData();
        if (sample > 0) {
            filler.fillWithVariants(header, headerVersion);
        }
        if (header instanceof RequestHeaderData request) {
            request.setRequestApiKey(api.apiKey()).setRequestApiVersion(version);
        }
        return bytesOf(header, headerVersion);
    }

    /** The bytes with what Kafka puts before them in logs and blobs. */
    private static byte[] stored(Message message, short version) {
        if (message instanceof ApiMessage api && message.getClass().getPackageName().equals("org.apache.kafka.common.metadata")) {
            MetadataRecordSerde serde = new MetadataRecordSerde();
            ObjectSerializationCache cache = new ObjectSerializationCache();
            ApiMessageAndVersion record = new ApiMessageAndVersion(api, version);
            ByteBuffer buffer = ByteBuffer.allocate(serde.recordSize(record, cache));
            serde.write(record, cache, new ByteBufferAccessor(buffer));
            return buffer.array();
        }
        if (isCoordinatorKey(message)) {
            return MessageUtil.toCoordinatorTypePrefixedBytes((ApiMessage) message);
        }
        return MessageUtil.toVersionPrefixedBytes(version, message);
    }

    private static boolean isCoordinatorKey(Message message) {
        return message.getClass().getPackageName().contains(".coordinator.") && message.getClass().getSimpleName().endsWith("Key");
    }

    private static JsonNode json(Message message, short version, boolean withRecords) throws Exception {
        return (JsonNode) Class.forName(message.getClass().getName() + "JsonConverter")
            .getMethod("write", message.getClass(), short.class, boolean.class).invoke(null, message, version, withRecords);
    }

    /** Kafka's converters say nothing of unknown tagged fields, and of records only that they are there. */
    private static void addWhatIsLeftOut(Object value, JsonNode node) throws Exception {
        if (value instanceof Collection<?> list) {
            int i = 0;
            for (Object element : list) {
                addWhatIsLeftOut(element, node.get(i++));
            }
        }
        if (!(value instanceof Message) || node == null || !node.isObject()) {
            return;
        }
        for (Field field : value.getClass().getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers())) {
                continue;
            }
            field.setAccessible(true);
            Object inner = field.get(value);
            if (inner instanceof BaseRecords records) {
                ((ObjectNode) node).put(field.getName(), bytesOf(records));
            } else if (inner != null && !field.getName().startsWith("_")) {
                addWhatIsLeftOut(inner, node.get(field.getName()));
            }
        }
        List<RawTaggedField> unknown = ((Message) value).unknownTaggedFields();
        if (!unknown.isEmpty()) {
            ArrayNode tags = ((ObjectNode) node).putArray("_tags");
            unknown.forEach(field -> tags.addObject().put("tag", field.tag()).put("data", field.data()));
        }
    }

    private static byte[] bytesOf(BaseRecords records) {
        return Utils.toArray(records instanceof UnalignedMemoryRecords raw ? raw.buffer() : ((MemoryRecords) records).buffer());
    }

    /**
     * Reads pairs that another program wrote (FRONT and PRINTED only; WHOLE is not looked at), lets Kafka's classes read
     * and write them, and says what differs. Returns the number of differences.
     */
    static int read(BufferedReader in, PrintStream out, File libs) throws Exception {
        Map<String, String> classes = new java.util.HashMap<>();
        messageClasses(libs).forEach(name -> classes.put(name.substring(name.lastIndexOf('.') + 1), name));
        return new Differences("pairs", columns -> columns[2] + " v" + columns[4] + " seed " + columns[5],
                columns -> differenceOf(classes.get(columns[2]), Short.parseShort(columns[4]), HEX.parseHex(columns[6]), columns[7])).count(in, out);
    }

    private static String differenceOf(String name, short version, byte[] bytes, String printed) throws Exception {
        Class<?> type = Class.forName(name);
        Message message = (Message) type.getConstructor().newInstance();
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        message.read(new ByteBufferAccessor(buffer), version);
        if (buffer.hasRemaining()) {
            return "leaves " + buffer.remaining() + " bytes";
        }
        byte[] again = bytesOf(message, version);
        if (!java.util.Arrays.equals(again, bytes)) {
            return "is written as\n  " + HEX.formatHex(again) + "\ninstead of\n  " + HEX.formatHex(bytes);
        }
        String json = json(message, version, false).toString();
        // Java before 19 does not always find the shortest digits of a number.
        boolean same = json.equals(printed) || JSON.readTree(json).equals(JSON.readTree(printed));
        return same ? "" : "is\n  " + json + "\ninstead of\n  " + printed;
    }
}
