// The demo: real data goes producer -> klamm-broker -> a consumer group of two, and what arrives is compared with what
// was sent, partition by partition. Prints one table. Run it by `./dev demo [FILE]`.

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <klamm/admin.h>
#include <klamm/consumer.h>
#include <klamm/producer.h>

extern char** environ;

namespace {

using namespace std::chrono_literals;
using klamm::BytesView;
using WallClock = std::chrono::steady_clock;

constexpr const char* kTopic = "demo";
constexpr std::size_t kPartitions = 4;
constexpr std::size_t kDefaultBytes = 100'000'000;

std::atomic<pid_t> brokerPid = 0;

/// Ends the demo, and the broker with it.
[[noreturn]] void die(const std::string& why) {
  if (const pid_t pid = brokerPid.exchange(0); pid != 0) kill(pid, SIGTERM);
  std::fprintf(stderr, "demo: %s\n", why.c_str());
  std::exit(1);
}

double secondsSince(WallClock::time_point start) { return std::chrono::duration<double>(WallClock::now() - start).count(); }

/// User and system time that this process has used.
double ownCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// klamm-broker as a child on a free port with a temporary folder.
class BrokerProcess {
 public:
  explicit BrokerProcess(const std::string& program) {
    int pipeEnds[2];
    if (pipe2(pipeEnds, O_CLOEXEC) != 0) die("cannot make a pipe");
    const std::string log = "/tmp/klamm-demo-broker-" + std::to_string(getuid()) + ".log";
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipeEnds[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    std::string name = program, port = "--port", zero = "0";
    char* argv[] = {name.data(), port.data(), zero.data(), nullptr};
    const auto start = WallClock::now();
    if (posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv, environ) != 0) die("cannot start " + program);
    posix_spawn_file_actions_destroy(&actions);
    brokerPid = pid_;
    close(pipeEnds[1]);
    std::string line;
    for (char c = 0; read(pipeEnds[0], &c, 1) == 1 && c != '\n';) line += c;
    close(pipeEnds[0]);
    startSeconds_ = secondsSince(start);
    if (line.rfind("ready ", 0) != 0) die("klamm-broker did not start: it said '" + line + "'; its log is " + log);
    address_ = line.substr(6);
  }
  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;
  ~BrokerProcess() {
    brokerPid = 0;
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }

  const std::string& address() const { return address_; }
  double startSeconds() const { return startSeconds_; }

  double cpuSeconds() const {
    std::ifstream stat("/proc/" + std::to_string(pid_) + "/stat");
    std::string text;
    std::getline(stat, text);
    std::istringstream fields(text.substr(text.rfind(')') + 2));
    std::string word;
    for (int i = 0; i < 11; ++i) fields >> word;  // state and ten counters stand before utime
    double user = 0, system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }

  /// Resident and peak memory in MB, as /proc tells.
  double memory(const std::string& field) const {
    std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
    for (std::string word; status >> word;) {
      double kilobytes = 0;
      if (word == field + ":" && status >> kilobytes) return kilobytes / 1e3;
    }
    return 0;
  }

 private:
  pid_t pid_ = 0;
  std::string address_;
  double startSeconds_ = 0;
};

/// Order-dependent fingerprint of the lines of one partition.
struct Fingerprint {
  std::uint64_t lines = 0;
  std::uint64_t value = 14695981039346656037ULL;
  void add(std::string_view line) {
    ++lines;
    value = (value ^ std::hash<std::string_view>()(line)) * 1099511628211ULL;
  }
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};
using Fingerprints = std::vector<Fingerprint>;

struct Phase {
  double seconds = 0, clientCpu = 0, brokerCpu = 0;
};

/// What runs between construction and stop(), in wall time and CPU of both processes.
class Stopwatch {
 public:
  explicit Stopwatch(const BrokerProcess& broker)
      : broker_(broker), start_(WallClock::now()), client_(ownCpuSeconds()), brokerCpu_(broker.cpuSeconds()) {}
  Phase stop() const { return {secondsSince(start_), ownCpuSeconds() - client_, broker_.cpuSeconds() - brokerCpu_}; }

 private:
  const BrokerProcess& broker_;
  WallClock::time_point start_;
  double client_, brokerCpu_;
};

/// The person's file, or the package database of this machine repeated to some 100 MB.
std::string loadText(const char* path) {
  std::ifstream file(path != nullptr ? path : "/var/lib/dpkg/status", std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file || text.empty()) die(std::string("cannot read ") + (path != nullptr ? path : "/var/lib/dpkg/status") + ", or it is empty");
  if (text.back() != '\n') text += '\n';
  if (path == nullptr) {
    const std::string once = text;
    text.reserve(kDefaultBytes + once.size());
    while (text.size() < kDefaultBytes) text += once;
  }
  return text;
}

template <class Use>
void forEachLine(std::string_view text, Use use) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    use(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
}

/// A line on a terminal that says how far we are; nothing in a pipe.
void progress(const char* what, std::uint64_t done, std::uint64_t of) {
  static const bool terminal = isatty(STDERR_FILENO) != 0;
  if (terminal) std::fprintf(stderr, "\r%s %3.0f %%%s", what, of == 0 ? 100.0 : 100.0 * static_cast<double>(done) / static_cast<double>(of), done == of ? "\r              \r" : "");
}

/// Sends every line; the callback, which runs in the order of the partition, takes the fingerprints.
Fingerprints produce(const std::string& bootstrap, std::string_view text, std::uint64_t lines) {
  Fingerprints sent(kPartitions);
  klamm::Producer<std::string_view, std::string_view> producer(klamm::Config{{"bootstrap.servers", bootstrap}, {"client.id", "demo"}});
  std::uint64_t count = 0;
  forEachLine(text, [&](std::string_view line) {
    producer.send({.topic = kTopic, .value = line}, [&sent, line](const klamm::RecordMetadata& where, const klamm::Error& error) {
      if (error) die("a record was not accepted: " + error.message());
      sent.at(static_cast<std::size_t>(where.partition)).add(line);
    });
    if (++count % 65536 == 0) progress("producing", count, lines);
  });
  producer.close();
  progress("producing", lines, lines);
  return sent;
}

/// One member of the group. It joins before there is anything to read, so that the group is complete when reading begins.
class Member {
 public:
  explicit Member(const std::string& bootstrap)
      : consumer_(klamm::Config{{"bootstrap.servers", bootstrap}, {"group.id", "demo"}, {"auto.offset.reset", "earliest"},
                                {"heartbeat.interval.ms", "100"}, {"client.id", "demo"}}) {
    consumer_.subscribe({kTopic});
  }

