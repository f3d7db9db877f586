import java.io.BufferedReader;
import java.io.PrintStream;
import java.util.function.Function;

/** Goes through lines of columns that another program wrote, the last one "end" and their number, and says what Kafka's classes see differently. */
final class Differences {
    /** Empty when both agree; an exception says that Kafka refuses the bytes. */
    interface Comparison {
        String difference(String[] columns) throws Exception;
    }

    private static final int PRINTED = 20;

    private final String what;
    private final Function<String[], String> name;
    private final Comparison comparison;

    Differences(String what, Function<String[], String> name, Comparison comparison) {
        this.what = what;
        this.name = name;
        this.comparison = comparison;
    }

    /** The number of differences, one more when lines are missing. */
    int count(BufferedReader in, PrintStream out) throws Exception {
        int lines = 0;
        int differences = 0;
        boolean ended = false;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] columns = line.split("\t", -1);
            if (columns[0].equals("end")) {
                ended = Integer.parseInt(columns[1]) == lines;
                continue;
            }
            lines++;
            String difference = difference(columns);
            if (!difference.isEmpty() && ++differences <= PRINTED) {
                out.println(name.apply(columns) + " " + difference);
            }
        }
        out.println(lines + " " + what + " read by Kafka, " + differences + " differences" + (ended ? "" : ", the end is missing"));
        return differences + (ended && lines > 0 ? 0 : 1);
    }

    private String difference(String[] columns) {
        try {
            return comparison.difference(columns);
        } catch (Exception fault) {
            return "is refused: " + (fault.getCause() == null ? fault : fault.getCause());
        }
    }
}
