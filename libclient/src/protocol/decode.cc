#include <algorithm>
#include <limits>
#include <utility>

#include "base/bytes.h"
#include "base/utf8.h"
#include "protocol/codec.h"
#include "protocol/decode_limits.h"
#include "protocol/field_path.h"

namespace klamm::protocol {
namespace {

constexpr std::int64_t kNull = -1;

/// Bytes of memory that `wanted` bytes from the heap take, as the usual allocators round them.
constexpr std::uint64_t heapBytes(std::uint64_t wanted) noexcept {
  return wanted == 0 ? 0 : std::max<std::uint64_t>(32, (wanted + 23) & ~std::uint64_t{15});
}

/// Fills a message from bytes that a peer sent. After the first fault every visit does nothing. Threading: one thread.
class Decoder final : public Visitor {
 public:
  Decoder(const MessageInfo& info, const Buffer& frame, std::int16_t version)
      : info_(info), frame_(frame), version_(version), flexible_(info.flexible.contains(version)),
        begin_(frame.data()), at_(frame.data()), end_(frame.data() + frame.size()), memoryLeft_(memoryAllowed(frame.size())) {}

  Result<std::size_t> message(void* object) {
    if (!info_.versions.contains(version_)) {
      return tl::unexpected<Error>(Error(ErrorCode::UnsupportedVersion, head() + ": the version is not supported"));
    }
    body({object, info_.ops});
    if (failed_) return tl::unexpected<Error>(std::move(error_));
    return position();
  }

 protected:
  std::int64_t number(const Field& f, NumberKind kind, std::int64_t current) override {
    if (!carried(f)) return current;
    switch (kind) {
      case NumberKind::Bool: return fixed<std::int8_t>(f) != 0 ? 1 : 0;
      case NumberKind::Int8: return fixed<std::int8_t>(f);
      case NumberKind::Int16: return fixed<std::int16_t>(f);
      case NumberKind::Uint16: return fixed<std::uint16_t>(f);
      case NumberKind::Int32: return fixed<std::int32_t>(f);
      case NumberKind::Uint32: return fixed<std::uint32_t>(f);
      case NumberKind::Int64: return fixed<std::int64_t>(f);
      case NumberKind::ErrorCode: return static_cast<std::int64_t>(errorFromWire(fixed<std::int16_t>(f)));
    }
    return current;
  }
  void float64(const Field& f, double& value) override {
    if (carried(f)) value = std::bit_cast<double>(fixed<std::int64_t>(f));
  }
  void uuid(const Field& f, Uuid& value) override {
    if (!carried(f)) return;
    value.high = static_cast<std::uint64_t>(fixed<std::int64_t>(f));
    value.low = static_cast<std::uint64_t>(fixed<std::int64_t>(f));
  }
  void text(const Field& f, std::string& value) override {
    if (!carried(f)) return;
    const BytesView view = taken(f, textLength(f));
    if (!failed_) assign(f, asText(view), value);
  }
  void nullableText(const Field& f, std::optional<std::string>& value) override {
    if (!carried(f)) return;
    const std::int64_t length = textLength(f);
    if (length == kNull) return value.reset();
    const BytesView view = taken(f, length);
    if (!failed_) assign(f, asText(view), value.emplace());
  }
  void bytes(const Field& f, Buffer& value) override {
    if (carried(f)) value = slice(f, lengthOf<std::int32_t>(f));
  }
  void nullableBytes(const Field& f, std::optional<Buffer>& value) override {
    if (!carried(f)) return;
    const std::int64_t length = lengthOf<std::int32_t>(f);
    if (length == kNull) return value.reset();
    value = slice(f, length);
  }
  void records(const Field& f, std::optional<Parts>& value) override {
    if (!carried(f)) return;
    const std::int64_t length = lengthOf<std::int32_t>(f);
    if (length == kNull) return value.reset();
    if (length > 0) charge(f, heapBytes(sizeof(Part)));
    value = Parts(slice(f, length));
  }
  Presence array(const Field& f, MutableArray value, bool) override {
    if (!carried(f)) return Presence::Absent;
    const std::int64_t claimed = lengthOf<std::int32_t>(f);
    if (failed_) return Presence::Absent;
    if (claimed == kNull) return Presence::Null;
    const auto count = static_cast<std::size_t>(claimed);
    if (count > remaining()) {
      fault(f, "claims " + std::to_string(count) + " elements, " + std::to_string(remaining()) + " bytes remain");
      return Presence::Absent;
    }
    // Reserved as claimed, once the claim fits into what the bytes that came may take: growing would take twice as much.
    if (!charge(f, heapBytes(count * value.ops->elementSize))) return Presence::Absent;
    value.ops->reserve(value.array, count);
    const TagState outer = std::exchange(tags_, {});
    path_.push(f);
    for (std::size_t i = 0; i < count && !failed_; ++i) {
      path_.setIndex(i);
      value.ops->element(value.ops->append(value.array), *this);
    }
    path_.pop();
    tags_ = outer;
    return Presence::Present;
  }
  Presence structure(const Field& f, MutableStruct value, bool) override {
    if (!carried(f)) return Presence::Absent;
    if (f.nullable.contains(version_) && !present(f)) return Presence::Null;
    path_.push(f);
    body(value);
    path_.pop();
    return Presence::Present;
  }

