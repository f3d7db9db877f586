import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.UnalignedMemoryRecords;

/**
 * Fills messages of one class and version with varied values. Every field has a list of variants that must all be seen
 * before the samples suffice: lists of 0, 1 and 3, null where the version has it, empty, long and non-ASCII strings,
 * extreme numbers, tagged fields set and unset, unknown tagged fields present and absent.
 *
 * <p>The first sample has default values wherever Kafka's writer accepts them; the next ones take, field by field, the
 * variants that were not seen yet; once all were seen the values are random and small.
 */
final class MessageFiller {
    private static final String UNSET = "unset";
    private static final String NULL = "null";
    private static final int[] LONG_LENGTHS = {127, 128, 300};
    private static final int HUGE_LENGTH = 16384;

    private final Random random;
    private final Map<String, List<String>> toSee = new TreeMap<>();
    private boolean defaults;

    MessageFiller(long seed) {
        random = new Random(seed);
    }

    void fillWithDefaults(Message message, short version) throws Exception {
        defaults = true;
        fill(message, schemaOf(message, version));
        defaults = false;
    }

    void fillWithVariants(Message message, short version) throws Exception {
        fill(message, schemaOf(message, version));
    }

    /** Fields with the variants that no sample had so far. */
    Map<String, List<String>> missing() {
        Map<String, List<String>> missing = new TreeMap<>(toSee);
        missing.values().removeIf(List::isEmpty);
        return missing;
    }

    static Schema schemaOf(Message message, short version) throws Exception {
        return ((Schema[]) message.getClass().getField("SCHEMAS").get(null))[version];
    }

