/* Decide.java - the ratio sampler of OpenCensus for Java, as it is: RATE < ids, 1 or 0 for each. */
import io.opencensus.trace.Sampler;
import io.opencensus.trace.Span;
import io.opencensus.trace.SpanId;
import io.opencensus.trace.TraceId;
import io.opencensus.trace.samplers.Samplers;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Collections;

public class Decide {
    public static void main(String[] words) throws Exception {
        Sampler sampler = Samplers.probabilitySampler(Double.parseDouble(words[0]));
        SpanId span = SpanId.fromLowerBase16("00000000000000aa");
        StringBuilder out = new StringBuilder();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String id = lines.readLine(); id != null; id = lines.readLine())
            out.append(sampler.shouldSample(null, null, TraceId.fromLowerBase16(id), span, "x",
                                            Collections.<Span>emptyList()) ? "1\n" : "0\n");
        System.out.print(out);
    }
}
