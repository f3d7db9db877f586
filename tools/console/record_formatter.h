#pragma once
// How the console consumer prints a record: Kafka's DefaultMessageFormatter.

#include <string>

#include <klamm/consumer_records.h>

#include "common/client_config.h"
#include "common/terminal.h"

namespace klamm::tools {

/// Prints what print.* asks for, in this order, with key.separator between and line.separator behind:
///
///     CreateTime:1700000000000  Partition:0  Offset:7  Delivery:..  Epoch:..  h1:v1,h2:v2  key  value
///
/// Threading: one thread.
class RecordFormatter {
 public:
  using Record = ConsumerRecord<BytesView, BytesView>;

  /// UsageError for a deserializer that is not known.
  explicit RecordFormatter(const PropertyMap& properties);

  void print(const Record& record, Output& out) const;

  enum class Shape { Bytes, Text, Short, Int, Long, Float, Double, Boolean, Nothing };

 private:
  void printField(Shape shape, std::optional<BytesView> bytes, Output& out) const;
  void printHeaders(const HeadersView& headers, Output& out) const;

  bool timestamp_ = false;
  bool partition_ = false;
  bool offset_ = false;
  bool delivery_ = false;
  bool epoch_ = false;
  bool headers_ = false;
  bool key_ = false;
  bool value_ = true;
  std::string keySeparator_ = "\t";
  std::string lineSeparator_ = "\n";
  std::string headersSeparator_ = ",";
  std::string nullLiteral_ = "null";
  Shape keyShape_ = Shape::Bytes;
  Shape valueShape_ = Shape::Bytes;
  Shape headerShape_ = Shape::Bytes;
};

}  // namespace klamm::tools