 private:
  /// While the value of one tagged field is read.
  struct TagState {
    bool reading = false;
    bool found = false;
    std::int64_t wanted = -1;
  };

  [[nodiscard]] std::size_t position() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
  [[nodiscard]] std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - at_); }

  /// True when the bytes of the field come next.
  [[nodiscard]] bool carried(const Field& f) {
    if (failed_) return false;
    if (!tags_.reading) return f.versions.contains(version_) && !f.tagged.contains(version_);
    if (f.tag != tags_.wanted) return false;
    if (!f.tagged.contains(version_)) {  // no unknown tag: Kafka refuses it too
      fault(f, "tag " + std::to_string(f.tag) + " is not valid for version " + std::to_string(version_));
      return false;
    }
    tags_.found = true;
    return true;
  }

  template <class T>
  T fixed(const Field& f) {
    if (failed_) return 0;
    if (remaining() < sizeof(T)) {
      fault(f, "needs " + std::to_string(sizeof(T)) + " bytes, " + std::to_string(remaining()) + " remain");
      return 0;
    }
    const T value = loadBigEndian<T>(at_);
    at_ += sizeof(T);
    return value;
  }

  std::uint32_t varint(const Field& f) {
    if (failed_) return 0;
    ByteReader reader({at_, remaining()});
    const auto value = reader.readVarint32();
    if (!value) {
      fault(f, remaining() < 5 ? "the bytes end inside a varint" : "a varint of more than 32 bits");
      return 0;
    }
    at_ += reader.position();
    return *value;
  }

  /// Of a struct that may be null; see the encoder's presence().
  bool present(const Field& f) { return tags_.reading ? varint(f) != 0 : fixed<std::int8_t>(f) >= 0; }

  /// kNull, or a length of zero and above; whether so many bytes remain is checked by the caller.
  template <class Classic>
  std::int64_t lengthOf(const Field& f) {
    const std::byte* const start = at_;
    const bool compact = flexible_ && f.flexible.contains(version_);
    const std::int64_t length = compact ? static_cast<std::int64_t>(varint(f)) - 1 : fixed<Classic>(f);
    if (failed_ || length >= 0) return failed_ ? 0 : length;
    if (length == kNull && f.nullable.contains(version_)) return kNull;
    at_ = start;
    fault(f, length == kNull ? "is null, which this version does not allow" : "has the length " + std::to_string(length));
    return 0;
  }
  std::int64_t textLength(const Field& f) {
    const std::byte* const start = at_;
    const std::int64_t length = lengthOf<std::int16_t>(f);
    if (length <= std::numeric_limits<std::int16_t>::max()) return length;
    at_ = start;
    fault(f, "is a text of " + std::to_string(length) + " bytes; 32767 are allowed");
    return 0;
  }

  /// Memory that is about to be taken; a fault when the message would become too large for its bytes.
  bool charge(const Field& f, std::uint64_t bytes) {
    if (failed_ || bytes > memoryLeft_) {
      fault(f, "takes more memory than the " + std::to_string(memoryAllowed(frame_.size())) + " bytes that a message of " +
                   std::to_string(frame_.size()) + " bytes may");
      return false;
    }
    memoryLeft_ -= bytes;
    return true;
  }

