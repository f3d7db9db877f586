// franz-go as a client of ./dev bench: a callback per record, polls of many records or of one.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

type benchOptions struct {
	values   map[string]string
	settings map[string]string
}

func benchArguments(words []string) benchOptions {
	options := benchOptions{map[string]string{}, map[string]string{}}
	for at := 0; at+1 < len(words); at += 2 {
		name := strings.TrimPrefix(words[at], "--")
		if key, value, found := strings.Cut(words[at+1], "="); found && name == "set" {
			options.settings[key] = value
		} else {
			options.values[name] = words[at+1]
		}
	}
	return options
}

func (o benchOptions) number(name string) int {
	number, err := strconv.Atoi(o.values[name])
	fatal(err)
	return number
}

// setting returns whether a number was set, and the number.
func (o benchOptions) setting(name string) (int, bool) {
	text, found := o.settings[name]
	if !found {
		return 0, false
	}
	number, err := strconv.Atoi(text)
	fatal(err)
	return number, true
}

func (o benchOptions) payload() [][]byte {
	content, err := os.ReadFile(o.values["payload"])
	fatal(err)
	return bytes.Split(content, []byte("\n"))
}

func (o benchOptions) producer() []kgo.Opt {
	codecs := map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()}
	options := []kgo.Opt{kgo.SeedBrokers(o.values["bootstrap"]), kgo.DefaultProduceTopic(o.values["topic"]),
		kgo.ProducerBatchCompression(codecs[o.settings["codec"]])}
	if size, found := o.setting("batch"); found {
		options = append(options, kgo.ProducerBatchMaxBytes(int32(size)), kgo.MaxBufferedRecords(1_000_000))
	}
	if size, found := o.setting("buffered-bytes"); found {
		options = append(options, kgo.MaxBufferedBytes(size))
	}
	if linger, found := o.setting("linger-ms"); found {
		options = append(options, kgo.ProducerLinger(time.Duration(linger)*time.Millisecond))
	}
	if o.settings["acks"] == "1" {
		options = append(options, kgo.RequiredAcks(kgo.LeaderAck()))
	}
	if o.settings["idempotent"] == "false" {
		options = append(options, kgo.DisableIdempotentWrite())
		if requests, found := o.setting("in-flight"); found { // an idempotent one has its own limit
			options = append(options, kgo.MaxProduceRequestsInflightPerBroker(requests))
		}
	}
	return options
}

func (o benchOptions) consumer() []kgo.Opt {
	offsets := map[int32]kgo.Offset{}
	for partition := 0; partition < o.number("partitions"); partition++ {
		offsets[int32(partition)] = kgo.NewOffset().At(0)
	}
	options := []kgo.Opt{kgo.SeedBrokers(o.values["bootstrap"]),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{o.values["topic"]: offsets})}
	if size, found := o.setting("fetch"); found {
		options = append(options, kgo.FetchMaxPartitionBytes(int32(size)))
	}
	if size, found := o.setting("fetch-all"); found {
		options = append(options, kgo.FetchMaxBytes(int32(size)))
	}
	return options
}

func printThroughput(records, bytes int, elapsed time.Duration) {
	fmt.Printf("{\"records\": %d, \"bytes\": %d, \"seconds\": %.6f}\n", records, bytes, elapsed.Seconds())
}

func benchProduce(ctx context.Context, o benchOptions) {
	lines, count, size := o.payload(), o.number("count"), 0
	random := rand.New(rand.NewSource(1))
	start := time.Now()
	client, err := kgo.NewClient(o.producer()...)
	fatal(err)
	defer client.Close()
	var delivered atomic.Int64
	for n := 0; n < count; n++ {
		line := lines[random.Intn(len(lines))]
		size += len(line)
		client.Produce(ctx, &kgo.Record{Value: line}, func(_ *kgo.Record, err error) {
			fatal(err)
			delivered.Add(1)
		})
	}
	fatal(client.Flush(ctx))
	printThroughput(int(delivered.Load()), size, time.Since(start))
}

