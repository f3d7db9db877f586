import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * What Apache Kafka's own classes make of messages, record batches and configuration keys, as lines of text.
 *
 * <pre>
 *     java -cp CLASSES:'LIBS/*' Golden write-messages LIBS SAMPLES SEED [CLASS] > pairs.txt
 *     java -cp CLASSES:'LIBS/*' Golden read-messages LIBS < pairs.txt
 *     java -cp CLASSES:'LIBS/*' Golden write-batches SEEDS SEED > batches.txt
 *     java -cp CLASSES:'LIBS/*' Golden read-batches < batches.txt
 *     java -cp CLASSES:'LIBS/*' Golden write-configs > configs.txt
 * </pre>
 */
public final class Golden {
    private Golden() {
    }

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        int differences = 0;
        switch (args[0]) {
            case "write-messages" ->
                MessagePairs.write(out, new File(args[1]), Integer.parseInt(args[2]), Long.parseLong(args[3]), args.length > 4 ? args[4] : "");
            case "read-messages" -> differences = MessagePairs.read(in, out, new File(args[1]));
            case "write-batches" -> BatchPairs.write(out, Integer.parseInt(args[1]), Long.parseLong(args[2]));
            case "read-batches" -> differences = BatchPairs.read(in, out);
            case "write-configs" -> ConfigRows.write(out);
            default -> throw new IllegalArgumentException(args[0]);
        }
        out.flush();
        System.exit(differences == 0 ? 0 : 1);
    }
}
