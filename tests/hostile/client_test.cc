// The clients among brokers that lie: every call ends in time, with a value or a typed error, whatever the answers say.
//
// KLAMM_HOSTILE_ALL=1 tries every lie and every extreme; without it each length and each number of an answer gets one, by turns.
// KLAMM_HOSTILE_TRACE=1 names each case before it runs; KLAMM_HOSTILE_CASES=REGEX runs those whose name matches.
// What goes wrong side by side is tried once more, alone and with long time-outs: a machine that stands still is no fault.

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

/// What a step may take beside its own time-outs: connecting, closing, a busy machine.
constexpr auto kBesideItsLimits = 10s;
/// So much more ends the program: the step hangs.
constexpr auto kHangs = 30s;
constexpr std::size_t kWorkers = 12;
constexpr int kSideBySide = 1;
constexpr int kAlone = 10;  ///< the patience of whoever runs alone

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

/// Whether a step may succeed although every answer of this API is bad.
[[nodiscard]] bool mayDoWithout(ApiKey api) {
  switch (api) {
    case ApiKey::Heartbeat: return true;   // goes beside the calls and is tried again: a call may come through between two of them
    case ApiKey::LeaveGroup: return true;  // as in Java, close() is done whether or not the group could be told
    default: return false;
  }
}

struct Case {
  std::string name;
  ApiKey api;
  const Step* step;
  Tamper tamper;
  bool mustSucceed = false;
  bool mustFail = false;
  bool mustBeNamed = false;  ///< when it fails, the error names the message that lied
};

/// What became of one case.
struct Outcome {
  std::string wrong = {};  ///< empty when all is well
  bool succeeded = false;
};

