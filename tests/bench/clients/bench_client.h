#pragma once
// What the measured programs in C++ share: their command line, payload, open-loop schedule and the line of JSON they print.

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace klamm::bench {

using Clock = std::chrono::steady_clock;
using Nanos = std::chrono::nanoseconds;

/// --name value ...; a client's configurations as --set key=value, any number of them.
class Arguments {
 public:
  Arguments(int count, char** words) {
    if (count < 2) throw std::runtime_error("usage: PROGRAM produce|consume|latency|end-to-end|pace --bootstrap HOST:PORT --topic TOPIC --count N ...");
    mode_ = words[1];
    for (int at = 2; at + 1 < count; at += 2) {
      const std::string_view name = words[at];
      const std::string value = words[at + 1];
      const std::size_t equals = value.find('=');
      if (name == "--set" && equals != std::string::npos) settings_.emplace_back(value.substr(0, equals), value.substr(equals + 1));
      else values_[std::string(name.substr(name.rfind('-', 1) + 1))] = value;
    }
  }
  [[nodiscard]] const std::string& mode() const noexcept { return mode_; }
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& settings() const noexcept { return settings_; }
  [[nodiscard]] const std::string& text(const std::string& name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) throw std::runtime_error("--" + name + " is required");
    return found->second;
  }
  [[nodiscard]] std::int64_t number(const std::string& name) const { return std::stoll(text(name)); }
  [[nodiscard]] std::int64_t numberOr(const std::string& name, std::int64_t otherwise) const {
    return values_.contains(name) ? number(name) : otherwise;
  }

 private:
  std::string mode_;
  std::map<std::string, std::string> values_;
  std::vector<std::pair<std::string, std::string>> settings_;
};

/// The lines of a file, drawn at random, as Kafka's own tool draws them. Threading: one thread.
class Payload {
 public:
  explicit Payload(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    for (std::size_t at = 0; at < content.size();) {
      const std::size_t end = std::min(content.find('\n', at), content.size());
      lines_.push_back(content.substr(at, end - at));
      at = end + 1;
    }
    if (lines_.empty()) throw std::runtime_error("no payload in " + path);
  }
  [[nodiscard]] const std::string& next() { return lines_[random_() % lines_.size()]; }

 private:
  std::minstd_rand random_{1};
  std::vector<std::string> lines_;
};

/// Record n is due n/rate seconds after the start, whatever became of those before it. Threading: one thread.
class Schedule {
 public:
  explicit Schedule(double rate) : start_(Clock::now() + std::chrono::milliseconds(20)), step_(1e9 / rate) {}
  /// Waits for the moment of record `n` and returns it.
  Clock::time_point await(std::int64_t n) const {
    const auto due = start_ + Nanos(static_cast<std::int64_t>(static_cast<double>(n) * step_));
    const auto since = due.time_since_epoch();
    const timespec at{static_cast<time_t>(since / std::chrono::seconds(1)), static_cast<long>((since % std::chrono::seconds(1)).count())};
    while (Clock::now() < due) ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
    return due;
  }

 private:
  Clock::time_point start_;
  double step_;
};

/// Delays since a record was due, and since its send was called. Threading: one thread at a time.
class Delays {
 public:
  explicit Delays(std::int64_t count) { due_.reserve(static_cast<std::size_t>(count)); sent_.reserve(static_cast<std::size_t>(count)); }
  void add(Clock::time_point due, Clock::time_point sent) {
    const auto now = Clock::now();
    due_.push_back((now - due).count());
    sent_.push_back((now - sent).count());
  }
  [[nodiscard]] std::size_t count() const noexcept { return due_.size(); }
  void print() {
    std::printf("{\"records\": %zu", due_.size());
    printOne("", due_);
    printOne("call_", sent_);
    std::printf("}\n");
  }

 private:
  static void printOne(const char* prefix, std::vector<std::int64_t>& delays) {
    std::sort(delays.begin(), delays.end());
    const auto at = [&delays](double share) {
      if (delays.empty()) return 0.0;
      const auto index = static_cast<std::size_t>(share * static_cast<double>(delays.size()));
      return static_cast<double>(delays[std::min(index, delays.size() - 1)]) / 1000.0;
    };
    std::printf(", \"%sp50_us\": %.1f, \"%sp99_us\": %.1f, \"%sp999_us\": %.1f, \"%smax_us\": %.1f", prefix, at(0.5), prefix, at(0.99), prefix, at(0.999), prefix, at(1.0));
  }
  std::vector<std::int64_t> due_;
  std::vector<std::int64_t> sent_;
};

inline void printThroughput(std::int64_t records, std::int64_t bytes, Clock::time_point start, Clock::time_point end) {
  const double seconds = std::chrono::duration<double>(end - start).count();
  std::printf("{\"records\": %lld, \"bytes\": %lld, \"seconds\": %.6f}\n", static_cast<long long>(records), static_cast<long long>(bytes), seconds);
}

/// What main() does: the exit code.
inline int runProgram(const char* name, int count, char** words, void (*run)(const Arguments&)) {
  try {
    run(Arguments(count, words));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return 1;
  }
}

}  // namespace klamm::bench
