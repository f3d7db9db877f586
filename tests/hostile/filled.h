#pragma once
// Messages with something in every field.

#include <string>
#include <utility>

#include "protocol/visitor.h"

namespace klamm::hostile {

/// Sets every field that the version carries to something other than its default: texts as given, lists of one
/// element, nothing null, and one tagged field that no schema knows. Threading: one thread.
class Filled final : public protocol::Visitor {
 public:
  Filled(std::int16_t version, const protocol::MessageInfo& info, std::string text = "abc")
      : version_(version), flexible_(info.flexible.contains(version)), text_(std::move(text)) {}

  void fill(protocol::MutableStruct value) {
    value.ops->write(value.object, *this);
    if (flexible_) value.ops->unknownTaggedFields(value.object)->push_back({10'000, Buffer::copyOf(std::string_view("???"))});
  }
 protected:
  std::int64_t number(const protocol::Field& f, protocol::NumberKind, std::int64_t current) override {
    if (!carried(f)) return current;
    return f.defaultNumber == 1 ? 0 : 1;
  }
  void float64(const protocol::Field& f, double& value) override {
    if (carried(f)) value = 0.5;
  }
  void uuid(const protocol::Field& f, Uuid& value) override {
    if (carried(f)) value = {1, 2};
  }
  void text(const protocol::Field& f, std::string& value) override {
    if (carried(f)) value = text_;
  }
  void nullableText(const protocol::Field& f, std::optional<std::string>& value) override {
    if (carried(f)) value = text_;
  }
  void bytes(const protocol::Field& f, Buffer& value) override {
    if (carried(f)) value = Buffer::copyOf(std::string_view("bytes"));
  }
  void nullableBytes(const protocol::Field& f, std::optional<Buffer>& value) override {
    if (carried(f)) value = Buffer::copyOf(std::string_view("bytes"));
  }
  void records(const protocol::Field& f, std::optional<Parts>& value) override {
    if (carried(f)) value = Parts(Buffer::copyOf(std::string_view("records")));
  }
  Presence array(const protocol::Field& f, protocol::MutableArray value, bool) override {
    if (!carried(f)) return Presence::Absent;
    value.ops->element(value.ops->append(value.array), *this);
    return Presence::Present;
  }
  Presence structure(const protocol::Field& f, protocol::MutableStruct value, bool) override {
    if (!carried(f)) return Presence::Absent;
    fill(value);
    return Presence::Present;
  }

 private:
  [[nodiscard]] bool carried(const protocol::Field& f) const noexcept { return f.versions.contains(version_); }

  std::int16_t version_;
  bool flexible_;
  std::string text_;
};

}  // namespace klamm::hostile
