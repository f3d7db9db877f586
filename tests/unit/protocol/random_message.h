#pragma once
// Fills a message with random values that a version can carry.

#include "base/random.h"
#include "protocol/codec.h"

namespace klamm::protocol::test {

/// Threading: one thread.
class RandomFiller final : public Visitor {
 public:
  RandomFiller(Random& random, std::int16_t version, const MessageInfo& info)
      : random_(random), version_(version), flexible_(info.flexible.contains(version)) {}

  void fill(MutableStruct value) {
    value.ops->write(value.object, *this);
    if (flexible_ && oneIn(6)) {
      value.ops->unknownTaggedFields(value.object)->push_back({1000, Buffer::copyOf(someText())});
      if (oneIn(2)) value.ops->unknownTaggedFields(value.object)->push_back({70000, Buffer()});
    }
  }

 protected:
  std::int64_t number(const Field& f, NumberKind kind, std::int64_t current) override {
    if (!carried(f)) return current;
    if (oneIn(4)) return current;
    const auto bits = static_cast<std::int64_t>(random_.next());
    switch (kind) {
      case NumberKind::Bool: return bits & 1;
      case NumberKind::Int8: return static_cast<std::int8_t>(bits);
      case NumberKind::Int16: return static_cast<std::int16_t>(bits);
      case NumberKind::Uint16: return static_cast<std::uint16_t>(bits);
      case NumberKind::Int32: return static_cast<std::int32_t>(bits);
      case NumberKind::Uint32: return static_cast<std::uint32_t>(bits);
      case NumberKind::Int64: return bits;
      case NumberKind::ErrorCode: return static_cast<std::int64_t>(random_.below(135)) - 1;
    }
    return current;
  }
  void float64(const Field& f, double& value) override {
    if (carried(f)) value = static_cast<double>(static_cast<std::int32_t>(random_.next())) / 7;
  }
  void uuid(const Field& f, Uuid& value) override {
    if (carried(f)) value = Uuid{random_.next(), random_.next()};
  }
  void text(const Field& f, std::string& value) override {
    if (carried(f)) value = someText();
  }
  void nullableText(const Field& f, std::optional<std::string>& value) override {
    if (!carried(f)) return;
    value = someText();
    if (mayBeNull(f)) value.reset();
  }
  void bytes(const Field& f, Buffer& value) override {
    if (carried(f)) value = someBytes();
  }
  void nullableBytes(const Field& f, std::optional<Buffer>& value) override {
    if (!carried(f)) return;
    value = someBytes();
    if (mayBeNull(f)) value.reset();
  }
  void records(const Field& f, std::optional<Parts>& value) override {
    if (!carried(f)) return;
    value = Parts(someBytes());
    if (mayBeNull(f)) value.reset();
  }
  Presence array(const Field& f, MutableArray value, bool nullable) override {
    if (!carried(f)) return Presence::Absent;
    if (nullable && mayBeNull(f)) return Presence::Null;
    for (std::uint64_t left = random_.below(4); left > 0; --left) value.ops->element(value.ops->append(value.array), *this);
    return Presence::Present;
  }
  Presence structure(const Field& f, MutableStruct value, bool nullable) override {
    if (!carried(f)) return Presence::Absent;
    if (nullable && mayBeNull(f)) return Presence::Null;
    fill(value);
    return Presence::Present;
  }

 private:
  [[nodiscard]] bool carried(const Field& f) const noexcept { return f.versions.contains(version_); }
  [[nodiscard]] bool oneIn(std::uint64_t n) { return random_.below(n) == 0; }
  [[nodiscard]] bool mayBeNull(const Field& f) { return f.nullable.contains(version_) && oneIn(3); }
  std::string someText() {
    std::string text(random_.below(oneIn(10) ? 400 : 12), 'a');
    for (char& c : text) c = static_cast<char>('!' + random_.below(90));
    return text;
  }
  Buffer someBytes() { return oneIn(5) ? Buffer::copyOf(std::string(1000 + random_.below(3000), 'x')) : Buffer::copyOf(someText()); }

  Random& random_;
  std::int16_t version_;
  bool flexible_;
};

/// A message of any type, owned.
class AnyMessage {
 public:
  explicit AnyMessage(const MessageInfo& info) : info_(&info), object_(info.create()) {}
  AnyMessage(const AnyMessage&) = delete;
  AnyMessage& operator=(const AnyMessage&) = delete;
  ~AnyMessage() { info_->destroy(object_); }
  [[nodiscard]] MutableMessage get() { return {object_, info_}; }
  [[nodiscard]] ConstMessage get() const { return {object_, info_}; }
  void fill(Random& random, std::int16_t version) { RandomFiller(random, version, *info_).fill({object_, info_->ops}); }
  friend bool operator==(const AnyMessage& a, const AnyMessage& b) { return a.info_ == b.info_ && a.info_->equal(a.object_, b.object_); }

 private:
  const MessageInfo* info_;
  void* object_;
};

/// The bytes of parts that lie in memory, behind one another.
[[nodiscard]] inline Buffer joined(const Parts& parts) {
  std::vector<std::byte> all;
  for (const Part& part : parts.list()) {
    const BytesView view = std::get<Buffer>(part);
    all.insert(all.end(), view.begin(), view.end());
  }
  return Buffer::adopt(std::move(all));
}

[[nodiscard]] inline Result<Buffer> encodeAny(ConstMessage message, std::int16_t version) {
  const Encodable one{message, version};
  KLAMM_TRY_ASSIGN(const Parts parts, encodeAll({&one, 1}));
  return joined(parts);
}

/// "0a ff" -> two bytes; blanks are free.
[[nodiscard]] inline Buffer fromHex(std::string_view hex) {
  std::vector<std::byte> bytes;
  int high = -1;
  for (const char c : hex) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) continue;
    if (high >= 0) bytes.push_back(static_cast<std::byte>(high * 16 + digit));
    high = high >= 0 ? -1 : digit;
  }
  return Buffer::adopt(std::move(bytes));
}

[[nodiscard]] inline std::string toHex(BytesView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[static_cast<unsigned>(byte) >> 4];
    text += kDigits[static_cast<unsigned>(byte) & 15];
  }
  return text;
}

}  // namespace klamm::protocol::test
