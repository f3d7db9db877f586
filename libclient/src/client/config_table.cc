#include "client/config_table.h"

#include <algorithm>
#include <array>
#include <vector>

namespace klamm::client {
namespace {

enum Clients : unsigned { P = 1, C = 2, PC = 3, A = 4, PA = 5, CA = 6, PCA = 7 };

constexpr double kNoLimit = std::numeric_limits<double>::infinity();
constexpr ConfigRange any() { return {}; }
constexpr ConfigRange nonEmpty() { return {.kind = ConfigRange::Kind::NonEmpty}; }
constexpr ConfigRange addresses() { return {.kind = ConfigRange::Kind::Addresses}; }
constexpr ConfigRange atLeast(double lowest) { return {.kind = ConfigRange::Kind::Between, .lowest = lowest, .highest = kNoLimit}; }
constexpr ConfigRange between(double lowest, double highest) {
  return {.kind = ConfigRange::Kind::Between, .lowest = lowest, .highest = highest};
}
constexpr ConfigRange betweenReal(double lowest, double highest) { return between(lowest, highest); }
constexpr ConfigRange betweenOr(double lowest, double highest, double other) {
  return {.kind = ConfigRange::Kind::Between, .lowest = lowest, .highest = highest, .hasOther = true, .other = other};
}
constexpr ConfigRange oneOf(std::string_view choices) { return {.kind = ConfigRange::Kind::OneOf, .choices = choices}; }
constexpr ConfigRange oneOfAnyCase(std::string_view choices) {
  return {.kind = ConfigRange::Kind::OneOfAnyCase, .choices = choices};
}

constexpr ConfigRow kRows[] = {
#define KLAMM_CONFIG(clients, constant, name, kafkaType, cppType, defaultValue, range, importance, sentence) \
  {clients, name, ConfigType::kafkaType, defaultValue, range, ConfigImportance::importance, sentence},
#include <klamm/config.def>
#undef KLAMM_CONFIG
};

struct Hint {
  std::string_view name;
  std::string_view advice;
};

/// Names of other times and other clients that people still type.
constexpr Hint kHints[] = {
    {"metadata.broker.list", "use bootstrap.servers"},
    {"broker.list", "use bootstrap.servers"},
    {"zookeeper.connect", "clients talk to brokers only: use bootstrap.servers"},
    {"timeout.ms", "use request.timeout.ms or delivery.timeout.ms"},
    {"metadata.fetch.timeout.ms", "use max.block.ms"},
    {"block.on.buffer.full", "use max.block.ms"},
    {"message.timeout.ms", "use delivery.timeout.ms"},
    {"message.send.max.retries", "use retries, or better delivery.timeout.ms"},
    {"request.required.acks", "use acks"},
    {"producer.type", "sends are always asynchronous; wait for the future to send synchronously"},
    {"serializer.class", "the template arguments of Producer and ProducerOptions choose serializers"},
    {"compression.codec", "use compression.type"},
    {"compressed.topics", "use compression.type"},
    {"queue.buffering.max.ms", "use linger.ms"},
    {"queue.buffering.max.messages", "use buffer.memory"},
    {"queue.buffering.max.kbytes", "use buffer.memory"},
    {"batch.num.messages", "use batch.size"},
    {"queue.enqueue.timeout.ms", "use max.block.ms"},
    {"max.in.flight", "use max.in.flight.requests.per.connection"},
    {"topic.metadata.refresh.interval.ms", "use metadata.max.age.ms"},
    {"socket.timeout.ms", "use request.timeout.ms"},
    {"consumer.timeout.ms", "poll() takes its time limit as an argument"},
    {"auto.commit.enable", "use enable.auto.commit"},
    {"fetch.message.max.bytes", "use max.partition.fetch.bytes"},
    {"fetch.wait.max.ms", "use fetch.max.wait.ms"},
    {"rebalance.max.retries", "the group protocol has no such limit any more"},
    {"auto.create.topics.enable", "use allow.auto.create.topics; the broker has auto.create.topics.enable"},
};

std::size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, substituted}));
    }
  }
  return row[b.size()];
}

std::string_view clientName(ClientKind client) noexcept {
  switch (client) {
    case ClientKind::Producer: return "producer";
    case ClientKind::Consumer: return "consumer";
    case ClientKind::Admin: return "admin client";
  }
  return "client";
}

void warnOfUnknown(std::string_view name, ClientKind client, const Log& log) {
  if (findConfig(name) != nullptr) {  // of another client: one file often serves several programs
    log.debug("configuration {} has no effect on a {}", name, clientName(client));
    return;
  }
  for (const Hint& hint : kHints) {
    if (hint.name == name) return log.warn("configuration {} is not known: {}", name, hint.advice);
  }
  const std::string_view nearest = nearestConfig(name, client);
  if (nearest.empty()) log.warn("configuration {} is not known", name);
  else log.warn("configuration {} is not known: did you mean {}?", name, nearest);
}