  void assign(const Field& f, std::string_view text, std::string& value) {
    constexpr std::size_t kInPlace = 15;
    if (text.size() > kInPlace && !charge(f, heapBytes(text.size() + 1))) return;
    if (isUtf8(text)) {
      value.assign(text);
    } else if (charge(f, heapBytes(text.size() * 6))) {  // a replacement takes three bytes, and the text grows by doubling
      value = readUtf8(text);
    }
  }

  BytesView taken(const Field& f, std::int64_t length) {
    if (failed_) return {};
    const auto size = static_cast<std::size_t>(length);
    if (size > remaining()) {
      fault(f, "claims " + std::to_string(size) + " bytes, " + std::to_string(remaining()) + " remain");
      return {};
    }
    const BytesView view{at_, size};
    at_ += size;
    return view;
  }
  Buffer slice(const Field& f, std::int64_t length) {
    const BytesView view = taken(f, length);
    return failed_ ? Buffer() : frame_.slice(static_cast<std::size_t>(view.data() - begin_), view.size());
  }

  void body(MutableStruct value) {
    const TagState outer = std::exchange(tags_, {});
    value.ops->write(value.object, *this);
    if (flexible_ && !failed_) tagSection(value);
    tags_ = outer;
  }

  void tagSection(MutableStruct value) {
    static constexpr Field kTags{.name = "(tagged fields)"};
    const std::uint32_t count = varint(kTags);
    std::int64_t previous = -1;
    for (std::uint32_t i = 0; i < count && !failed_; ++i) {
      const std::byte* const start = at_;
      const std::uint32_t tag = varint(kTags);
      if (!failed_ && tag <= previous) {
        at_ = start;
        return fault(kTags, "tag " + std::to_string(tag) + " comes after tag " + std::to_string(previous));
      }
      previous = tag;
      const std::uint32_t size = varint(kTags);
      const BytesView data = taken(kTags, size);
      if (!failed_) oneTag(value, tag, data);
    }
  }

  /// `data` was skipped already: goes back into it for a tag that the schema knows, else keeps it.
  void oneTag(MutableStruct value, std::uint32_t tag, BytesView data) {
    static constexpr Field kTag{.name = "(tagged field)"};
    const std::byte* const behind = at_;
    if (value.ops->writeTagged != nullptr) {
      const std::byte* const end = std::exchange(end_, behind);
      at_ = data.data();
      tags_ = {.reading = true, .found = false, .wanted = static_cast<std::int64_t>(tag)};
      value.ops->writeTagged(value.object, *this);
      const bool found = std::exchange(tags_, {}).found;
      if (failed_) return;
      if (found && at_ != behind) {
        return fault(kTag, "tag " + std::to_string(tag) + " is " + std::to_string(behind - at_) + " bytes longer than its value");
      }
      end_ = end;
      at_ = behind;
      if (found) return;
    }
    const auto offset = static_cast<std::size_t>(data.data() - begin_);
    if (!charge(kTag, heapBytes(3 * sizeof(UnknownTaggedField)))) return;  // the list doubles, old and new side by side
    value.ops->unknownTaggedFields(value.object)->push_back({tag, frame_.slice(offset, data.size())});
  }

  [[nodiscard]] std::string head() const { return std::string(info_.name) + " v" + std::to_string(version_); }
  void fault(const Field& f, const std::string& why) {
    if (failed_) return;
    failed_ = true;
    const ErrorCode code = info_.kind == MessageKind::Request ? ErrorCode::InvalidRequest : ErrorCode::MalformedResponse;
    error_ = Error(code, head() + ": field " + path_.to(f) + " at byte " + std::to_string(position()) + ": " + why);
  }

  const MessageInfo& info_;
  const Buffer& frame_;
  const std::int16_t version_;
  const bool flexible_;
  const std::byte* begin_;
  const std::byte* at_;
  const std::byte* end_;  ///< Of the frame, or of the tagged field that is being read.
  FieldPath path_;
  Error error_;
  std::uint64_t memoryLeft_;
  TagState tags_;
  bool failed_ = false;
};

}  // namespace

Result<std::size_t> decodeInto(MutableMessage message, const Buffer& bytes, std::int16_t version) {
  return Decoder(*message.info, bytes, version).message(message.object);
}

}  // namespace klamm::protocol
