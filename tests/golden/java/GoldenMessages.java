import com.fasterxml.jackson.databind.JsonNode;
import java.io.File;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.jar.JarFile;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.UnalignedMemoryRecords;

/**
 * Fills every message class of Kafka with varied values for every version and prints what Kafka's own classes make of
 * it, one line each: class, version, bytes in hex, JSON.
 *
 *     java -cp 'LIBS/*' GoldenMessages.java LIBS SAMPLES [SEED] > messages.txt
 *
 * The first sample of each version has default values wherever Kafka's writer accepts them.
 */
public final class GoldenMessages {
    private final Random random;
    private boolean defaults;

    private GoldenMessages(long seed) {
        random = new Random(seed);
    }

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        int samples = Integer.parseInt(args[1]);
        GoldenMessages golden = new GoldenMessages(args.length > 2 ? Long.parseLong(args[2]) : 1);
        for (String name : messageClasses(new File(args[0]))) {
            Class<?> type = Class.forName(name);
            short low = (short) type.getField("LOWEST_SUPPORTED_VERSION").get(null);
            short high = (short) type.getField("HIGHEST_SUPPORTED_VERSION").get(null);
            for (short version = low; version <= high; version++) {
                for (int sample = 0; sample < samples; sample++) {
                    golden.print(out, type, version, sample == 0);
                }
            }
        }
        out.flush();
    }

    /** Every generated message in Kafka's jars; a generated message has a JSON converter beside it. */
    private static TreeSet<String> messageClasses(File libs) throws Exception {
        TreeSet<String> names = new TreeSet<>();
        for (File file : libs.listFiles()) {
            if (!file.getName().startsWith("kafka-") || !file.getName().endsWith(".jar") || file.getName().startsWith("kafka-streams")) {
                continue;
            }
            try (JarFile jar = new JarFile(file)) {
                jar.stream().map(entry -> entry.getName()).filter(entry -> entry.endsWith("JsonConverter.class") && !entry.contains("$"))
                    .map(entry -> entry.substring(0, entry.length() - "JsonConverter.class".length()).replace('/', '.'))
                    .filter(entry -> !entry.contains(".Remote"))
                    .forEach(names::add);
            }
        }
        return names;
    }

    private void print(PrintStream out, Class<?> type, short version, boolean withDefaults) throws Exception {
        Schema[] schemas = (Schema[]) type.getField("SCHEMAS").get(null);
        Message message = (Message) type.getConstructor().newInstance();
        defaults = withDefaults;
        fill(message, schemas[version]);
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(buffer), cache, version);
        if (buffer.hasRemaining()) {
            throw new IllegalStateException(type + " v" + version + " wrote less than its size");
        }
        Method toJson = Class.forName(type.getName() + "JsonConverter").getMethod("write", type, short.class, boolean.class);
        StringBuilder hex = new StringBuilder();
        for (byte b : buffer.array()) {
            hex.append(Character.forDigit(b >> 4 & 15, 16)).append(Character.forDigit(b & 15, 16));
        }
        JsonNode json = (JsonNode) toJson.invoke(null, message, version, false);
        out.println(type.getSimpleName() + " " + version + " " + (hex.length() == 0 ? "-" : hex) + " " + json);
    }

    /** Sets the fields that the schema of the version has. */
    private void fill(Object message, Schema schema) throws Exception {
        Map<String, org.apache.kafka.common.protocol.types.Type> types = new HashMap<>();
        boolean flexible = false;
        for (var bound : schema.fields()) {
            if (bound.def.type instanceof TaggedFields tagged) {
                flexible = true;
                tagged.fields().values().forEach(field -> types.put(plain(field.name), field.type));
            } else {
                types.put(plain(bound.def.name), bound.def.type);
            }
        }
        for (Field field : message.getClass().getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers())) {
                continue;
            }
            field.setAccessible(true);
            if (field.getName().equals("_unknownTaggedFields")) {
                if (flexible && !defaults && random.nextInt(5) == 0) {
                    field.set(message, new ArrayList<>(List.of(new RawTaggedField(500, someBytes()), new RawTaggedField(70000, new byte[0]))));
                }
            } else if (types.containsKey(plain(field.getName()))) {
                set(message, field, types.get(plain(field.getName())));
            }
        }
    }

    private static String plain(String name) {
        return name.replace("_", "").toLowerCase(java.util.Locale.ROOT);
    }

    private void set(Object message, Field field, org.apache.kafka.common.protocol.types.Type type) throws Exception {
        Object current = field.get(message);
        if (defaults) {
            // Records default to null, which not every version can say.
            if (current == null && !type.isNullable()) {
                field.set(message, value(field.getType(), field.getGenericType(), type, field.getName()));
            } else if (current != null && type instanceof Schema schema) {
                fill(current, schema);
            }
            return;
        }
        if (!field.getType().isPrimitive() && type.isNullable() && random.nextInt(3) == 0) {
            field.set(message, null);
        } else if (random.nextInt(5) != 0 || current == null) {
            field.set(message, value(field.getType(), field.getGenericType(), type, field.getName()));
        } else if (type instanceof Schema schema) {
            fill(current, schema);
        }
    }

    private Object value(Class<?> java, Type generic, org.apache.kafka.common.protocol.types.Type type, String name) throws Exception {
        if (java == short.class) {
            return name.endsWith("rrorCode") ? (short) (random.nextInt(135) - 1) : (short) random.nextInt();
        } else if (java == int.class) {
            return org.apache.kafka.common.protocol.types.Type.UINT16 == type ? random.nextInt(65536) : random.nextInt();
        } else if (java == long.class) {
            return org.apache.kafka.common.protocol.types.Type.UNSIGNED_INT32 == type ? random.nextLong() & 0xFFFFFFFFL : random.nextLong();
        } else if (java == byte.class) {
            return (byte) random.nextInt();
        } else if (java == boolean.class) {
            return random.nextBoolean();
        } else if (java == double.class) {
            return random.nextInt(100000) / 8.0;
        } else if (java == String.class) {
            return someText();
        } else if (java == byte[].class) {
            return someBytes();
        } else if (java == ByteBuffer.class) {
            return ByteBuffer.wrap(someBytes());
        } else if (java == Uuid.class) {
            return new Uuid(random.nextLong(), random.nextLong());
        } else if (java.getSimpleName().equals("BaseRecords")) {
            ByteBuffer bytes = ByteBuffer.wrap(someBytes());
            return name.equals("unalignedRecords") ? new UnalignedMemoryRecords(bytes) : MemoryRecords.readableRecords(bytes);
        } else if (Collection.class.isAssignableFrom(java)) {
            return list(java, generic, type, name);
        }
        Object struct = java.getConstructor().newInstance();
        fill(struct, (Schema) type);
        return struct;
    }

    @SuppressWarnings("unchecked")
    private Object list(Class<?> java, Type generic, org.apache.kafka.common.protocol.types.Type type, String name) throws Exception {
        Collection<Object> list = java == List.class ? new ArrayList<>() : (Collection<Object>) java.getConstructor().newInstance();
        Type owner = java == List.class ? generic : java.getGenericSuperclass();
        Type element = ((ParameterizedType) owner).getActualTypeArguments()[0];
        org.apache.kafka.common.protocol.types.Type elementType = type.arrayElementType().get();
        for (int i = random.nextInt(4); i > 0; i--) {
            list.add(value(unboxed((Class<?>) element), element, elementType, name));
        }
        return list;
    }

    private static Class<?> unboxed(Class<?> type) {
        return type == Integer.class ? int.class : type == Long.class ? long.class : type == Short.class ? short.class
            : type == Byte.class ? byte.class : type;
    }

    private String someText() {
        String[] alphabet = {"a", "B", "7", "-", ".", "\"", "\\", "\n", "\u0001", "ü", "€", "😀", " "};
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(random.nextInt(10) == 0 ? 200 : 10); i > 0; i--) {
            text.append(alphabet[random.nextInt(alphabet.length)]);
        }
        return text.toString();
    }

    private byte[] someBytes() {
        byte[] bytes = new byte[random.nextInt(10) == 0 ? 1500 : random.nextInt(20)];
        random.nextBytes(bytes);
        return bytes;
    }
}