func benchConsume(ctx context.Context, o benchOptions) {
	count, records, size := o.number("count"), 0, 0
	start := time.Now() // a client that is made with its partitions begins to read at once
	client, err := kgo.NewClient(o.consumer()...)
	fatal(err)
	defer client.Close()
	for records < count {
		var fetches kgo.Fetches
		if o.values["one"] == "1" {
			fetches = client.PollRecords(ctx, 1)
		} else {
			fetches = client.PollFetches(ctx)
		}
		fatal(fetches.Err())
		fetches.EachRecord(func(record *kgo.Record) {
			records++
			size += len(record.Value)
		})
	}
	printThroughput(records, size, time.Since(start))
}

// delays since a record was due and since its send was called, in nanoseconds.
type delays struct {
	lock      sync.Mutex
	due, sent []int64
}

func (d *delays) add(due, sent time.Time) {
	d.lock.Lock()
	defer d.lock.Unlock()
	d.due = append(d.due, time.Since(due).Nanoseconds())
	d.sent = append(d.sent, time.Since(sent).Nanoseconds())
}

func (d *delays) print() {
	said := map[string]any{"records": len(d.due)}
	for prefix, list := range map[string][]int64{"": d.due, "call_": d.sent} {
		sort.Slice(list, func(a, b int) bool { return list[a] < list[b] })
		for name, share := range map[string]float64{"p50_us": 0.5, "p99_us": 0.99, "p999_us": 0.999, "max_us": 1} {
			said[prefix+name] = float64(list[min(int(share*float64(len(list))), len(list)-1)]) / 1000
		}
	}
	text, err := json.Marshal(said)
	fatal(err)
	fmt.Println(string(text))
}

// schedule calls send with the moment when each record is due, after a warm-up of its own.
func (o benchOptions) schedule(send func(n int, due time.Time)) {
	count, step := o.number("count")+o.number("warmup"), time.Second/time.Duration(o.number("rate"))
	start := time.Now().Add(20 * time.Millisecond)
	for n := 0; n < count; n++ {
		due := start.Add(time.Duration(n) * step)
		if wait := time.Until(due); wait > 0 {
			time.Sleep(wait)
		}
		send(n, due)
	}
}

func benchLatency(ctx context.Context, o benchOptions) {
	lines, warmup, found := o.payload(), o.number("warmup"), &delays{}
	client, err := kgo.NewClient(o.producer()...)
	fatal(err)
	defer client.Close()
	o.schedule(func(n int, due time.Time) {
		sent := time.Now()
		client.Produce(ctx, &kgo.Record{Value: lines[n%len(lines)]}, func(_ *kgo.Record, err error) {
			fatal(err)
			if n >= warmup {
				found.add(due, sent)
			}
		})
	})
	fatal(client.Flush(ctx))
	found.print()
}

func benchEndToEnd(ctx context.Context, o benchOptions) {
	lines, total, found := o.payload(), o.number("count")+o.number("warmup"), &delays{}
	consumer, err := kgo.NewClient(o.consumer()...)
	fatal(err)
	defer consumer.Close()
	producer, err := kgo.NewClient(o.producer()...)
	fatal(err)
	defer producer.Close()
	base, done := time.Now(), make(chan struct{})
	go func() {
		for seen := 0; seen < total; {
			fetches := consumer.PollFetches(ctx)
			fatal(fetches.Err())
			fetches.EachRecord(func(record *kgo.Record) {
				if seen++; seen > o.number("warmup") {
					due, sent := binary.BigEndian.Uint64(record.Key), binary.BigEndian.Uint64(record.Key[8:])
					found.add(base.Add(time.Duration(due)), base.Add(time.Duration(sent)))
				}
			})
		}
		close(done)
	}()
	o.schedule(func(n int, due time.Time) {
		key := make([]byte, 16)
		binary.BigEndian.PutUint64(key, uint64(due.Sub(base)))
		binary.BigEndian.PutUint64(key[8:], uint64(time.Since(base)))
		producer.Produce(ctx, &kgo.Record{Key: key, Value: lines[n%len(lines)]}, func(_ *kgo.Record, err error) { fatal(err) })
	})
	fatal(producer.Flush(ctx))
	<-done
	found.print()
}

func bench(ctx context.Context, mode string, words []string) {
	modes := map[string]func(context.Context, benchOptions){
		"produce": benchProduce, "consume": benchConsume, "latency": benchLatency, "end-to-end": benchEndToEnd}
	run, found := modes[mode]
	if !found {
		fatal(fmt.Errorf("bench has no mode '%s'", mode))
	}
	run(ctx, benchArguments(words))
}