    /** Sets the fields that the schema of the version has. */
    private void fill(Object message, Schema schema) throws Exception {
        Map<String, Type> types = new HashMap<>();
        Map<String, Type> tagged = new HashMap<>();
        boolean flexible = false;
        for (var bound : schema.fields()) {
            if (bound.def.type instanceof TaggedFields tags) {
                flexible = true;
                tags.fields().values().forEach(field -> tagged.put(plain(field.name), field.type));
            } else {
                types.put(plain(bound.def.name), bound.def.type);
            }
        }
        for (Field field : message.getClass().getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers())) {
                continue;
            }
            field.setAccessible(true);
            String name = plain(field.getName());
            if (field.getName().equals("_unknownTaggedFields")) {
                if (flexible && !defaults) {
                    field.set(message, unknownTags(message.getClass()));
                }
            } else if (types.containsKey(name)) {
                set(message, field, types.get(name), false);
            } else if (tagged.containsKey(name)) {
                set(message, field, tagged.get(name), true);
            }
        }
    }

    private static String plain(String name) {
        return name.replace("_", "").toLowerCase(Locale.ROOT);
    }

    private void set(Object message, Field field, Type type, boolean tagged) throws Exception {
        Object current = field.get(message);
        if (defaults) {
            // Records default to null, which not every version can say.
            if (current == null && !type.isNullable()) {
                field.set(message, plainValue(field, type));
            } else if (current != null && type instanceof Schema schema) {
                fill(current, schema);
            }
            return;
        }
        String path = field.getDeclaringClass().getSimpleName() + "." + field.getName();
        List<String> variants = new ArrayList<>(variantsOf(field.getType(), type, field.getName()));
        if (type.isNullable()) {
            variants.add(NULL);
        }
        if (tagged) {
            variants.add(UNSET);
        }
        String variant = next(path, variants);
        if (!variant.equals(UNSET)) {
            field.set(message, variant.equals(NULL) ? null : value(path, field.getType(), field.getGenericType(), type, variant));
        }
    }

    /** A value for a field that has no default in a version. */
    private Object plainValue(Field field, Type type) throws Exception {
        String variant = variantsOf(field.getType(), type, field.getName()).get(0);
        return value(field.getName(), field.getType(), field.getGenericType(), type, variant);
    }

    /** One that was not seen, or a random one. */
    private String next(String path, List<String> variants) {
        List<String> left = toSee.get(path);
        if (left == null) {
            left = new ArrayList<>(variants);
            Collections.shuffle(left, random);
            toSee.put(path, left);
        }
        if (!left.isEmpty()) {
            return left.remove(left.size() - 1);
        }
        String variant = variants.get(random.nextInt(variants.size()));
        // Lists in lists in lists would make frames whose every prefix takes minutes to try.
        return variant.equals("3") ? "1" : variant.equals("long") ? "short" : variant;
    }

    private static List<String> variantsOf(Class<?> java, Type type, String name) {
        if (java == boolean.class) {
            return List.of("false", "true");
        } else if (java == double.class) {
            return List.of("0.0", "-1.5", "1234567.125", "-65536.0", "1.0E7", "-2.5E-4", "1.7976931348623157E308", "-Infinity");
        } else if (java == Uuid.class) {
            return List.of("zero", "ones", "random");
        } else if (java.isPrimitive()) {
            return List.of("lowest", "highest", "-1", "0", "random");
        } else if (Collection.class.isAssignableFrom(java)) {
            return List.of("0", "1", "3");
        } else if (java == String.class) {
            return List.of("empty", "short", "long", "non-ASCII");
        } else if (type instanceof Schema) {
            return List.of("filled");
        }
        return List.of("empty", "short", "long");
    }

    private Object value(String path, Class<?> java, java.lang.reflect.Type generic, Type type, String variant) throws Exception {
        if (java == boolean.class) {
            return variant.equals("true");
        } else if (java == double.class) {
            return Double.parseDouble(variant);
        } else if (java == Uuid.class) {
            return variant.equals("zero") ? Uuid.ZERO_UUID : variant.equals("ones") ? new Uuid(-1, -1) : new Uuid(random.nextLong(), random.nextLong());
        } else if (java.isPrimitive()) {
            return number(path, java, type, variant);
        } else if (java == String.class) {
            return text(variant);
        } else if (java == byte[].class) {
            return bytes(variant);
        } else if (java == ByteBuffer.class) {
            return ByteBuffer.wrap(bytes(variant));
        } else if (java.getSimpleName().equals("BaseRecords")) {
            ByteBuffer records = ByteBuffer.wrap(bytes(variant));
            return path.endsWith("unalignedRecords") ? new UnalignedMemoryRecords(records) : MemoryRecords.readableRecords(records);
        } else if (Collection.class.isAssignableFrom(java)) {
            return list(path, java, generic, type, Integer.parseInt(variant));
        }
        Object struct = java.getConstructor().newInstance();
        fill(struct, (Schema) type);
        return struct;
    }

    private Object number(String path, Class<?> java, Type type, String variant) {
        long bits = java == byte.class ? 8 : java == short.class ? 16 : java == int.class ? 32 : 64;
        long lowest = -1L << (bits - 1);
        long highest = ~lowest;
        if (type == Type.UINT16 || type == Type.UNSIGNED_INT32) {
            lowest = 0;
            highest = type == Type.UINT16 ? 0xFFFFL : 0xFFFFFFFFL;
        } else if (java == short.class && path.toLowerCase(Locale.ROOT).endsWith("errorcode")) {
            // Numbers that no Kafka gives an error are UNKNOWN_SERVER_ERROR to every reader.
            lowest = -1;
            highest = 133;
        }
        long number = switch (variant) {
            case "lowest" -> lowest;
            case "highest" -> highest;
            case "-1" -> Math.max(-1, lowest);
            case "0" -> 0;
            default -> bits == 64 && lowest < 0 ? random.nextLong() : lowest + Math.floorMod(random.nextLong(), highest - lowest + 1);
        };
        return java == byte.class ? (Object) (byte) number : java == short.class ? (Object) (short) number
            : java == int.class ? (Object) (int) number : (Object) number;
    }

    @SuppressWarnings("unchecked")
    private Object list(String path, Class<?> java, java.lang.reflect.Type generic, Type type, int size) throws Exception {
        Collection<Object> list = java == List.class ? new ArrayList<>() : (Collection<Object>) java.getConstructor().newInstance();
        java.lang.reflect.Type owner = java == List.class ? generic : java.getGenericSuperclass();
        java.lang.reflect.Type element = ((ParameterizedType) owner).getActualTypeArguments()[0];
        Class<?> elementClass = element instanceof ParameterizedType list2 ? (Class<?>) list2.getRawType() : unboxed((Class<?>) element);
        Type elementType = type.arrayElementType().get();
        for (int i = 0; i < size; i++) {
            String variant = next(path + "[]", variantsOf(elementClass, elementType, path));
            list.add(value(path + "[]", elementClass, element, elementType, variant));
        }
        return list;
    }

    private static Class<?> unboxed(Class<?> type) {
        return type == Integer.class ? int.class : type == Long.class ? long.class : type == Short.class ? short.class
            : type == Byte.class ? byte.class : type;
    }

    private String text(String variant) {
        String[] alphabet = {"a", "B", "7", "-", ".", "\"", "\\", "\n", "\t", "\u0001", " "};
        String[] wide = {"ü", "€", "😀", "\u007f", "\u0800", "\uffff", "z"};
        int length = switch (variant) {
            case "empty" -> 0;
            case "long" -> longLength();
            default -> 1 + random.nextInt(9);
        };
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append(variant.equals("long") ? "x" : variant.equals("short") ? alphabet[random.nextInt(alphabet.length)] : wide[i == 0 ? 0 : random.nextInt(wide.length)]);
        }
        return text.toString();
    }

    private byte[] bytes(String variant) {
        byte[] bytes = new byte[variant.equals("empty") ? 0 : variant.equals("long") ? longLength() : 1 + random.nextInt(20)];
        random.nextBytes(bytes);
        return bytes;
    }

    /** Compact lengths of one byte end at 126, those of two at 16382. */
    private int longLength() {
        return random.nextInt(64) == 0 ? HUGE_LENGTH : LONG_LENGTHS[random.nextInt(LONG_LENGTHS.length)];
    }

    /** Tags that no version of the struct has, the lowest possible and the highest possible among them. */
    private List<RawTaggedField> unknownTags(Class<?> struct) throws Exception {
        String variant = next(struct.getSimpleName() + ".(unknown tags)", List.of("none", "one", "many"));
        if (variant.equals("none")) {
            return new ArrayList<>();
        }
        TreeSet<Integer> known = new TreeSet<>();
        for (Schema schema : (Schema[]) struct.getField("SCHEMAS").get(null)) {
            if (schema == null) {
                continue;
            }
            for (var bound : schema.fields()) {
                if (bound.def.type instanceof TaggedFields tags) {
                    known.addAll(tags.fields().keySet());
                }
            }
        }
        int free = 0;
        while (known.contains(free)) {
            free++;
        }
        List<RawTaggedField> fields = new ArrayList<>(List.of(new RawTaggedField(free, bytes("short"))));
        if (variant.equals("many")) {
            int behind = Math.max(free, known.isEmpty() ? 0 : known.last()) + 1;
            fields.add(new RawTaggedField(behind, new byte[0]));
            fields.add(new RawTaggedField(70000, bytes("long")));
            fields.add(new RawTaggedField(Integer.MAX_VALUE - 1, bytes("short")));
        }
        return fields;
    }
}
