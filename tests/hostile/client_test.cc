// The clients among brokers that lie: every call ends in time, with a value or a typed error, whatever the answers say.
//
// KLAMM_HOSTILE_ALL=1 tries every lie and every extreme; without it each length and each number of an answer gets one.
// KLAMM_HOSTILE_TRACE=1 names each case before it runs; KLAMM_HOSTILE_CASES=REGEX runs those whose name matches.

#include <klamm/broker/embedded.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>

#include <gtest/gtest.h>

#include <klamm/exceptions.h>

#include "base/bytes.h"
#include "hostile/claims.h"
#include "hostile/client_steps.h"
#include "hostile/proxy.h"
#include "protocol/01_fetch.h"
#include "protocol/18_api_versions.h"
#include "unit/protocol/random_message.h"

namespace klamm::hostile {
namespace {

using namespace protocol;
using namespace std::chrono_literals;
using protocol::test::AnyMessage;
using Clock = std::chrono::steady_clock;

/// The longest that a step of calls with time-outs of 1.5 s may take on a busy machine.
constexpr auto kInTime = 40s;
constexpr std::size_t kWorkers = 12;

[[nodiscard]] bool wished(const char* variable) { return std::getenv(variable) != nullptr; }

/// The APIs whose schemas the client's sources include: what it can send.
[[nodiscard]] std::set<ApiKey> apisOfTheSources() {
  static const std::regex kInclude("#include \"protocol/([0-9]+)_");
  std::set<ApiKey> apis;
  for (const char* layer : {"client", "producer", "consumer", "admin"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(KLAMM_SOURCE_DIR) + "/libclient/src/" + layer)) {
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        if (std::smatch match; std::regex_search(line, match, kInclude)) apis.insert(static_cast<ApiKey>(std::stoi(match[1])));
      }
    }
  }
  return apis;
}

enum class Fault {
  WrongCorrelationId, AnswerToNothing, AnsweredTwice, Swapped, ByteByByte, Stall, CloseMidFrame, HugeLength, NegativeLength, Truncated, SurplusBytes,
};
constexpr std::pair<Fault, const char*> kFaults[] = {
    {Fault::WrongCorrelationId, "wrong correlation id"}, {Fault::AnswerToNothing, "an answer to nothing"}, {Fault::AnsweredTwice, "answered twice"},
    {Fault::Swapped, "swapped answers"},                 {Fault::ByteByByte, "byte by byte"},              {Fault::Stall, "no answer"},
    {Fault::CloseMidFrame, "closed within the frame"},   {Fault::HugeLength, "a frame of 2^31-1 bytes"},   {Fault::NegativeLength, "a frame of -1 bytes"},
    {Fault::Truncated, "a body cut short"},              {Fault::SurplusBytes, "surplus bytes"},
};

/// Passes answers on with one fault. Threading: many connections at once.
class FaultyAnswers {
 public:
  explicit FaultyAnswers(Fault fault) : fault_(fault) {}

  bool operator()(const Answer& answer) {
    Wire& client = *answer.client;
    const Buffer honest = answer.frame();
    switch (fault_) {
      case Fault::WrongCorrelationId: return client.send(withId(honest, 1'000'000));
      case Fault::AnswerToNothing: return client.send(withId(honest, 1'000'000)) && client.send(honest);
      case Fault::AnsweredTwice: return client.send(honest) && client.send(honest);
      case Fault::Swapped: return swapped(client, honest);
      case Fault::ByteByByte: return client.sendByteByByte(honest);
      case Fault::Stall: return true;
      case Fault::CloseMidFrame: return client.send(honest.slice(0, honest.size() - 1)) && false;
      case Fault::HugeLength: return client.send(withPrefix(honest, INT32_MAX));
      case Fault::NegativeLength: return client.send(withPrefix(honest, -1));
      case Fault::Truncated: return client.send(answer.frameWith(answer.body.view().first(answer.body.size() / 2)));
      case Fault::SurplusBytes: return client.send(surplus(answer));
    }
    return false;
  }