/// Values that Java loads a class by, and what to do instead.
struct ClassKey {
  std::string_view name;
  std::string_view harmless;  ///< values with this beginning have no effect beyond what the client does anyway
  std::string_view instead;
};

constexpr ClassKey kClassKeys[] = {
    {"key.serializer", "org.apache.kafka.common.serialization.", "pass a Serializer object in ProducerOptions::keySerializer"},
    {"value.serializer", "org.apache.kafka.common.serialization.", "pass a Serializer object in ProducerOptions::valueSerializer"},
    {"key.deserializer", "org.apache.kafka.common.serialization.", "pass a Deserializer object in ConsumerOptions::keyDeserializer"},
    {"value.deserializer", "org.apache.kafka.common.serialization.", "pass a Deserializer object in ConsumerOptions::valueDeserializer"},
    {"partitioner.class", "org.apache.kafka.clients.producer.RoundRobinPartitioner", "pass a Partitioner object in ProducerOptions::partitioner"},
    {"metric.reporters", "org.apache.kafka.common.metrics.JmxReporter", "metrics are not reported by Java classes here"},
    {"interceptor.classes", "", "interceptors are not supported"},
    {"config.providers", "", "configuration providers are not supported: put the values themselves"},
    {"security.providers", "", "Java's security providers are not supported"},
    {"ssl.engine.factory.class", "", "TLS is OpenSSL's here"},
    {"sasl.login.class", "", "Java's login modules are not supported"},
    {"sasl.login.callback.handler.class", "", "Java's callback handlers are not supported"},
    {"sasl.client.callback.handler.class", "", "Java's callback handlers are not supported"},
};

Status checkClass(const ClassKey& key, const std::string& value) {
  if (value.empty() || (!key.harmless.empty() && value.starts_with(key.harmless))) return {};
  return fail(ErrorCode::InvalidClientConfig,
              std::string(key.name) + "=" + value + " names a Java class; " + std::string(key.instead));
}

}  // namespace

std::span<const ConfigRow> configRows() noexcept { return kRows; }

const ConfigRow* findConfig(std::string_view name) noexcept {
  for (const ConfigRow& row : kRows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

const ConfigRow* findConfig(std::string_view name, ClientKind client) noexcept {
  for (const ConfigRow& row : kRows) {
    if (row.name == name && (row.clients & static_cast<unsigned>(client)) != 0) return &row;
  }
  return nullptr;
}

std::string allowedText(const ConfigRow& row) {
  const bool real = row.type == ConfigType::Double;
  const auto text = [real](double limit) {
    return real ? fmt::format("{}", limit) : fmt::format("{}", static_cast<std::int64_t>(limit));
  };
  const std::string_view number = real ? "a number" : "a whole number";
  switch (row.range.kind) {
    case ConfigRange::Kind::NonEmpty: return "a non-empty text";
    case ConfigRange::Kind::OneOf:
    case ConfigRange::Kind::OneOfAnyCase: return fmt::format("one of: {}", row.range.choices);
    case ConfigRange::Kind::Between:
      if (row.range.highest == kNoLimit) return fmt::format("{} of at least {}", number, text(row.range.lowest));
      return fmt::format("{} from {} to {}{}", number, text(row.range.lowest), text(row.range.highest),
                         row.range.hasOther ? " or " + text(row.range.other) : "");
    case ConfigRange::Kind::Addresses: return "a list of HOST:PORT";
    case ConfigRange::Kind::Any: break;
  }
  switch (row.type) {
    case ConfigType::Boolean: return "true or false";
    case ConfigType::Short: return "a whole number of 16 bits";
    case ConfigType::Int: return "a whole number of 32 bits";
    case ConfigType::Long: return "a whole number of 64 bits";
    case ConfigType::Double: return "a number";
    case ConfigType::List: return "a list without empty and doubled entries";
    default: return "a text";
  }
}

std::string_view nearestConfig(std::string_view name, ClientKind client) {
  std::string_view nearest;
  std::size_t best = std::max<std::size_t>(2, name.size() / 4) + 1;
  for (const ConfigRow& row : kRows) {
    if ((row.clients & static_cast<unsigned>(client)) == 0) continue;
    if (const std::size_t distance = editDistance(name, row.name); distance < best) {
      best = distance;
      nearest = row.name;
    }
  }
  return nearest;
}

Log logOf(const Config& config) {
  return config.logSink() ? Log(config.logSink(), config.logThreshold()) : Log();
}

Status checkConfig(const Config& config, ClientKind client, const Log& log) {
  for (const auto& [name, value] : config.properties()) {
    if (findConfig(name, client) == nullptr) warnOfUnknown(name, client, log);
  }
  for (const ClassKey& key : kClassKeys) {
    if (findConfig(key.name, client) == nullptr) continue;
    if (const auto value = config.find(key.name)) KLAMM_TRY(checkClass(key, *value));
  }
  return {};
}

}  // namespace klamm::client
