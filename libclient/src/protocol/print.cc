#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "protocol/codec.h"

namespace klamm::protocol {
namespace {

constexpr std::int16_t kEveryVersion = -1;

void appendQuoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) fmt::format_to(std::back_inserter(out), "\\u{:04X}", static_cast<unsigned char>(c));
        else out += c;
    }
  }
  out += '"';
}

void appendBase64(std::string& out, BytesView bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto at = [&](std::size_t i) { return i < bytes.size() ? static_cast<std::uint32_t>(bytes[i]) : 0U; };
  out += '"';
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::uint32_t group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    out += kDigits[group >> 18 & 63];
    out += kDigits[group >> 12 & 63];
    out += i + 1 < bytes.size() ? kDigits[group >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? kDigits[group & 63] : '=';
  }
  out += '"';
}

/// Writes JSON as Kafka's XxxJsonConverter does. Threading: one thread.
class JsonPrinter final : public ConstVisitor {
 public:
  explicit JsonPrinter(std::int16_t version) : version_(version) {}

  void body(const ConstStruct& value) {
    const bool outer = std::exchange(first_, true);
    text_ += '{';
    value.ops->read(value.object, *this);
    text_ += '}';
    first_ = outer;
  }
  [[nodiscard]] std::string take() && { return std::move(text_); }

 protected:
  void number(const Field& f, NumberKind kind, std::int64_t value) override {
    if (!begin(f, value == f.defaultNumber)) return;
    if (kind == NumberKind::Bool) text_ += value != 0 ? "true" : "false";
    else fmt::format_to(std::back_inserter(text_), "{}", value);
  }
  void float64(const Field& f, double value) override {
    if (begin(f, value == 0)) text_ += javaDouble(value);
  }
  void uuid(const Field& f, const Uuid& value) override {
    if (begin(f, value.isZero())) appendQuoted(text_, value.toString());
  }
  void text(const Field& f, const std::string* value) override {
    if (!begin(f, value == nullptr ? f.defaultNull : value->empty() && !f.defaultNull)) return;
    if (value == nullptr) text_ += "null";
    else appendQuoted(text_, *value);
  }
  void bytes(const Field& f, const Buffer* value) override {
    if (!begin(f, value == nullptr ? f.defaultNull : value->empty() && !f.defaultNull)) return;
    if (value == nullptr) text_ += "null";
    else appendBase64(text_, *value);
  }
  void records(const Field& f, const Parts* value) override {
    if (!begin(f, value == nullptr, value == nullptr ? "" : "SizeInBytes")) return;
    if (value == nullptr) text_ += "null";
    else fmt::format_to(std::back_inserter(text_), "{}", value->size());
  }
  void array(const Field& f, const ConstArray* value) override {
    if (!begin(f, value == nullptr ? f.defaultNull : value->size == 0 && !f.defaultNull)) return;
    if (value == nullptr) {
      text_ += "null";
      return;
    }
    const bool outer = std::exchange(first_, true);
    text_ += '[';
    const auto* element = static_cast<const std::byte*>(value->first);
    for (std::size_t i = 0; i < value->size; ++i, element += value->stride) value->element(element, *this);
    text_ += ']';
    first_ = outer;
  }
  void structure(const Field& f, const ConstStruct* value) override {
    const bool tagged = isTagged(f);
    if (!begin(f, tagged && (value == nullptr ? f.defaultNull : !f.defaultNull && value->ops->isDefault(value->object)))) return;
    if (value == nullptr) text_ += "null";
    else body(*value);
  }

 private:
  [[nodiscard]] bool isTagged(const Field& f) const noexcept {
    return version_ == kEveryVersion ? f.tag >= 0 : f.tagged.contains(version_);
  }

  /// Writes what stands before the value; false when the version does not have the field or its tag is not set.
  bool begin(const Field& f, bool isDefault, std::string_view suffix = {}) {
    if (version_ != kEveryVersion && !f.versions.contains(version_)) return false;
    if (isDefault && isTagged(f)) return false;
    if (!std::exchange(first_, false)) text_ += ',';
    if (!f.name.empty()) text_.append("\"").append(f.name).append(suffix).append("\":");
    return true;
  }

  /// As Java's Double.toString: the shortest digits that read back, at least one behind the point, and from 10^7 up and
  /// below 10^-3 with an exponent: 12.5, 3.0, 1.0E7, -2.5E-4.
  static std::string javaDouble(double value) {
    if (std::isnan(value)) return "\"NaN\"";
    if (std::isinf(value)) return value < 0 ? "\"-Infinity\"" : "\"Infinity\"";
    const double size = std::abs(value);
    const bool plain = value == 0 || (size >= 1e-3 && size < 1e7);
    std::array<char, 64> room;
    const auto written = std::to_chars(room.data(), room.data() + room.size(), value, plain ? std::chars_format::fixed : std::chars_format::scientific);
    std::string text(room.data(), written.ptr);
    std::string exponent;
    if (const auto e = text.find('e'); e != std::string::npos) {
      exponent = "E" + std::to_string(std::stoi(text.substr(e + 1)));
      text.resize(e);
    }
    if (text.find('.') == std::string::npos) text += ".0";
    return text + exponent;
  }

  std::string text_;
  std::int16_t version_;
  bool first_ = true;
};

std::string print(ConstMessage message, std::int16_t version) {
  JsonPrinter printer(version);
  printer.body({message.object, message.info->ops});
  return std::move(printer).take();
}

}  // namespace

std::string toString(ConstMessage message) { return std::string(message.info->name) + print(message, kEveryVersion); }
std::string toJson(ConstMessage message, std::int16_t version) { return print(message, version); }

}  // namespace klamm::protocol