 private:
  static Buffer changed(const Buffer& frame, std::size_t at, std::int32_t number) {
    std::vector<std::byte> bytes(frame.view().begin(), frame.view().end());
    storeBigEndian(bytes.data() + at, number);
    return Buffer::adopt(std::move(bytes));
  }
  static Buffer withPrefix(const Buffer& frame, std::int32_t length) { return changed(frame, 0, length); }
  static Buffer withId(const Buffer& frame, std::int32_t id) { return changed(frame, 4, id); }
  static Buffer surplus(const Answer& answer) {
    std::vector<std::byte> body(answer.body.view().begin(), answer.body.view().end());
    body.insert(body.end(), 7, std::byte{0x55});
    return answer.frameWith(body);
  }
  /// The first answer of a connection waits for the second, which goes first.
  bool swapped(Wire& client, const Buffer& frame) {
    const std::lock_guard lock(mutex_);
    Buffer& held = held_[&client];
    if (held.empty()) {
      held = frame;
      return true;
    }
    return client.send(frame) && client.send(std::exchange(held, Buffer()));
  }

  Fault fault_;
  std::mutex mutex_;
  std::map<Wire*, Buffer> held_;
};

/// The first place of each path, whatever its indices are.
[[nodiscard]] std::vector<std::size_t> firstOfEach(const std::vector<std::string>& paths) {
  static const std::regex kIndex("\\[[0-9]+\\]");
  std::set<std::string> seen;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (seen.insert(std::regex_replace(paths[i], kIndex, "")).second) places.push_back(i);
  }
  return places;
}

struct Case {
  std::string name;
  ApiKey api;
  const Step* step;
  Tamper tamper;
  bool mustSucceed = false;
  bool mustBeNamed = false;  ///< when it fails, the error names the message that lied
};

/// An answer as it came by in a run without lies.
struct Sample {
  const ApiInfo* api = nullptr;
  std::int16_t version = 0;
  Buffer body = {};
  const Step* step = nullptr;
  std::vector<std::string> lengths = {};
  std::vector<std::string> numbers = {};
};

