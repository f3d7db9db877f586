// Reads what GoldenMessages.java printed and compares: Kafka's bytes must decode, encode to the same bytes again, and
// print as the same JSON.
//
//     check_messages < messages.txt        prints "N lines, M messages, 0 differences"

#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "protocol/api_table.h"
#include "unit/protocol/random_message.h"

namespace {

using namespace klamm;
using namespace klamm::protocol;

/// Kafka's class of ProduceRequest is ProduceRequestData; that of PartitionRecord is PartitionRecord.
std::map<std::string, const MessageInfo*, std::less<>> messagesByJavaClass() {
  std::map<std::string, const MessageInfo*, std::less<>> messages;
  for (const MessageInfo* info : allMessages()) {
    const bool suffixed = info->kind == MessageKind::Request || info->kind == MessageKind::Response || info->kind == MessageKind::Header;
    messages.emplace(std::string(info->name) + (suffixed ? "Data" : ""), info);
  }
  return messages;
}

/// Empty when all is well.
std::string differenceOf(const MessageInfo& info, std::int16_t version, const Buffer& bytes, const std::string& json) {
  protocol::test::AnyMessage message(info);
  const auto read = decodeInto(message.get(), bytes, version);
  if (!read) return "does not decode: " + read.error().message();
  if (*read != bytes.size()) return "leaves " + std::to_string(bytes.size() - *read) + " bytes";
  const auto again = protocol::test::encodeAny(std::as_const(message).get(), version);
  if (!again) return "does not encode: " + again.error().message();
  if (*again != bytes) return "encodes to\n  " + protocol::test::toHex(*again) + "\nof\n  " + protocol::test::toHex(bytes);
  const std::string printed = toJson(std::as_const(message).get(), version);
  if (printed != json) return "prints\n  " + printed + "\ninstead of\n  " + json;
  return {};
}

}  // namespace

int main() {
  const auto messages = messagesByJavaClass();
  std::set<std::string> seen;
  std::size_t lines = 0;
  std::size_t differences = 0;
  std::string line;
  while (std::getline(std::cin, line)) {
    ++lines;
    std::istringstream words(line);
    std::string name, hex, json;
    int version = 0;
    words >> name >> version >> hex >> std::ws;
    std::getline(words, json);
    seen.insert(name);
    const auto found = messages.find(name);
    const std::string difference =
        found == messages.end() ? "is not in the schema"
                                : differenceOf(*found->second, static_cast<std::int16_t>(version), protocol::test::fromHex(hex), json);
    if (difference.empty()) continue;
    if (++differences <= 20) std::cout << name << " v" << version << " " << difference << "\n";
  }
  for (const auto& [name, info] : messages) {
    if (seen.contains(name)) continue;
    ++differences;
    std::cout << name << " was not printed by Kafka\n";
  }
  std::cout << lines << " lines, " << seen.size() << " messages, " << differences << " differences\n";
  return differences == 0 && lines > 0 ? 0 : 1;
}
