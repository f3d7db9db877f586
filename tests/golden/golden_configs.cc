// Holds our configuration keys against Kafka's.
//
//     golden_configs < configs.txt       prints each difference as a line, then "N keys, M values, K differences"
//
// Lines are those of java/ConfigRows.java. Whether a difference is meant is decided by test_configs.py.

#include <fmt/format.h>

#include <iostream>
#include <map>
#include <optional>
#include <set>

#include <klamm/config.h>

#include "client/config_table.h"
#include "config/config_table.h"
#include "golden/columns.h"

namespace {

using namespace klamm;

/// A key of ours in the words of Kafka's line. Threading: a value.
struct Key {
  std::string type = {};
  std::string defaultValue = {};
  std::string importance = "-";
  std::string update = "-";
  std::string synonym = "-";
  const broker::config::ConfigRow* brokerRow = nullptr;  ///< Null for a client's.
};

std::string defaultText(const char* value) { return value == nullptr ? "-" : "=" + std::string(value); }

std::string typeName(client::ConfigType type) {
  static constexpr const char* kNames[] = {"BOOLEAN", "SHORT", "INT", "LONG", "DOUBLE", "STRING", "PASSWORD", "CLASS", "LIST"};
  return kNames[static_cast<std::size_t>(type)];
}
std::string typeName(broker::config::ConfigType type) {
  static constexpr const char* kNames[] = {"", "BOOLEAN", "STRING", "INT", "SHORT", "LONG", "DOUBLE", "LIST", "CLASS", "PASSWORD"};
  return kNames[static_cast<std::size_t>(type)];
}

using Keys = std::map<std::string, std::map<std::string, Key>>;

Keys ourKeys() {
  static constexpr const char* kImportances[] = {"HIGH", "MEDIUM", "LOW"};
  static constexpr const char* kUpdates[] = {"read-only", "per-broker", "cluster-wide"};
  Keys keys;
  for (const auto& [scope, client] : {std::pair("producer", ClientKind::Producer), {"consumer", ClientKind::Consumer}, {"admin", ClientKind::Admin}}) {
    for (const client::ConfigRow& row : client::configRows()) {
      if ((row.clients & static_cast<unsigned>(client)) == 0) continue;
      keys[scope][std::string(row.name)] = {.type = typeName(row.type), .defaultValue = defaultText(row.defaultText),
                                            .importance = kImportances[static_cast<std::size_t>(row.importance)]};
    }
  }
  for (const auto& row : broker::config::brokerRows()) {
    keys["broker"][std::string(row.name)] = {.type = typeName(row.type), .defaultValue = defaultText(row.defaultValue),
                                             .update = kUpdates[static_cast<std::size_t>(row.update)], .brokerRow = &row};
  }
  for (const auto& row : broker::config::topicRows()) {
    keys["topic"][std::string(row.name)] = {.type = typeName(row.type), .defaultValue = defaultText(row.defaultValue),
                                            .synonym = row.synonym.empty() ? "-" : std::string(row.synonym), .brokerRow = &row};
  }
  return keys;
}

bool takes(const std::string& name, const Key& key, const std::string& text) {
  if (key.brokerRow != nullptr) return broker::config::checkValue(*key.brokerRow, text).has_value();
  try {
    Config config;
    config.set(name, text);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

/// Threading: one thread.
class Comparison {
 public:
  void line(const std::vector<std::string>& columns) {
    if (columns[0] == "key") key(columns);
    else if (columns[0] == "value") value(columns);
    else if (columns[0] == "end") ended_ = std::stoul(columns.at(1)) == count_;
  }

  int finish() {
    endOfKey();
    for (const auto& [scope, keys] : ours_) {
      for (const auto& [name, key] : keys) {
        if (!seen_.contains(scope + " " + name)) difference(scope + " " + name, "Kafka has no such key");
      }
    }
    if (!ended_) difference("-", "the last line is missing, or does not count the keys before it");
    std::cout << count_ << " keys, " << values_ << " values, " << differences_ << " differences\n";
    return 0;
  }

 private:
  void key(const std::vector<std::string>& columns) {
    endOfKey();
    ++count_;
    const std::string& scope = columns.at(1);
    name_ = columns.at(2);
    label_ = scope + " " + name_;
    seen_.insert(label_);
    const auto found = ours_[scope].find(name_);
    key_ = found == ours_[scope].end() ? nullptr : &found->second;
    if (key_ == nullptr) return difference(label_, "Klamm has no such key");
    compare("type", columns.at(3), key_->type);
    compare("default", columns.at(4), key_->defaultValue);
    if (key_->brokerRow == nullptr) compare("importance", columns.at(5), key_->importance);
    compare("update", columns.at(6), key_->update);
    compare("synonym", columns.at(7), key_->synonym);
  }

  void value(const std::vector<std::string>& columns) {
    ++values_;
    if (key_ == nullptr) return;
    const bool kafka = columns.at(3) == "yes";
    if (takes(name_, *key_, columns.at(4)) != kafka) (kafka ? onlyKafka_ : onlyKlamm_) += " '" + columns[4] + "'";
  }

  void endOfKey() {
    if (!onlyKafka_.empty()) difference(label_, "only Kafka takes" + onlyKafka_);
    if (!onlyKlamm_.empty()) difference(label_, "only Klamm takes" + onlyKlamm_);
    onlyKafka_.clear();
    onlyKlamm_.clear();
  }

  void compare(const char* what, const std::string& kafka, const std::string& klamm) {
    if (kafka != klamm) difference(label_, fmt::format("{}: Kafka {}, Klamm {}", what, kafka, klamm));
  }
  void difference(const std::string& label, const std::string& text) {
    ++differences_;
    std::cout << label << ": " << text << "\n";
  }

  Keys ours_ = ourKeys();
  std::set<std::string> seen_;
  std::string name_;
  std::string label_;
  const Key* key_ = nullptr;
  std::string onlyKafka_;
  std::string onlyKlamm_;
  std::size_t count_ = 0;
  std::size_t values_ = 0;
  std::size_t differences_ = 0;
  bool ended_ = false;
};

}  // namespace

int main() {
  Comparison comparison;
  for (std::string line; std::getline(std::cin, line);) comparison.line(golden::columnsOf(line));
  return comparison.finish();
}