class HostileBroker : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    broker = std::make_unique<broker::Embedded>(
        broker::Embedded::start({.config = {{"group.initial.rebalance.delay.ms", "0"}, {"offsets.topic.num.partitions", "1"}}}));
    prepare(broker->bootstrapServers());
    learn();
  }
  static void TearDownTestSuite() { broker.reset(); }

  static std::string freshName() {
    static std::atomic<int> count = 0;
    return "made-" + std::to_string(++count);
  }

  /// Runs every step without lies and keeps, for each API, the answer with the most in it.
  static void learn() {
    const std::set<ApiKey> sendable = apisOfTheSources();
    std::mutex mutex;
    for (const ApiKey api : sendable) forged.insert(api);
    {
      Proxy counting(broker->port(), {}, [&](const Answer& answer) {
        if (answer.api->key == ApiKey::ApiVersions) {
          const auto body = decode<ApiVersionsResponse>(answer.body, answer.version);
          const std::lock_guard lock(mutex);
          for (const auto& one : body->apiKeys) forged.erase(static_cast<ApiKey>(one.apiKey));
        }
        return answer.client->send(answer.frame());
      });
      const std::string name = freshName();
      clientSteps().front().run({counting.bootstrap(), broker->bootstrapServers(), name});
    }
    for (const Step& step : clientSteps()) {
      learnFrom(step, {}, mutex);
      learnFrom(step, forged, mutex);
    }
  }

  static void learnFrom(const Step& step, const std::set<ApiKey>& forging, std::mutex& mutex) {
    Proxy proxy(broker->port(), forging, [&](const Answer& answer) {
      note(answer, step, mutex);
      return answer.client->send(answer.frame());
    });
    try {
      step.run({proxy.bootstrap(), broker->bootstrapServers(), freshName()});
    } catch (const KafkaException& error) {
      // A forged answer may well be an error; every other one is honest.
      if (forging.empty()) ADD_FAILURE() << step.name << " fails without any lie: " << error.what();
    }
  }

  static void note(const Answer& answer, const Step& step, std::mutex& mutex) {
    AnyMessage message(*answer.api->response);
    if (!decodeInto(message.get(), answer.body, answer.version)) return;
    Sample sample{answer.api, answer.version, answer.body, &step, {}, numbersOf(std::as_const(message).get(), answer.version)};
    for (const Length& length : lengthsOf(std::as_const(message).get(), answer.version)) sample.lengths.push_back(length.path);
    const std::lock_guard lock(mutex);
    Sample& best = samples[answer.api->key];
    const auto richness = [](const Sample& one) { return firstOfEach(one.lengths).size() + firstOfEach(one.numbers).size(); };
    if (best.api == nullptr || richness(sample) > richness(best)) best = std::move(sample);
  }

  /// The answer with changes that were chosen for a richer one: places beyond its end wrap around.
  static Buffer lie(const Answer& answer, const std::function<Changes(const std::vector<Length>&, std::size_t numbers)>& choose) {
    AnyMessage message(*answer.api->response);
    if (!decodeInto(message.get(), answer.body, answer.version)) return answer.frame();
    const ConstMessage honest = std::as_const(message).get();
    const Changes changes = choose(lengthsOf(honest, answer.version), numbersOf(honest, answer.version).size());
    return answer.frameWith(encodeWith(honest, answer.version, changes));
  }

  static std::vector<Case> lies() {
    std::vector<Case> cases;
    for (const auto& [api, sample] : samples) {
      for (const std::size_t place : firstOfEach(sample.lengths)) {
        for (std::size_t kind = 0; kind < (wished("KLAMM_HOSTILE_ALL") ? 4 : 1); ++kind) {
          const std::size_t which = kind + cases.size();
          cases.push_back({std::string(sample.api->name) + ": the length of " + sample.lengths[place] + ", lie " + std::to_string(which), api, sample.step,
                           [place, which](const Answer& answer) {
                             return answer.client->send(lie(answer, [&](const std::vector<Length>& lengths, std::size_t) {
                               if (lengths.empty()) return Changes{};
                               const std::size_t at = place % lengths.size();
                               const auto all = liesAbout(lengths[at], at);
                               return Changes{.claim = all[which % all.size()]};
                             }));
                           },
                           false, api != ApiKey::Heartbeat});  // that one is tried again until the group gives up the member
        }
      }
    }
    return cases;
  }

  static std::vector<Case> extremes() {
    static constexpr std::int64_t kExtremes[] = {INT64_MAX, -1, INT64_MIN, 0};
    std::vector<Case> cases;
    for (const auto& [api, sample] : samples) {
      for (const std::size_t place : firstOfEach(sample.numbers)) {
        for (std::size_t kind = 0; kind < (wished("KLAMM_HOSTILE_ALL") ? std::size(kExtremes) : 1); ++kind) {
          const std::int64_t value = kExtremes[(kind + cases.size()) % std::size(kExtremes)];
          cases.push_back({std::string(sample.api->name) + ": " + sample.numbers[place] + " = " + std::to_string(value), api, sample.step,
                           [place, value](const Answer& answer) {
                             return answer.client->send(lie(answer, [&](const std::vector<Length>&, std::size_t numbers) {
                               if (numbers == 0) return Changes{};
                               return Changes{.number = NumberChange{place % numbers, value}};
                             }));
                           }});
        }
      }
    }
    return cases;
  }

  static std::vector<Case> faults() {
    std::vector<Case> cases;
    for (const auto& [api, sample] : samples) {
      for (const auto& [fault, name] : kFaults) {
        const auto faulty = std::make_shared<FaultyAnswers>(fault);
        const bool harmless = fault == Fault::ByteByByte || fault == Fault::SurplusBytes;
        cases.push_back({std::string(sample.api->name) + ": " + name, api, sample.step, [faulty](const Answer& answer) { return (*faulty)(answer); },
                         harmless && !forged.contains(api)});
      }
    }
    return cases;
  }

  /// Each byte of the first batch's header, and some of its records, turned over in every Fetch answer.
  static std::vector<Case> brokenBatches() {
    constexpr std::size_t kBytes = 96;
    std::vector<Case> cases;
    const Sample& sample = samples.at(ApiKey::Fetch);
    for (std::size_t at = 0; at < kBytes; ++at) {
      cases.push_back({"Fetch: byte " + std::to_string(at) + " of the records", ApiKey::Fetch, sample.step, [at](const Answer& answer) {
                         const auto message = decode<FetchResponse>(answer.body, answer.version);
                         std::vector<std::byte> body(answer.body.view().begin(), answer.body.view().end());
                         for (const auto& topic : message->responses) {
                           for (const auto& partition : topic.partitions) {
                             const Buffer records = partition.records ? partition.records->buffer() : Buffer();
                             if (records.size() > at) body[static_cast<std::size_t>(records.data() - answer.body.data()) + at] ^= std::byte{0xFF};
                           }
                         }
                         return answer.client->send(answer.frameWith(body));
                       }});
    }
    return cases;
  }

  /// What became of one case; empty when all is well.
  static std::string outcomeOf(const Case& one, std::atomic<int>& succeeded) {
    std::atomic<int> tampered = 0;
    Proxy proxy(broker->port(), forged.contains(one.api) ? forged : std::set<ApiKey>(), [&](const Answer& answer) {
      if (answer.api->key != one.api) return answer.client->send(answer.frame());
      ++tampered;
      return one.tamper(answer);
    });
    std::string wrong;
    const auto start = Clock::now();
    try {
      one.step->run({proxy.bootstrap(), broker->bootstrapServers(), freshName()});
      ++succeeded;
    } catch (const KafkaException& error) {
      if (one.mustSucceed) wrong = error.what();
      if (one.mustBeNamed && std::string(error.what()).find("Response v") == std::string::npos) wrong = std::string("does not say why: ") + error.what();
      if (wished("KLAMM_HOSTILE_TRACE")) std::cerr << one.name + " -> " + error.what() + "\n";
    } catch (const std::exception& error) {
      wrong = std::string("an exception that is none of Kafka's: ") + error.what();
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (tampered == 0) wrong = "no answer of this API came by";
    // A connection that was of use and breaks may be opened again after reconnect.backoff.ms, 50 ms less a fifth.
    const int mayConnect = 10 + static_cast<int>(seconds / 0.04);
    if (proxy.connections() > mayConnect) wrong = std::to_string(proxy.connections()) + " connections in " + std::to_string(seconds) + " s";
    return wrong;
  }

  /// Runs the cases side by side: they mostly wait. One that hangs ends the program with its name.
  static void runAll(std::vector<Case> cases) {
    if (const char* only = std::getenv("KLAMM_HOSTILE_CASES")) {
      std::erase_if(cases, [pattern = std::regex(only)](const Case& one) { return !std::regex_search(one.name, pattern); });
    }
    std::atomic<std::size_t> next = 0;
    std::atomic<int> succeeded = 0;
    std::mutex mutex;
    std::map<std::size_t, Clock::time_point> running;
    std::vector<std::string> problems;
    std::vector<std::thread> workers;
    std::atomic<std::size_t> working = kWorkers;
    for (std::size_t i = 0; i < kWorkers; ++i) {
      workers.emplace_back([&] {
        for (std::size_t at = next++; at < cases.size(); at = next++) {
          if (wished("KLAMM_HOSTILE_TRACE")) std::cerr << cases[at].name + "\n";
          {
            const std::lock_guard lock(mutex);
            running[at] = Clock::now();
          }
          const std::string wrong = outcomeOf(cases[at], succeeded);
          const std::lock_guard lock(mutex);
          running.erase(at);
          if (!wrong.empty()) problems.push_back(cases[at].name + ": " + wrong);
        }
        --working;
      });
    }
    while (working > 0) {
      std::this_thread::sleep_for(100ms);
      const std::lock_guard lock(mutex);
      for (const auto& [at, since] : running) {
        if (Clock::now() - since < kInTime) continue;
        std::cerr << "HANGS: " << cases[at].name << " (" << cases[at].step->name << ")\n";
        std::_Exit(1);
      }
    }
    for (std::thread& worker : workers) worker.join();
    for (const std::string& problem : problems) ADD_FAILURE() << problem;
    std::cout << cases.size() << " cases over " << samples.size() << " APIs, " << succeeded << " got over it, " << problems.size() << " problems\n";
  }

  static inline std::unique_ptr<broker::Embedded> broker;
  static inline std::set<ApiKey> forged;             ///< sendable, but not served by the broker
  static inline std::map<ApiKey, Sample> samples;
};

TEST_F(HostileBroker, SeesEveryApiThatTheClientsCanSend) {
  const std::set<ApiKey> sendable = apisOfTheSources();
  EXPECT_GT(sendable.size(), 20U);
  for (const ApiKey api : sendable) EXPECT_TRUE(samples.contains(api)) << apiInfo(api).name << " is never sent by the steps of client_steps.cc";
}

TEST_F(HostileBroker, CannotHarmByLengthsThatLie) { runAll(lies()); }
TEST_F(HostileBroker, CannotHarmByExtremeNumbers) { runAll(extremes()); }
TEST_F(HostileBroker, CannotHarmByBreakingTheOrderOfAnswers) { runAll(faults()); }
TEST_F(HostileBroker, CannotHarmByBrokenBatches) { runAll(brokenBatches()); }

}  // namespace
}  // namespace klamm::hostile
