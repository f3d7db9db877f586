#pragma once
// Configurations of the clients behind the tools.

#include <map>
#include <string>

#include <klamm/config.h>

#include "common/arguments.h"

namespace klamm::tools {

/// The options that name a .properties file and single properties: the one of Kafka 4.3 first, then its deprecated names,
/// which still work and are warned of.
struct ConfigOptions {
  std::string_view file;
  std::string_view deprecatedFile;  ///< empty: none
  std::string_view properties;
  std::string_view deprecatedProperties;
};

using PropertyMap = std::map<std::string, std::string, std::less<>>;

/// Reads both kinds of options; single properties win over the file. UsageError when a file is named twice, an error with
/// file and line when it cannot be read.
[[nodiscard]] PropertyMap readProperties(const Arguments& arguments, const ConfigOptions& options);

/// A client's configuration of these properties; its warnings go to standard error.
[[nodiscard]] Config clientConfig(const PropertyMap& properties);

/// --bootstrap-server, or --broker-list, its old name. UsageError without either.
[[nodiscard]] std::string bootstrapServers(const Arguments& arguments);

/// For a command that takes --bootstrap-server and --command-config.
[[nodiscard]] Config adminConfig(const Arguments& arguments, std::string_view clientId);

/// Sets `key` if the option was given, or if nobody has set it and there is a default.
void mergeOption(PropertyMap& properties, const Arguments& arguments, std::string_view option, std::string_view key, std::string_view byDefault);

}  // namespace klamm::tools