  /// Polls once; true when this member owns its half of the partitions.
  bool join() {
    for ([[maybe_unused]] const auto& record : consumer_.poll(10ms)) die("there was a record before any was sent");
    return consumer_.assignment().size() == kPartitions / 2;
  }

  /// Reads until all members together have read every line.
  void consume(std::uint64_t lines, std::atomic<std::uint64_t>& read, Fingerprints& got) {
    const auto deadline = WallClock::now() + 120s;
    while (read.load() < lines) {
      if (WallClock::now() > deadline) die("only " + std::to_string(read.load()) + " of " + std::to_string(lines) + " records came within 120 s");
      std::uint64_t fresh = 0;
      for (const auto& record : consumer_.poll(100ms)) {
        got.at(static_cast<std::size_t>(record.partition)).add(klamm::asText(record.value.value_or(BytesView())));
        ++fresh;
      }
      if (fresh != 0) progress("consuming", read += fresh, lines);
    }
    consumer_.close();
  }

 private:
  klamm::Consumer<BytesView, BytesView> consumer_;
};

/// Both members own two partitions each before this returns.
void joinGroup(Member& one, Member& other) {
  const auto deadline = WallClock::now() + 30s;
  for (bool joined = false; !joined;) {
    if (WallClock::now() > deadline) die("the group of two did not come together within 30 s");
    const bool oneReady = one.join(), otherReady = other.join();
    joined = oneReady && otherReady;
  }
}

void printRow(const char* what, const Phase& phase, std::uint64_t lines, std::size_t bytes) {
  const auto count = static_cast<double>(lines);
  std::printf("%-9s %10llu %9.1f %12.0f %14.0f %14.0f\n", what, static_cast<unsigned long long>(lines),
              static_cast<double>(bytes) / 1e6 / phase.seconds, count / phase.seconds, phase.clientCpu / count * 1e9,
              phase.brokerCpu / count * 1e9);
}

void compare(const Fingerprints& sent, const Fingerprints& got) {
  for (std::size_t p = 0; p < kPartitions; ++p) {
    if (sent[p] == got[p]) continue;
    die("partition " + std::to_string(p) + ": sent " + std::to_string(sent[p].lines) + " records, received " +
        std::to_string(got[p].lines) + ", and they are not the same");
  }
}

void demo(const std::string& folder, const char* path) {
  const std::string text = loadText(path);
  const auto lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
  const BrokerProcess broker(folder + "/klamm-broker");
  const double idleMemory = broker.memory("VmRSS");

  klamm::Admin admin(klamm::Config{{"bootstrap.servers", broker.address()}});
  admin.createTopics({{.name = kTopic, .partitions = static_cast<std::int32_t>(kPartitions)}}).all.get();

  Member one(broker.address()), other(broker.address());
  joinGroup(one, other);

  const Stopwatch producing(broker);
  const Fingerprints sent = produce(broker.address(), text, lines);
  const Phase produced = producing.stop();

  Fingerprints got(kPartitions);  // each partition has one owner, so each element has one writer
  std::atomic<std::uint64_t> read = 0;
  const Stopwatch consuming(broker);
  std::thread otherThread([&] { other.consume(lines, read, got); });
  one.consume(lines, read, got);
  otherThread.join();
  const Phase consumed = consuming.stop();
  compare(sent, got);

  const std::size_t bytes = text.size() - lines;
  std::printf("%-9s %10s %9s %12s %14s %14s\n", "", "records", "MB/s", "records/s", "client ns/rec", "broker ns/rec");
  printRow("produce", produced, lines, bytes);
  printRow("consume", consumed, lines, bytes);
  std::printf("broker: ready after %.1f ms; memory %.1f MB idle, %.1f MB at most. ", broker.startSeconds() * 1e3, idleMemory, broker.memory("VmHWM"));
  std::printf("All %zu partitions arrived as they were sent.\n", kPartitions);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2 || (argc == 2 && std::string_view(argv[1]).substr(0, 1) == "-")) {
    std::fprintf(stderr, "usage: klamm-demo [FILE]\nexample: klamm-demo /etc/services\n");
    return 2;
  }
  const std::string program = argv[0];
  const std::size_t slash = program.rfind('/');
  try {
    demo(slash == std::string::npos ? "." : program.substr(0, slash), argc == 2 ? argv[1] : nullptr);
  } catch (const std::exception& failure) {
    die(failure.what());
  }
  return 0;
}
