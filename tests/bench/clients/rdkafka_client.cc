// librdkafka as a client of the benchmark: a callback per record, its batch queue or one message at a time.

#include <atomic>
#include <exception>
#include <thread>

#include "bench_client.h"
#include "rdkafka.h"

namespace klamm::bench {
namespace {

using rdkafka::Message;

/// What delivery callbacks know. Threading: the thread that polls.
struct Deliveries {
  std::int64_t delivered = 0;
  std::int64_t failed = 0;
  int error = 0;
  Delays* delays = nullptr;
};

struct Pending {
  Clock::time_point due;
  Clock::time_point sent;
};

/// A handle with its configuration. Threading: as librdkafka's.
class Handle {
 public:
  Handle(const Arguments& arguments, int type, rdkafka::Delivered delivered = nullptr) : library_(arguments.text("library")) {
    auto* configuration = library_.newConfiguration();
    set(configuration, "bootstrap.servers", arguments.text("bootstrap"));
    for (const auto& [key, value] : arguments.settings()) set(configuration, key, value);
    if (delivered != nullptr) library_.setDelivered(configuration, delivered);
    char error[512];
    client_ = library_.newClient(type, configuration, error, sizeof(error));
    if (client_ == nullptr) throw std::runtime_error(error);
  }
  ~Handle() { library_.destroy(client_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  [[nodiscard]] rdkafka::Library& library() noexcept { return library_; }
  [[nodiscard]] rdkafka::Client* get() noexcept { return client_; }
  [[noreturn]] void fail(int error) { throw std::runtime_error(std::string("librdkafka: ") + library_.errorText(error)); }

 private:
  void set(rdkafka::Configuration* configuration, const std::string& key, const std::string& value) {
    char error[512];
    if (library_.set(configuration, key.c_str(), value.c_str(), error, sizeof(error)) != 0) throw std::runtime_error(error);
  }
  rdkafka::Library library_;
  rdkafka::Client* client_ = nullptr;
};

Deliveries deliveries;  // of the one producer in this process

void onDelivered(rdkafka::Client*, const Message* message, void*) {
  if (message->error != 0) {
    ++deliveries.failed;
    deliveries.error = message->error;
    return;
  }
  ++deliveries.delivered;
  if (message->opaque == nullptr) return;
  const auto* pending = static_cast<const Pending*>(message->opaque);
  deliveries.delays->add(pending->due, pending->sent);
}

void send(Handle& handle, rdkafka::Topic* topic, const std::string& value, void* opaque, const std::string_view key = {}) {
  auto& library = handle.library();
  while (library.produce(topic, rdkafka::kAnyPartition, rdkafka::kCopy, const_cast<char*>(value.data()), value.size(), key.data(), key.size(), opaque) != 0) {
    if (library.lastError() != rdkafka::kQueueFull) handle.fail(library.lastError());
    library.poll(handle.get(), 1);
  }
}

void finish(Handle& handle, std::int64_t count) {
  handle.library().flush(handle.get(), 60'000);
  if (deliveries.failed > 0) handle.fail(deliveries.error);
  if (deliveries.delivered != count) throw std::runtime_error("librdkafka did not deliver all records");
}

void produce(const Arguments& arguments) {
  Payload payload(arguments.text("payload"));
  const std::int64_t count = arguments.number("count");
  std::int64_t bytes = 0;
  const auto start = Clock::now();
  Handle handle(arguments, rdkafka::kProducer, onDelivered);
  auto* topic = handle.library().newTopic(handle.get(), arguments.text("topic").c_str(), nullptr);
  for (std::int64_t n = 0; n < count; ++n) {
    const std::string& value = payload.next();
    bytes += static_cast<std::int64_t>(value.size());
    send(handle, topic, value, nullptr);
    if (n % 1024 == 0) handle.library().poll(handle.get(), 0);
  }
  finish(handle, count);
  printThroughput(deliveries.delivered, bytes, start, Clock::now());
  handle.library().destroyTopic(topic);
}

void assignAll(Handle& handle, const Arguments& arguments) {
  auto& library = handle.library();
  const auto partitions = static_cast<std::int32_t>(arguments.numberOr("partitions", 1));
  auto* list = library.newPartitions(partitions);
  for (std::int32_t n = 0; n < partitions; ++n) library.addPartition(list, arguments.text("topic").c_str(), n)->offset = 0;
  if (const int error = library.assign(handle.get(), list); error != 0) handle.fail(error);
  library.destroyPartitions(list);
}

/// Records and bytes read so far; an error ends the run.
struct Read {
  std::int64_t records = 0;
  std::int64_t bytes = 0;
  void take(Handle& handle, Message* message) {
    if (message->error == 0) {
      ++records;
      bytes += static_cast<std::int64_t>(message->length);
    } else if (message->error != rdkafka::kPartitionEnd) {
      handle.fail(message->error);
    }
    handle.library().destroyMessage(message);
  }
};

void consume(const Arguments& arguments) {
  const std::int64_t count = arguments.number("count");
  const bool oneByOne = arguments.numberOr("one", 0) != 0;
  Handle handle(arguments, rdkafka::kConsumer);
  const auto start = Clock::now();  // as in the perf tools: the client is there and hears what to read
  const auto deadline = start + std::chrono::seconds(100);
  assignAll(handle, arguments);
  auto& library = handle.library();
  auto* queue = library.consumerQueue(handle.get());
  std::vector<Message*> messages(1000);
  Read read;
  while (read.records < count && Clock::now() < deadline) {
    if (oneByOne) {
      if (Message* message = library.consumerPoll(handle.get(), 100)) read.take(handle, message);
      continue;
    }
    const auto got = library.consumeBatch(queue, 100, messages.data(), messages.size());
    for (std::ptrdiff_t n = 0; n < got; ++n) read.take(handle, messages[static_cast<std::size_t>(n)]);
  }
  const auto end = Clock::now();
  library.destroyQueue(queue);
  library.closeConsumer(handle.get());
  printThroughput(read.records, read.bytes, start, end);
}

/// Sends by the schedule; callbacks run on a thread of their own, as an application that wants them soon has them.
void latency(const Arguments& arguments) {
  Payload payload(arguments.text("payload"));
  const std::int64_t count = arguments.number("count");
  const std::int64_t warmup = arguments.numberOr("warmup", 0);
  Delays delays(count);
  std::vector<Pending> pending(static_cast<std::size_t>(count + warmup));
  Handle handle(arguments, rdkafka::kProducer, onDelivered);
  auto* topic = handle.library().newTopic(handle.get(), arguments.text("topic").c_str(), nullptr);
  deliveries.delays = &delays;
  std::atomic<bool> done = false;
  std::thread poller([&] { while (!done) handle.library().poll(handle.get(), 100); });
  const Schedule schedule(static_cast<double>(arguments.number("rate")));
  for (std::int64_t n = 0; n < count + warmup; ++n) {
    auto& one = pending[static_cast<std::size_t>(n)];
    one.due = schedule.await(n);
    one.sent = Clock::now();
    send(handle, topic, payload.next(), n >= warmup ? &one : nullptr);
  }
  done = true;
  poller.join();
  finish(handle, count + warmup);
  delays.print();
  handle.library().destroyTopic(topic);
}

/// The key of a record is the moment when it was due; the consumer of the same process reads it there.
void endToEnd(const Arguments& arguments) {
  Payload payload(arguments.text("payload"));
  const std::int64_t count = arguments.number("count");
  const std::int64_t warmup = arguments.numberOr("warmup", 0);
  Delays delays(count);
  std::atomic<std::int64_t> seen = 0;
  Handle consumer(arguments, rdkafka::kConsumer);
  assignAll(consumer, arguments);
  std::thread reader([&] {
    const auto deadline = Clock::now() + std::chrono::seconds(100);
    while (seen < count + warmup && Clock::now() < deadline) {
      Message* message = consumer.library().consumerPoll(consumer.get(), 100);
      if (message == nullptr) continue;
      if (message->error == 0 && message->keyLength == sizeof(Pending)) {
        Pending one{};
        std::copy_n(static_cast<const char*>(message->key), sizeof(one), reinterpret_cast<char*>(&one));
        if (++seen > warmup) delays.add(one.due, one.sent);
      }
      consumer.library().destroyMessage(message);
    }
  });
  Handle producer(arguments, rdkafka::kProducer, onDelivered);
  auto* topic = producer.library().newTopic(producer.get(), arguments.text("topic").c_str(), nullptr);
  const Schedule schedule(static_cast<double>(arguments.number("rate")));
  for (std::int64_t n = 0; n < count + warmup; ++n) {
    Pending one{schedule.await(n), Clock::now()};
    send(producer, topic, payload.next(), nullptr, {reinterpret_cast<const char*>(&one), sizeof(one)});
    producer.library().poll(producer.get(), 0);
  }
  finish(producer, count + warmup);
  reader.join();
  consumer.library().closeConsumer(consumer.get());
  delays.print();
  producer.library().destroyTopic(topic);
}

void run(const Arguments& arguments) {
  if (arguments.mode() == "version") std::printf("%s\n", rdkafka::Library(arguments.text("library")).version());
  else if (arguments.mode() == "produce") produce(arguments);
  else if (arguments.mode() == "consume") consume(arguments);
  else if (arguments.mode() == "latency") latency(arguments);
  else if (arguments.mode() == "end-to-end") endToEnd(arguments);
  else throw std::runtime_error("unknown mode " + arguments.mode());
}

}  // namespace
}  // namespace klamm::bench

int main(int count, char** words) { return klamm::bench::runProgram("rdkafka_client", count, words, klamm::bench::run); }
