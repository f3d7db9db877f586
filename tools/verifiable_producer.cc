// klamm verifiable-producer: counts into a topic and tells, record by record, what was acknowledged.

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <limits>
#include <system_error>
#include <thread>

#include <klamm/producer.h>

#include "common/client_config.h"
#include "common/terminal.h"
#include "common/tools.h"
#include "verifiable/events.h"
#include "verifiable/numbered_records.h"

namespace klamm::tools {
namespace {

constexpr Option kOptions[] = {
    {"bootstrap-server", Takes::Value, "HOST:PORT,...", "The brokers to connect to first. Required."},
    {"topic", Takes::Value, "TOPIC", "The topic to send to. Required."},
    {"max-messages", Takes::Value, "N", "Send so many records; -1: until a signal comes (default -1)."},
    {"throughput", Takes::Value, "N", "Send about so many records a second; -1: as many as possible (default -1)."},
    {"acks", Takes::Value, "N", "0, 1 or -1 (default -1)."},
    {"message-create-time", Takes::Value, "MS", "Create time of the first record, in milliseconds since 1970."},
    {"value-prefix", Takes::Value, "N", "Values are N.0, N.1, ... in place of 0, 1, ..."},
    {"repeating-keys", Takes::Value, "N", "Keys are 0 to N-1, over and over (default: no keys)."},
    {"command-config", Takes::Value, "FILE", "Configurations of the producer in a .properties file; they go before the options."},
    {"producer.config", Takes::Value, "", ""},
    {"broker-list", Takes::Value, "", ""},
};

constexpr Command kCommand = {
    "verifiable-producer",
    "Sends the numbers from 0 to a topic and prints a line of JSON per record: acknowledged or failed.",
    "--bootstrap-server HOST:PORT --topic TOPIC [options]",
    "  klamm verifiable-producer --bootstrap-server localhost:9092 --topic orders --max-messages 1000 --throughput 100\n",
    kOptions};

using TextProducer = Producer<std::string_view, std::string_view>;

std::int64_t nowMs() {
  return std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch()).count();
}

PropertyMap producerProperties(const Arguments& arguments) {
  PropertyMap properties{{"bootstrap.servers", bootstrapServers(arguments)},
                         {"acks", std::to_string(arguments.int32("acks").value_or(-1))},
                         {"retries", "0"}};  // so that nothing is sent twice unless the file asks for it
  for (auto& [key, value] : readProperties(arguments, {"command-config", "producer.config", "", ""})) properties[key] = value;
  return properties;
}

/// Sends on a thread of its own, since a send may wait for a broker while a signal asks for the end.
/// Threading: start() and finish() belong to the main thread, what is sent to the other one.
class Counting {
 public:
  struct Plan {
    std::string topic;
    NumberedRecords records;
    std::int64_t count = 0;
    std::int32_t throughput = -1;
    std::optional<std::int64_t> createTime;
  };

  Counting(TextProducer& producer, VerifiableEvents& events, Plan plan)
      : producer_(producer), events_(events), plan_(std::move(plan)), finished_(::eventfd(0, EFD_CLOEXEC)) {
    if (finished_ < 0) throw std::system_error(errno, std::generic_category(), "cannot create an event descriptor");
  }
  Counting(const Counting&) = delete;
  Counting& operator=(const Counting&) = delete;
  ~Counting() { ::close(finished_); }

  void start() {
    thread_ = std::thread([this] {
      sendAll();
      wake(this);
    });
  }
  /// Until all is sent or wake() was called.
  void wait() const {
    std::uint64_t times = 0;
    while (::read(finished_, &times, sizeof times) < 0 && errno == EINTR) {
    }
  }
  /// Ends a wait(). Threading: any thread, also inside a signal handler.
  static void wake(void* counting) noexcept {
    const std::uint64_t once = 1;
    static_cast<void>(::write(static_cast<Counting*>(counting)->finished_, &once, sizeof once) < 0);
  }
  /// No further records; those that were sent are waited for.
  void finish() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    stopped_.notify_all();
    producer_.close();
    thread_.join();
  }
  [[nodiscard]] std::int64_t sent() const noexcept { return sent_; }
  [[nodiscard]] std::int64_t acked() const noexcept { return acked_.load(); }

 private:
  using Clock = std::chrono::steady_clock;

  void sendAll() {
    const Clock::time_point started = Clock::now();
    for (std::int64_t number = 0; number < plan_.count && waitFor(number, started) && !events_.failed(); ++number) send(number);
  }
  /// False when it is time to end.
  bool waitFor(std::int64_t number, Clock::time_point started) {
    const auto due = dueAfter(number, plan_.throughput);
    std::unique_lock lock(mutex_);
    const auto stopped = [this] { return stop_; };
    if (!due) stopped_.wait(lock, stopped);
    else stopped_.wait_until(lock, started + *due, stopped);
    return !stop_;
  }
  void send(std::int64_t number) {
    const auto key = plan_.records.key(number);
    const std::string value = plan_.records.value(number);
    TextProducer::Record record{.topic = plan_.topic, .timestamp = plan_.createTime, .value = value};
    if (key) record.key = *key;
    if (plan_.createTime) *plan_.createTime += nowMs() - startedMs_;
    ++sent_;
    try {
      producer_.send(record, [this, number](const RecordMetadata& sent, const Error& error) { tell(number, sent, error); });
    } catch (const KafkaException& error) {
      events_.sendFailed(plan_.topic, record.key, value, error.error());
    }
  }
  void tell(std::int64_t number, const RecordMetadata& sent, const Error& error) {
    const auto key = plan_.records.key(number);
    const auto keyText = key ? VerifiableEvents::Text(*key) : std::nullopt;
    if (error) {
      events_.sendFailed(plan_.topic, keyText, plan_.records.value(number), error);
    } else {
      ++acked_;
      events_.sendSucceeded(keyText, plan_.records.value(number), sent);
    }
  }

  TextProducer& producer_;
  VerifiableEvents& events_;
  Plan plan_;
  const int finished_;
  const std::int64_t startedMs_ = nowMs();
  std::int64_t sent_ = 0;
  std::atomic<std::int64_t> acked_{0};
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace

const Command& verifiableProducerCommand() noexcept { return kCommand; }

int runVerifiableProducer(const Call& call) {
  const auto arguments = readCall(kCommand, call.words.empty() ? Call{call.name, {"--help"}} : call);
  if (!arguments) return 0;
  Counting::Plan plan{.topic = arguments->required("topic"),
                      .records = {arguments->int32("value-prefix"), arguments->int32("repeating-keys")},
                      .count = arguments->int32("max-messages").value_or(-1),
                      .throughput = arguments->int32("throughput").value_or(-1),
                      .createTime = arguments->int64("message-create-time")};
  if (plan.count < 0) plan.count = std::numeric_limits<std::int64_t>::max();
  if (plan.createTime == -1) plan.createTime.reset();
  const std::int32_t throughput = plan.throughput;

  TextProducer producer(clientConfig(producerProperties(*arguments)));
  VerifiableEvents events(1, nowMs);
  Counting counting(producer, events, std::move(plan));
  const StopSignal stop(Counting::wake, &counting);
  const auto started = std::chrono::steady_clock::now();
  events.startupComplete();
  counting.start();
  counting.wait();
  counting.finish();
  events.shutdownComplete();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  events.toolData(counting.sent(), counting.acked(), throughput, static_cast<double>(counting.acked()) / seconds);
  return stop.stopped() != 0 ? stop.exitCode() : 0;
}

}  // namespace klamm::tools
