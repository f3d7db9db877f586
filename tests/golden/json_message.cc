#include "golden/json_message.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace klamm::golden {
namespace {

using namespace klamm::protocol;
using Json = nlohmann::json;

constexpr std::string_view kTags = "_tags";

Buffer fromBase64(const std::string& text) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<std::byte> bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    if (c == '=') break;
    const auto digit = kDigits.find(c);
    if (digit == std::string_view::npos) throw std::runtime_error("no base64: " + text);
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    if ((held += 6) < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<std::byte>(bits >> held & 0xFF));
  }
  return Buffer::adopt(std::move(bytes));
}

/// Walks the fields of a message and the nodes of its JSON side by side. What the JSON leaves out keeps its default.
/// Threading: one thread.
class JsonFiller final : public Visitor {
 public:
  void body(MutableStruct value, const Json& node) {
    const Json* outer = std::exchange(node_, &node);
    const std::size_t outerUsed = std::exchange(used_, 0);
    value.ops->write(value.object, *this);
    if (const auto tags = node.find(kTags); tags != node.end()) {
      ++used_;
      for (const Json& tag : *tags) {
        value.ops->unknownTaggedFields(value.object)->push_back({tag.at("tag").get<std::uint32_t>(), fromBase64(tag.at("data").get<std::string>())});
      }
    }
    if (used_ != node.size()) throw std::runtime_error("a name that the message does not have in " + node.dump());
    node_ = outer;
    used_ = outerUsed;
  }

 protected:
  std::int64_t number(const Field& f, NumberKind kind, std::int64_t current) override {
    const Json* node = find(f);
    if (node == nullptr) return current;
    return kind == NumberKind::Bool ? static_cast<std::int64_t>(node->get<bool>()) : node->get<std::int64_t>();
  }
  void float64(const Field& f, double& value) override {
    const Json* node = find(f);
    if (node == nullptr) return;
    if (node->is_number()) value = node->get<double>();
    else value = std::stod(node->get<std::string>());  // "-Infinity"
  }
  void uuid(const Field& f, Uuid& value) override {
    if (const Json* node = find(f)) value = Uuid::parse(node->get<std::string>()).value();
  }
  void text(const Field& f, std::string& value) override {
    if (const Json* node = find(f)) value = node->get<std::string>();
  }
  void nullableText(const Field& f, std::optional<std::string>& value) override {
    const Json* node = find(f);
    if (node == nullptr) return;
    if (node->is_null()) value.reset();
    else value = node->get<std::string>();
  }
  void bytes(const Field& f, Buffer& value) override {
    if (const Json* node = find(f)) value = fromBase64(node->get<std::string>());
  }
  void nullableBytes(const Field& f, std::optional<Buffer>& value) override {
    const Json* node = find(f);
    if (node == nullptr) return;
    if (node->is_null()) value.reset();
    else value = fromBase64(node->get<std::string>());
  }
  void records(const Field& f, std::optional<Parts>& value) override {
    const Json* node = find(f);
    if (node == nullptr) return;
    if (node->is_null()) value.reset();
    else value = Parts(fromBase64(node->get<std::string>()));
  }
  Presence array(const Field& f, MutableArray value, bool) override {
    const Json* node = find(f);
    if (node == nullptr) return Presence::Absent;
    if (node->is_null()) return Presence::Null;
    const Json* outer = element_;
    for (const Json& element : *node) {
      element_ = &element;
      value.ops->element(value.ops->append(value.array), *this);
    }
    element_ = outer;
    return Presence::Present;
  }
  Presence structure(const Field& f, MutableStruct value, bool) override {
    const Json* node = find(f);
    if (node == nullptr) return Presence::Absent;
    if (node->is_null()) return Presence::Null;
    body(value, *node);
    return Presence::Present;
  }

 private:
  /// The node of a field, null when the JSON does not have it; elements of arrays have no name.
  [[nodiscard]] const Json* find(const Field& f) {
    if (f.name.empty()) return element_;
    const auto found = node_->find(f.name);
    if (found == node_->end()) return nullptr;
    ++used_;
    return &*found;
  }

  const Json* node_ = nullptr;
  const Json* element_ = nullptr;
  std::size_t used_ = 0;  ///< Names of node_ that a field had.
};

}  // namespace

std::string fillFromJson(MutableMessage message, const std::string& json) {
  try {
    JsonFiller().body({message.object, message.info->ops}, Json::parse(json));
    return {};
  } catch (const std::exception& fault) {
    return fault.what();
  }
}

}  // namespace klamm::golden
