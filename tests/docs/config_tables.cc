// Writes the tables of docs/config from the definitions that the programs themselves read.
//
//     klamm-config-tables FOLDER            writes them
//     klamm-config-tables --check FOLDER    says which differ and what to do; exit code 1 when one does

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "client/config_table.h"
#include "config/config_table.h"

namespace {

using namespace klamm;
using broker::config::Acts;
using broker::config::Update;

std::string typeName(client::ConfigType type) {
  static constexpr const char* kNames[] = {"boolean", "short", "int", "long", "double", "string", "password", "class", "list"};
  return kNames[static_cast<std::size_t>(type)];
}
std::string typeName(broker::config::ConfigType type) {
  static constexpr const char* kNames[] = {"", "boolean", "string", "int", "short", "long", "double", "list", "class", "password"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string escaped(std::string text) {
  for (std::size_t at = 0; (at = text.find_first_of("|<", at)) != std::string::npos; at += 2) text.insert(at, 1, '\\');
  return text;
}

std::string defaultText(const char* value) {
  if (value == nullptr) return "";
  return *value == '\0' ? "empty" : "`" + std::string(value) + "`";
}

std::string row(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const std::string& cell : cells) line += cell.empty() ? " |" : " " + cell + " |";
  return line + "\n";
}

std::string head(const std::vector<std::string>& cells) { return row(cells) + "|" + [&] {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) line += "---|";
  return line + "\n";
}(); }

std::string page(const std::string& title, const std::string& about) {
  return "# " + title + "\n\nGenerated from the program's own definitions; do not edit (`./dev docs` renews it).\n\n" + about + "\n\n";
}

std::string clientPage(const std::string& what, ClientKind kind, const std::string& about) {
  static constexpr const char* kImportances[] = {"high", "medium", "low"};
  std::string text = page("Configuration of the " + what, about) + head({"key", "type", "default", "allowed", "importance", "meaning"});
  for (const client::ConfigRow& key : client::configRows()) {
    if ((key.clients & static_cast<unsigned>(kind)) == 0) continue;
    text += row({fmt::format("`{}`", key.name), typeName(key.type), defaultText(key.defaultText), escaped(client::allowedText(key)),
                 kImportances[static_cast<std::size_t>(key.importance)], escaped(std::string(key.sentence))});
  }
  return text;
}

std::string actsText(const broker::config::ConfigRow& key) { return key.acts == Acts::Yes ? "yes" : "not yet"; }

std::string brokerPage() {
  static constexpr const char* kUpdates[] = {"read-only", "per broker", "cluster-wide"};
  std::string text = page("Configuration of the broker",
                          "Keys of Kafka 4.3, in `server.properties`, by `--override KEY=VALUE` or in `EmbeddedOptions::config`. \"not yet\" in\n"
                          "the column effect: accepted, checked and described to clients, but without effect so far. The column change is Kafka's\n"
                          "word for how the key may change while a broker runs.") +
                     head({"key", "type", "default", "allowed", "effect", "change", "meaning"});
  for (const auto& key : broker::config::brokerRows()) {
    text += row({fmt::format("`{}`", key.name), typeName(key.type), defaultText(key.defaultValue), escaped(broker::config::describeRange(key)), actsText(key),
                 kUpdates[static_cast<std::size_t>(key.update)], escaped(std::string(key.doc))});
  }
  return text;
}

std::string topicPage() {
  std::string text = page("Configuration of a topic",
                          "Given when a topic is created (`klamm topics --create --config KEY=VALUE`, `NewTopic::configs`). A topic that does not\n"
                          "say takes the broker's value of the key in the last column but one. \"not yet\" in the column effect: accepted, checked\n"
                          "and described to clients, but without effect so far.") +
                     head({"key", "type", "default", "allowed", "effect", "broker's key", "meaning"});
  for (const auto& key : broker::config::topicRows()) {
    text += row({fmt::format("`{}`", key.name), typeName(key.type), defaultText(key.defaultValue), escaped(broker::config::describeRange(key)), actsText(key),
                 key.synonym.empty() ? "" : fmt::format("`{}`", key.synonym), escaped(std::string(key.doc))});
  }
  return text;
}

std::map<std::string, std::string> allPages() {
  const std::string how =
      "Keys and values of Kafka 4.3's {}, set by `klamm::Config` or read from a `.properties` file. Keys of what Klamm does not have\n"
      "yet (SASL, metrics sent to brokers, transactions, share groups) or never will (Java classes) are known too, so that one file can serve every client.";
  return {{"producer.md", clientPage("producer", ClientKind::Producer, fmt::format(fmt::runtime(how), "producer"))},
          {"consumer.md", clientPage("consumer", ClientKind::Consumer, fmt::format(fmt::runtime(how), "consumer"))},
          {"admin.md", clientPage("admin client", ClientKind::Admin, fmt::format(fmt::runtime(how), "admin client"))},
          {"broker.md", brokerPage()},
          {"topic.md", topicPage()}};
}

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty()) {
    std::cerr << "usage: klamm-config-tables [--check] FOLDER\n";
    return 2;
  }
  const std::filesystem::path folder = arguments.back();
  int differences = 0;
  for (const auto& [name, text] : allPages()) {
    if (arguments.front() != "--check") {
      std::ofstream(folder / name, std::ios::binary) << text;
    } else if (read(folder / name) != text) {
      std::cerr << (folder / name).string() << " is not what the code says: run ./dev docs and commit\n";
      ++differences;
    }
  }
  return differences == 0 ? 0 : 1;
}
