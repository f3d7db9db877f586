#pragma once
// Typed names of the configuration keys, so that a misspelt key or a wrong unit does not compile:
//
//     config.set(klamm::config::lingerMs, 5ms).set(klamm::config::acks, klamm::Acks::All);
//
// Each constant is Kafka's name in camel case; config.def says what it means.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <klamm/bytes.h>

namespace [[gnu::visibility("default")]] klamm {

/// Replicas that must have a batch before it counts as sent.
enum class Acks : std::int8_t { All = -1, None = 0, Leader = 1 };

/// The name of a key and the type of its value. Threading: a value.
template <class T>
struct ConfigKey {
  std::string_view name;
};

namespace config {

#define KLAMM_CONFIG(clients, constant, name, kafkaType, cppType, defaultValue, range, importance, sentence) \
  inline constexpr ConfigKey<cppType> constant{name};
#define KLAMM_CONFIG_AGAIN(clients, constant, name, kafkaType, cppType, defaultValue, range, importance, sentence)
#include <klamm/config.def>
#undef KLAMM_CONFIG

}  // namespace config
}  // namespace klamm
