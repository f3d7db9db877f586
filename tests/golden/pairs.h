#pragma once
// The lines of MessagePairs.java, which says what their columns are.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "protocol/api_table.h"

namespace klamm::golden {

/// One message as Kafka writes it.
struct Pair {
  std::string kind = {};  ///< request, response, message
  std::string javaClass = {};
  std::int16_t key = -1;
  std::int16_t version = 0;
  int seed = 0;
  Buffer front = {};
  Buffer body = {};
  std::string printed = {};
  std::string whole = {};
};

[[nodiscard]] Pair pairOf(const std::vector<std::string>& columns);
/// Kafka's class of ProduceRequest is ProduceRequestData; that of PartitionRecord is PartitionRecord.
[[nodiscard]] std::string javaClassOf(const protocol::MessageInfo& info);

/// Empty when the pair and our code agree: the body decodes to the values of the JSON, is encoded to the same bytes from
/// what was decoded and from the JSON, prints as the JSON, has no strict prefix that decodes; the bytes before it are
/// read and written as Kafka does.
[[nodiscard]] std::string differenceOf(const Pair& pair, const protocol::MessageInfo& info);

/// What must be there: every version of every message of our tables and of Kafka's, each with every seed.
/// Threading: one thread.
class Completeness {
 public:
  explicit Completeness(int seeds) : seeds_(seeds) {}

  void sawApi(const std::vector<std::string>& columns);
  void sawClass(const std::vector<std::string>& columns);
  void saw(const Pair& pair) { seen_[{pair.javaClass, pair.version}].insert(pair.seed); }
  /// One sentence for each thing that is missing or that only one side has.
  [[nodiscard]] std::vector<std::string> faults() const;

 private:
  struct Declared {
    std::string name;
    std::string facts;
  };
  void needPairs(const std::string& javaClass, protocol::Versions versions, std::vector<std::string>& faults) const;

  int seeds_;
  std::map<int, Declared> apis_;
  std::map<std::string, protocol::Versions> classes_;
  std::map<std::pair<std::string, std::int16_t>, std::set<int>> seen_;
};

}  // namespace klamm::golden
