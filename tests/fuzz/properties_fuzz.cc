// The text of a .properties file: parsed, written again, parsed again; then given to clients and broker as configuration.

#include "base/properties.h"

#include <klamm/config.h>

#include "client/client_config.h"
#include "config/broker_config.h"
#include "consumer/settings.h"
#include "fuzz/fuzz.h"
#include "producer/settings.h"

namespace {

/// Java's way of writing what reads back as it was.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\f': out += "\\f"; break;
      case '\\': case ' ': case '=': case ':': case '#': case '!': out += {'\\', c}; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace

void klamm::fuzz::run(BytesView input) {
  const auto properties = Properties::parse(asText(input));
  if (!properties) return demandTyped(properties.error());
  std::string text;
  broker::config::BrokerConfig::Entries entries;
  Config config;
  for (const auto& [key, value, line] : properties->entries()) {
    const std::string* found = properties->find(key);
    demand(found != nullptr && *found == value, "a key stands twice");
    text += escaped(key) + "=" + escaped(value) + "\n";
    entries.emplace_back(key, value);
    if (const Error refused = config.trySet(key, value); refused) demandTyped(refused);
  }
  const auto again = Properties::parse(text);
  demand(again && again->entries().size() == properties->entries().size(), "what was written reads otherwise");
  for (const auto& [key, value, line] : properties->entries()) {
    const std::string* found = again->find(key);
    demand(found != nullptr && *found == value, "a value was not written as it is");
  }
  if (const auto producer = producer::producerSettings(config, {}); !producer) demandTyped(producer.error());
  if (const auto consumer = consumer::ConsumerSettings::from(config); !consumer) demandTyped(consumer.error());
  if (const auto client = client::clientSettings(config, ClientKind::Admin, "fuzz"); !client) demandTyped(client.error());
  std::vector<std::string> warnings;
  if (const auto broker = broker::config::BrokerConfig::make(entries, &warnings); !broker) demandTyped(broker.error());
}
