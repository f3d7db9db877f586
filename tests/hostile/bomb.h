#pragma once
// Messages that take much memory for few bytes.

#include "protocol/visitor.h"

namespace klamm::hostile {

/// What the elements of the long array look like.
enum class Filling {
  Least,  ///< as few bytes as the version has for them: empty texts, empty or null lists
  Plain,  ///< as in earnest messages: texts of eight letters, one element in every list
};

/// Fills a new message so that its `target`-th array, counted in the order of the walk, has `length` elements, and each
/// list around it one. Threading: one thread.
class Bomb final : public protocol::Visitor {
 public:
  Bomb(std::int16_t version, std::size_t target, std::size_t length, Filling filling)
      : version_(version), target_(target), length_(length), filling_(filling) {}

  void fill(protocol::MutableStruct value) { value.ops->write(value.object, *this); }
  /// False when the version has not so many arrays.
  [[nodiscard]] bool found() const noexcept { return found_; }

 protected:
  std::int64_t number(const protocol::Field&, protocol::NumberKind, std::int64_t current) override { return current; }
  void float64(const protocol::Field&, double&) override {}
  void uuid(const protocol::Field&, Uuid&) override {}
  void text(const protocol::Field& f, std::string& value) override {
    if (carried(f)) value = shortText();
  }
  void nullableText(const protocol::Field& f, std::optional<std::string>& value) override {
    if (!carried(f)) return;
    if (filling_ == Filling::Least && inside_ && f.nullable.contains(version_)) value.reset();
    else value = shortText();
  }
  void bytes(const protocol::Field&, Buffer&) override {}
  void nullableBytes(const protocol::Field& f, std::optional<Buffer>& value) override {
    if (carried(f)) value = Buffer();
  }
  void records(const protocol::Field& f, std::optional<Parts>& value) override {
    if (carried(f)) value = Parts();
  }
  Presence array(const protocol::Field& f, protocol::MutableArray value, bool) override {
    if (!carried(f)) return Presence::Absent;
    const bool isTarget = !inside_ && seen_++ == target_;
    if (inside_ && filling_ == Filling::Least) return Presence::Present;
    if (isTarget) inside_ = found_ = true;
    for (std::size_t i = 0; i < (isTarget ? length_ : 1); ++i) value.ops->element(value.ops->append(value.array), *this);
    if (isTarget) inside_ = false;
    return Presence::Present;
  }
  Presence structure(const protocol::Field& f, protocol::MutableStruct value, bool) override {
    if (!carried(f)) return Presence::Absent;
    fill(value);
    return Presence::Present;
  }

 private:
  [[nodiscard]] bool carried(const protocol::Field& f) const noexcept { return f.versions.contains(version_); }
  [[nodiscard]] std::string shortText() const { return filling_ == Filling::Plain ? "abcdefgh" : ""; }

  std::int16_t version_;
  std::size_t target_;
  std::size_t length_;
  Filling filling_;
  std::size_t seen_ = 0;
  bool inside_ = false;
  bool found_ = false;
};

}  // namespace klamm::hostile
