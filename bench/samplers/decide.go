// decide.go - samplers of Go libraries, as they are: decide SAMPLER RATE < ids, 1 or 0 for each.
package main

import (
    "bufio"
    "context"
    "encoding/hex"
    "fmt"
    "os"
    "strconv"

    "github.com/openzipkin/zipkin-go"
    octrace "go.opencensus.io/trace"
    sdktrace "go.opentelemetry.io/otel/sdk/trace"
    "go.opentelemetry.io/otel/trace"
)

func low(id []byte) (out uint64) {
    for _, b := range id[8:] {
        out = out<<8 | uint64(b)
    }
    return
}

func sampler(name string, rate float64) func(id [16]byte) bool {
    switch name {
    case "otel-go":
        s := sdktrace.TraceIDRatioBased(rate)
        return func(id [16]byte) bool {
            p := sdktrace.SamplingParameters{ParentContext: context.Background(), TraceID: trace.TraceID(id)}
            return s.ShouldSample(p).Decision == sdktrace.RecordAndSample
        }
    case "opencensus-go":
        s := octrace.ProbabilitySampler(rate)
        return func(id [16]byte) bool {
            return s(octrace.SamplingParameters{TraceID: octrace.TraceID(id)}).Sample
        }
    case "zipkin-go-modulo":
        s := zipkin.NewModuloSampler(uint64(1 / rate))
        return func(id [16]byte) bool { return s(low(id[:])) }
    default:
        s, err := zipkin.NewBoundarySampler(rate, 0x5bd1e9955bd1e995)
        if err != nil {
            panic(err)
        }
        return func(id [16]byte) bool { return s(low(id[:])) }
    }
}

func main() {
    rate, _ := strconv.ParseFloat(os.Args[2], 64)
    decide := sampler(os.Args[1], rate)
    lines := bufio.NewScanner(os.Stdin)
    out := bufio.NewWriter(os.Stdout)
    defer out.Flush()
    for lines.Scan() {
        var id [16]byte
        if _, err := hex.Decode(id[:], lines.Bytes()); err != nil {
            panic(err)
        }
        if decide(id) {
            fmt.Fprintln(out, "1")
        } else {
            fmt.Fprintln(out, "0")
        }
    }
}
