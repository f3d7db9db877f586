// The franz-go peer: produces and consumes records in the line form of tests/peers/README.md.
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const usage = `usage: franz produce BOOTSTRAP TOPIC CODEC          (records on stdin)
       franz consume BOOTSTRAP TOPIC GROUP COUNT     (records on stdout, offsets committed)
       franz bench produce|consume|latency|end-to-end --NAME VALUE...    (for ./dev bench)`

func fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "franz:", err)
		os.Exit(1)
	}
}

// field reads hexadecimal digits; "-" is null.
func field(text string) []byte {
	if text == "-" {
		return nil
	}
	bytes, err := hex.DecodeString(text)
	fatal(err)
	return bytes
}

func show(bytes []byte) string {
	if bytes == nil {
		return "-"
	}
	return hex.EncodeToString(bytes)
}

func parse(line, topic string) *kgo.Record {
	parts := strings.Split(line, "\t")
	record := &kgo.Record{Topic: topic, Key: field(parts[0]), Value: field(parts[1])}
	if parts[2] == "" {
		return record
	}
	for _, header := range strings.Split(parts[2], ",") {
		name, value, _ := strings.Cut(header, "=")
		record.Headers = append(record.Headers, kgo.RecordHeader{Key: name, Value: field(value)})
	}
	return record
}

func format(record *kgo.Record) string {
	headers := make([]string, len(record.Headers))
	for i, header := range record.Headers {
		headers[i] = header.Key + "=" + show(header.Value)
	}
	return show(record.Key) + "\t" + show(record.Value) + "\t" + strings.Join(headers, ",")
}

func produce(ctx context.Context, bootstrap, topic, codec string) {
	codecs := map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()}
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...), kgo.ProducerBatchCompression(codecs[codec]))
	fatal(err)
	defer client.Close()
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		client.Produce(ctx, parse(lines.Text(), topic), func(_ *kgo.Record, err error) { fatal(err) })
	}
	fatal(lines.Err())
	fatal(client.Flush(ctx))
}

func consume(ctx context.Context, bootstrap, topic, group string, count int) {
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...), kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit())
	fatal(err)
	defer client.Close()
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for seen := 0; seen < count; {
		fetches := client.PollFetches(ctx)
		fatal(fetches.Err())
		fetches.EachRecord(func(record *kgo.Record) {
			fmt.Fprintln(out, format(record))
			seen++
		})
	}
	fatal(client.CommitUncommittedOffsets(ctx))
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	args := os.Args[1:]
	switch {
	case len(args) == 4 && args[0] == "produce":
		produce(ctx, args[1], args[2], args[3])
	case len(args) == 5 && args[0] == "consume":
		count, err := strconv.Atoi(args[4])
		fatal(err)
		consume(ctx, args[1], args[2], args[3], count)
	case len(args) > 2 && args[0] == "bench":
		bench(ctx, args[1], args[2:])
	default:
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
}
