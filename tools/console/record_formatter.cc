#include "console/record_formatter.h"

#include <cmath>

#include <fmt/format.h>

namespace klamm::tools {
namespace {

using Shape = RecordFormatter::Shape;

struct ShapeRow {
  std::string_view javaClass;
  Shape shape;
};
constexpr ShapeRow kShapes[] = {
    {"ByteArrayDeserializer", Shape::Bytes}, {"BytesDeserializer", Shape::Bytes},   {"ByteBufferDeserializer", Shape::Bytes},
    {"StringDeserializer", Shape::Text},     {"ShortDeserializer", Shape::Short},   {"IntegerDeserializer", Shape::Int},
    {"LongDeserializer", Shape::Long},       {"FloatDeserializer", Shape::Float},   {"DoubleDeserializer", Shape::Double},
    {"BooleanDeserializer", Shape::Boolean}, {"UUIDDeserializer", Shape::Text},     {"VoidDeserializer", Shape::Nothing},
};

Shape shapeOf(const PropertyMap& properties, std::string_view key) {
  const auto found = properties.find(key);
  if (found == properties.end() || found->second.empty()) return Shape::Bytes;
  const std::string_view name = std::string_view(found->second).substr(found->second.rfind('.') + 1);
  for (const ShapeRow& row : kShapes)
    if (row.javaClass == name) return row.shape;
  throw UsageError(fmt::format("{}: {} is not one of Kafka's own deserializers, and Java classes cannot be loaded", key, found->second));
}

bool flagOf(const PropertyMap& properties, std::string_view key, bool byDefault) {
  const auto found = properties.find(key);
  if (found == properties.end()) return byDefault;
  std::string_view text = found->second;
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text.size() == 4 && std::equal(text.begin(), text.end(), "true", [](char a, char b) { return (a | 0x20) == b; });
}

/// A floating point number with Java's ".0" behind a whole one.
template <class T>
std::string javaNumber(T value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

template <class T>
std::string numberText(BytesView bytes) {
  const auto value = detail::builtInValue<T>(bytes);
  if (!value) throw KafkaException(Error(ErrorCode::SerializationFailed, fmt::format("a field has {} bytes instead of {}", bytes.size(), sizeof(T))));
  if constexpr (std::floating_point<T>) return javaNumber(*value);
  else return fmt::format("{}", *value);
}

}  // namespace

RecordFormatter::RecordFormatter(const PropertyMap& properties) {
  timestamp_ = flagOf(properties, "print.timestamp", false);
  partition_ = flagOf(properties, "print.partition", false);
  offset_ = flagOf(properties, "print.offset", false);
  delivery_ = flagOf(properties, "print.delivery", false);
  epoch_ = flagOf(properties, "print.epoch", false);
  headers_ = flagOf(properties, "print.headers", false);
  key_ = flagOf(properties, "print.key", false);
  value_ = flagOf(properties, "print.value", true);
  const auto text = [&properties](std::string_view key, std::string& to) {
    if (const auto found = properties.find(key); found != properties.end()) to = found->second;
  };
  text("key.separator", keySeparator_);
  text("line.separator", lineSeparator_);
  text("headers.separator", headersSeparator_);
  text("null.literal", nullLiteral_);
  keyShape_ = shapeOf(properties, "key.deserializer");
  valueShape_ = shapeOf(properties, "value.deserializer");
  headerShape_ = shapeOf(properties, "headers.deserializer");
}

void RecordFormatter::print(const Record& record, Output& out) const {
  if (value_ && !(timestamp_ || partition_ || offset_ || delivery_ || epoch_ || headers_ || key_)) {
    printField(valueShape_, record.value, out);
    out.write(lineSeparator_);
    return;
  }
  bool any = false;
  const auto begin = [&] {
    if (std::exchange(any, true)) out.write(keySeparator_);
  };
  if (timestamp_) {
    begin();
    if (record.timestampType == TimestampType::NoTimestampType) out.write("NO_TIMESTAMP");
    else out.write(fmt::format("{}:{}", record.timestampType == TimestampType::CreateTime ? "CreateTime" : "LogAppendTime", record.timestamp));
  }
  if (partition_) begin(), out.write(fmt::format("Partition:{}", record.partition));
  if (offset_) begin(), out.write(fmt::format("Offset:{}", record.offset));
  // Kafka's console consumer hands its formatter neither: both always read like this.
  if (delivery_) begin(), out.write("Delivery:NOT_PRESENT");
  if (epoch_) begin(), out.write("Epoch:NOT_PRESENT");
  if (headers_) begin(), printHeaders(record.headers, out);
  if (key_) begin(), printField(keyShape_, record.key, out);
  if (value_) begin(), printField(valueShape_, record.value, out);
  if (any) out.write(lineSeparator_);
}

void RecordFormatter::printHeaders(const HeadersView& headers, Output& out) const {
  if (headers.empty()) {
    out.write("NO_HEADERS");
    return;
  }
  bool first = true;
  for (const Header& header : headers) {
    if (!std::exchange(first, false)) out.write(headersSeparator_);
    out.write(header.key);
    out.write(":");
    printField(headerShape_, header.value, out);
  }
}

void RecordFormatter::printField(Shape shape, std::optional<BytesView> bytes, Output& out) const {
  if (!bytes) {
    out.write(nullLiteral_);
    return;
  }
  switch (shape) {
    case Shape::Bytes:
    case Shape::Text: out.write(asText(*bytes)); return;
    case Shape::Short: out.write(numberText<std::int16_t>(*bytes)); return;
    case Shape::Int: out.write(numberText<std::int32_t>(*bytes)); return;
    case Shape::Long: out.write(numberText<std::int64_t>(*bytes)); return;
    case Shape::Float: out.write(numberText<float>(*bytes)); return;
    case Shape::Double: out.write(numberText<double>(*bytes)); return;
    case Shape::Boolean: out.write(numberText<bool>(*bytes)); return;
    case Shape::Nothing: out.write(nullLiteral_); return;
  }
}

}  // namespace klamm::tools