/// Ends the program with the name of a case that hangs. Threading: any thread; one of its own looks.
class Watchdog {
 public:
  Watchdog() : thread_([this] { run(); }) {}
  ~Watchdog() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void starts(const Case& one, Clock::duration limit) {
    const std::lock_guard lock(mutex_);
    deadlines_[&one] = Clock::now() + limit;
  }
  void ends(const Case& one) {
    const std::lock_guard lock(mutex_);
    deadlines_.erase(&one);
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, 100ms, [this] { return ended_; })) {
      for (const auto& [one, deadline] : deadlines_) {
        if (Clock::now() < deadline) continue;
        std::cerr << "HANGS: " << one->name << " (" << one->step->name << ")\n";
        std::_Exit(1);
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<const Case*, Clock::time_point> deadlines_;
  bool ended_ = false;
  std::thread thread_;
};

/// An answer as it came by in a run without lies.
struct Sample {
  const ApiInfo* api = nullptr;
  std::int16_t version = 0;
  Buffer body = {};
  const Step* step = nullptr;
  std::vector<Length> lengths = {};
  std::vector<std::string> numbers = {};
};

[[nodiscard]] std::vector<std::string> pathsOf(const std::vector<Length>& lengths) {
  std::vector<std::string> paths;
  for (const Length& length : lengths) paths.push_back(length.path);
  return paths;
}

/// Where the path stands in an answer; in one that has it not, some other place.
[[nodiscard]] std::size_t placeOf(const std::string& path, std::size_t otherwise, const std::vector<std::string>& paths) {
  const auto found = std::find(paths.begin(), paths.end(), path);
  return found != paths.end() ? static_cast<std::size_t>(found - paths.begin()) : otherwise % paths.size();
}

class HostileBroker : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    broker = std::make_unique<broker::Embedded>(
        broker::Embedded::start({.config = {{"group.initial.rebalance.delay.ms", "0"}, {"offsets.topic.num.partitions", "1"}}}));
    prepare(broker->bootstrapServers(), kAlone);
    learn();
  }
  static void TearDownTestSuite() {
    broker.reset();
    if (const char* only = std::getenv("KLAMM_HOSTILE_CASES"); only != nullptr && matching == 0) {
      ADD_FAILURE() << "the name of no case matches KLAMM_HOSTILE_CASES='" << only << "'";
    }
  }

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
      clientSteps().front().run({counting.bootstrap(), broker->bootstrapServers(), name, kAlone});
    }
    for (const Step& step : clientSteps()) {
      learnFrom(step, {}, kAlone, mutex);
      learnFrom(step, forged, kSideBySide, mutex);
    }
    const auto isKnown = [](ApiKey api) { return samples.contains(api); };
    if (std::all_of(sendable.begin(), sendable.end(), isKnown)) return;
    for (const Step& step : clientSteps()) learnFrom(step, forged, kAlone, mutex);
  }

  static void learnFrom(const Step& step, const std::set<ApiKey>& forging, int patience, std::mutex& mutex) {
    Proxy proxy(broker->port(), forging, [&](const Answer& answer) {
      note(answer, step, mutex);
      return answer.client->send(answer.frame());
    });
    try {
      step.run({proxy.bootstrap(), broker->bootstrapServers(), freshName(), patience});
    } catch (const KafkaException& error) {
      // A forged answer may well be an error; every other one is honest.
      if (forging.empty()) ADD_FAILURE() << step.name << " fails without any lie: " << error.what();
    }
  }

  static void note(const Answer& answer, const Step& step, std::mutex& mutex) {
    AnyMessage message(*answer.api->response);
    if (!decodeInto(message.get(), answer.body, answer.version)) return;
    const ConstMessage honest = std::as_const(message).get();
    Sample sample{answer.api, answer.version, answer.body, &step, lengthsOf(honest, answer.version), numbersOf(honest, answer.version)};
    const std::lock_guard lock(mutex);
    Sample& best = samples[answer.api->key];
    const auto richness = [](const Sample& one) { return firstOfEach(pathsOf(one.lengths)).size() + firstOfEach(one.numbers).size(); };
    if (best.api == nullptr || richness(sample) > richness(best)) best = std::move(sample);
  }

  /// The answer with changes that fit its lengths and numbers.
  static Buffer lie(const Answer& answer, const std::function<Changes(const std::vector<Length>&, const std::vector<std::string>& numbers)>& choose) {
    AnyMessage message(*answer.api->response);
    if (!decodeInto(message.get(), answer.body, answer.version)) return answer.frame();
    const ConstMessage honest = std::as_const(message).get();
    const Changes changes = choose(lengthsOf(honest, answer.version), numbersOf(honest, answer.version));
    return answer.frameWith(encodeWith(honest, answer.version, changes));
  }

  static Case lieAbout(const Sample& sample, std::size_t place, std::size_t which) {
    const std::string& path = sample.lengths[place].path;
    const auto tamper = [path, place, which](const Answer& answer) {
      return answer.client->send(lie(answer, [&](const std::vector<Length>& lengths, const std::vector<std::string>&) {
        if (lengths.empty()) return Changes{};
        const std::size_t at = placeOf(path, place, pathsOf(lengths));
        const auto all = liesAbout(lengths[at], at);
        return Changes{.claim = all[which % all.size()]};
      }));
    };
    const ApiKey api = sample.api->key;
    return {.name = std::string(sample.api->name) + ": the length of " + path + ", lie " + std::to_string(which),
            .api = api,
            .step = sample.step,
            .tamper = tamper,
            .mustFail = !mayDoWithout(api),
            .mustBeNamed = !mayDoWithout(api)};
  }

  /// In the short form one lie for each place, another at the next: over all places each kind has its turn.
  static std::vector<Case> lies() {
    std::vector<Case> cases;
    for (const auto& [api, sample] : samples) {
      for (const std::size_t place : firstOfEach(pathsOf(sample.lengths))) {
        const std::size_t kinds = liesAbout(sample.lengths[place], place).size();
        if (!wished("KLAMM_HOSTILE_ALL")) cases.push_back(lieAbout(sample, place, cases.size() % kinds));
        else for (std::size_t kind = 0; kind < kinds; ++kind) cases.push_back(lieAbout(sample, place, kind));
      }
    }
    return cases;
  }

  static Case extreme(const Sample& sample, std::size_t place, std::int64_t value) {
    const std::string& path = sample.numbers[place];
    const auto tamper = [path, place, value](const Answer& answer) {
      return answer.client->send(lie(answer, [&](const std::vector<Length>&, const std::vector<std::string>& numbers) {
        if (numbers.empty()) return Changes{};
        return Changes{.number = NumberChange{placeOf(path, place, numbers), value}};
      }));
    };
    return {.name = std::string(sample.api->name) + ": " + path + " = " + std::to_string(value), .api = sample.api->key, .step = sample.step, .tamper = tamper};
  }

  static std::vector<Case> extremes() {
    static constexpr std::int64_t kExtremes[] = {INT64_MAX, -1, INT64_MIN, 0};
    std::vector<Case> cases;
    for (const auto& [api, sample] : samples) {
      for (const std::size_t place : firstOfEach(sample.numbers)) {
        if (!wished("KLAMM_HOSTILE_ALL")) cases.push_back(extreme(sample, place, kExtremes[cases.size() % std::size(kExtremes)]));
        else for (const std::int64_t value : kExtremes) cases.push_back(extreme(sample, place, value));
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
        // The honest answer comes first, or comes at last.
        const bool mayPass = harmless || fault == Fault::AnsweredTwice || fault == Fault::Swapped;
        cases.push_back({.name = std::string(sample.api->name) + ": " + name,
                         .api = api,
                         .step = sample.step,
                         .tamper = [faulty](const Answer& answer) { return (*faulty)(answer); },
                         .mustSucceed = harmless && !forged.contains(api),
                         .mustFail = !mayPass && !mayDoWithout(api)});
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

  static Outcome outcomeOf(const Case& one, int patience) {
    std::atomic<int> tampered = 0;
    Proxy proxy(broker->port(), forged.contains(one.api) ? forged : std::set<ApiKey>(), [&](const Answer& answer) {
      if (answer.api->key != one.api) return answer.client->send(answer.frame());
      ++tampered;
      return one.tamper(answer);
    });
    Outcome outcome;
    std::string& wrong = outcome.wrong;
    const auto start = Clock::now();
    try {
      one.step->run({proxy.bootstrap(), broker->bootstrapServers(), freshName(), patience});
      outcome.succeeded = true;
      if (one.mustFail) wrong = "succeeds, although no answer was good";
    } catch (const KafkaException& error) {
      if (one.mustSucceed) wrong = error.what();
      if (one.mustBeNamed && std::string(error.what()).find("Response v") == std::string::npos) wrong = std::string("does not say why: ") + error.what();
      if (wished("KLAMM_HOSTILE_TRACE")) std::cerr << one.name + " -> " + error.what() + "\n";
    } catch (const std::exception& error) {
      wrong = std::string("an exception that is none of Kafka's: ") + error.what();
    }
    const auto took = Clock::now() - start;
    const double seconds = std::chrono::duration<double>(took).count();
    if (took > limitOf(one, patience)) wrong = "took " + std::to_string(seconds) + " s; " + wrong;
    if (tampered == 0) wrong = "no answer of this API came by; " + wrong;
    // A connection that was of use and breaks may be opened again after reconnect.backoff.ms, 50 ms less a fifth.
    const int mayConnect = 10 + static_cast<int>(seconds / 0.04);
    if (proxy.connections() > mayConnect) wrong = std::to_string(proxy.connections()) + " connections in " + std::to_string(seconds) + " s; " + wrong;
    return outcome;
  }

  static Clock::duration limitOf(const Case& one, int patience) { return patience * one.step->limit + kBesideItsLimits; }

  static Outcome watched(const Case& one, int patience, Watchdog& watchdog) {
    if (wished("KLAMM_HOSTILE_TRACE")) std::cerr << one.name + "\n";
    watchdog.starts(one, limitOf(one, patience) + kHangs);
    Outcome outcome = outcomeOf(one, patience);
    watchdog.ends(one);
    return outcome;
  }

  /// Many at a time: they mostly wait.
  static std::vector<Outcome> runSideBySide(const std::vector<Case>& cases, Watchdog& watchdog) {
    std::vector<Outcome> outcomes(cases.size());
    std::atomic<std::size_t> next = 0;
    std::vector<std::thread> workers;
    for (std::size_t i = 0; i < kWorkers; ++i) {
      workers.emplace_back([&] {
        for (std::size_t at = next++; at < cases.size(); at = next++) outcomes[at] = watched(cases[at], kSideBySide, watchdog);
      });
    }
    for (std::thread& worker : workers) worker.join();
    return outcomes;
  }

  static void runAll(std::vector<Case> cases) {
    EXPECT_FALSE(cases.empty());
    if (const char* only = std::getenv("KLAMM_HOSTILE_CASES")) {
      std::erase_if(cases, [pattern = std::regex(only)](const Case& one) { return !std::regex_search(one.name, pattern); });
    }
    matching += cases.size();
    Watchdog watchdog;
    const std::vector<Outcome> outcomes = runSideBySide(cases, watchdog);
    std::size_t again = 0;
    std::size_t problems = 0;
    for (std::size_t at = 0; at < cases.size(); ++at) {
      if (outcomes[at].wrong.empty()) continue;
      ++again;
      const std::string wrong = watched(cases[at], kAlone, watchdog).wrong;
      if (wrong.empty()) {
        std::cout << "only side by side: " << cases[at].name << ": " << outcomes[at].wrong << "\n";
        continue;
      }
      ++problems;
      ADD_FAILURE() << cases[at].name << " (" << cases[at].step->name << "): " << wrong;
    }
    const auto succeeded = std::count_if(outcomes.begin(), outcomes.end(), [](const Outcome& one) { return one.succeeded; });
    std::cout << cases.size() << " cases over " << samples.size() << " APIs, " << succeeded << " got over it, " << again << " tried again alone, "
              << problems << " problems\n";
  }

  static inline std::unique_ptr<broker::Embedded> broker;
  static inline std::set<ApiKey> forged;             ///< sendable, but not served by the broker
  static inline std::map<ApiKey, Sample> samples;
  static inline std::size_t matching = 0;            ///< cases that KLAMM_HOSTILE_CASES has left, of all tests
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
