import java.io.PrintStream;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.server.config.DynamicBrokerConfig;
import org.apache.kafka.server.config.ServerTopicConfigSynonyms;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * Configuration keys as Kafka defines them, columns split by tabs:
 *
 * <pre>
 * key   SCOPE NAME TYPE DEFAULT IMPORTANCE UPDATE SYNONYM VALIDATOR
 * value SCOPE NAME yes|no TEXT            does Kafka take the text as a value of the key?
 * end   COUNT                             of the keys
 * </pre>
 *
 * SCOPE is producer, consumer, admin, broker or topic. DEFAULT is "=text", or - for null and none. UPDATE (of a broker's
 * key) and SYNONYM (of a topic's key) are - where they mean nothing. Kafka's internal keys are left out.
 */
final class ConfigRows {
    private static final Pattern NUMBER = Pattern.compile("-?\\d+");

    private final PrintStream out;
    private int keys = 0;

    private ConfigRows(PrintStream out) {
        this.out = out;
    }

    static void write(PrintStream out) {
        ConfigRows rows = new ConfigRows(out);
        rows.scope("producer", ProducerConfig.configDef());
        rows.scope("consumer", ConsumerConfig.configDef());
        rows.scope("admin", AdminClientConfig.configDef());
        rows.scope("broker", kafka.server.KafkaConfig.configDef());
        rows.scope("topic", LogConfig.configDefCopy());
        out.println("end\t" + rows.keys);
    }

    private void scope(String scope, ConfigDef definition) {
        Map<String, String> updates = DynamicBrokerConfig.dynamicConfigUpdateModes();
        for (ConfigDef.ConfigKey key : new TreeMap<>(definition.configKeys()).values()) {
            if (key.internalConfig) {
                continue;
            }
            boolean none = !key.hasDefault() || key.defaultValue == null;
            String update = scope.equals("broker") ? updates.getOrDefault(key.name, "read-only") : "-";
            String synonym = scope.equals("topic") ? ServerTopicConfigSynonyms.TOPIC_CONFIG_SYNONYMS.getOrDefault(key.name, "-") : "-";
            out.println(String.join("\t", "key", scope, key.name, key.type.toString(),
                none ? "-" : "=" + ConfigDef.convertToString(key.defaultValue, key.type), key.importance.toString(), update, synonym,
                key.validator == null ? "-" : key.validator.toString().replaceAll("\\s+", " ")));
            for (String text : values(key)) {
                out.println(String.join("\t", "value", scope, key.name, takes(key, text) ? "yes" : "no", text));
            }
            keys++;
        }
    }

    private static boolean takes(ConfigDef.ConfigKey key, String text) {
        try {
            Object value = ConfigDef.parseType(key.name, text, key.type);
            if (key.validator != null) {
                key.validator.ensureValid(key.name, value);
            }
            return true;
        } catch (ConfigException refused) {
            return false;
        }
    }

    /** Values around every limit that the validator names, and some that no or every key should take. */
    private static Set<String> values(ConfigDef.ConfigKey key) {
        Set<String> values = new LinkedHashSet<>();
        String limits = key.validator == null ? "" : key.validator.toString();
        switch (key.type) {
            case BOOLEAN -> values.addAll(List.of("true", "FALSE", " true ", "yes", "1", ""));
            case SHORT, INT, LONG -> {
                values.addAll(List.of("-2", "-1", "0", "1", "2", "7", " 7 ", "+7", "1.5", "x", "", "0x10", "32767", "32768", "-32769", "2147483647",
                    "2147483648", "-2147483649", "9223372036854775807", "9223372036854775808"));
                Matcher numbers = NUMBER.matcher(limits);
                while (numbers.find()) {
                    long limit = Long.parseLong(numbers.group());
                    values.addAll(List.of("" + (limit - 1), "" + limit, "" + (limit + 1)));
                }
            }
            case DOUBLE -> {
                values.addAll(List.of("-0.001", "0", "0.0", "0.5", "1", "1.0", "1.001", "1e3", " 0.5 ", "x", "", "99999999"));
            }
            case STRING, LIST -> {
                values.addAll(List.of("x", "no such value"));
                if (key.type == ConfigDef.Type.LIST) {
                    values.addAll(List.of("x,y", "x,x", "x, y ", "x,,y", ""));
                } else if (key.validator != null) {
                    values.add("");
                }
                for (String choice : limits.replaceAll(".*\\[|\\].*", "").split("[,\\s]+")) {
                    if (!choice.isEmpty()) {
                        values.addAll(List.of(choice, choice.toUpperCase(java.util.Locale.ROOT), " " + choice, choice + "," + choice));
                    }
                }
            }
            default -> {
                // A class must be on Java's path, a password may be anything.
            }
        }
        return values;
    }
}
