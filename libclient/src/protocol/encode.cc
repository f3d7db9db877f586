#include <cstring>
#include <limits>

#include "base/bytes.h"
#include "protocol/codec.h"
#include "protocol/field_path.h"

namespace klamm::protocol {
namespace {

/// Payloads of at least this size are passed by reference instead of copied: a slice costs about as much.
constexpr std::uint64_t kSpliceFrom = 1024;
constexpr std::size_t kMaxText = std::numeric_limits<std::int16_t>::max();
constexpr std::uint64_t kMaxMessage = std::numeric_limits<std::int32_t>::max();

/// First pass: adds up sizes and checks that the version can carry the values. The sizes of tagged fields, which the
/// second pass must write before the values, are noted in the order of the walk.
class Sizing {
 public:
  static constexpr bool kMeasures = true;
  void number(NumberKind kind, std::int64_t) noexcept { size_ += widthOf(kind); }
  void varint(std::uint64_t value) noexcept { size_ += varintSize(value); }
  void raw(BytesView bytes) noexcept { size_ += bytes.size(); }
  template <class Payload>
  void splice(const Payload& payload) noexcept { spliced_ += payload.size(); }
  [[nodiscard]] std::uint64_t total() const noexcept { return size_ + spliced_; }
  [[nodiscard]] std::uint64_t contiguous() const noexcept { return size_; }

  /// Opens a place in the list of sizes; close() fills it.
  std::size_t open() {
    if (sizes_.empty()) sizes_.reserve(16);
    sizes_.push_back(0);
    return sizes_.size() - 1;
  }
  void close(std::size_t place, std::uint64_t size) noexcept { sizes_[place] = static_cast<std::uint32_t>(size); }
  [[nodiscard]] std::vector<std::uint32_t> takeSizes() noexcept { return std::move(sizes_); }

 private:
  std::uint64_t size_ = 0;
  std::uint64_t spliced_ = 0;
  std::vector<std::uint32_t> sizes_;
};

/// Second pass: writes into one piece of memory, of the size that the first has found, and cuts it where payloads go in.
///
///     memory   |====a====|==b==|        with payload P spliced in behind a
///     result   a  P  b
class Writing {
 public:
  static constexpr bool kMeasures = false;
  Writing(std::size_t contiguous, std::vector<std::uint32_t> sizes) : sizes_(std::move(sizes)) {
    auto memory = std::make_shared_for_overwrite<std::byte[]>(contiguous);
    at_ = memory.get();
    const BytesView view{memory.get(), contiguous};
    memory_ = Buffer(std::move(memory), view);
  }

  void number(NumberKind kind, std::int64_t value) noexcept {
    switch (widthOf(kind)) {
      case 1: *at_ = static_cast<std::byte>(value); break;
      case 2: storeBigEndian(at_, static_cast<std::int16_t>(value)); break;
      case 4: storeBigEndian(at_, static_cast<std::int32_t>(value)); break;
      default: storeBigEndian(at_, value); break;
    }
    at_ += widthOf(kind);
  }
  void varint(std::uint64_t value) noexcept { at_ = storeVarint(at_, value); }
  void raw(BytesView bytes) noexcept {
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  void splice(const Parts& payload) {
    cut();
    parts_.add(payload);
  }
  void splice(const Buffer& payload) {
    cut();
    parts_.add(Part(payload));
  }
  [[nodiscard]] std::uint32_t nextSize() noexcept { return sizes_[nextSize_++]; }
  [[nodiscard]] Parts take() && {
    cut();
    return std::move(parts_);
  }

 private:
  void cut() {
    const auto end = static_cast<std::size_t>(at_ - memory_.data());
    parts_.add(Part(memory_.slice(done_, end - done_)));
    done_ = end;
  }

  Buffer memory_;
  std::byte* at_;
  std::size_t done_ = 0;
  std::vector<std::uint32_t> sizes_;
  std::size_t nextSize_ = 0;
  Parts parts_;
};

[[nodiscard]] bool isSmallMemory(const Parts& parts) noexcept {
  for (const Part& part : parts.list()) {
    if (!std::holds_alternative<Buffer>(part)) return false;
  }
  return parts.size() < kSpliceFrom;
}

/// Walks a message in wire order and gives the pieces to a Sizing or a Writing. Threading: one thread.
template <class Sink>
class WireVisitor final : public ConstVisitor {
 public:
  WireVisitor(Sink& sink, bool contiguous) : sink_(sink), contiguous_(contiguous) {}

  void message(const Encodable& encodable) {
    info_ = encodable.message.info;
    version_ = encodable.version;
    flexible_ = info_->flexible.contains(version_);
    if constexpr (Sink::kMeasures) {
      if (!info_->versions.contains(version_)) return refuse("the version is not supported");
    }
    body({encodable.message.object, info_->ops});
  }
  [[nodiscard]] Status status() && { return error_ ? Status(fail(std::move(error_))) : Status(); }

 protected:
  void number(const Field& f, NumberKind kind, std::int64_t value) override {
    field(f, value == f.defaultNumber, false, [&] { sink_.number(kind, value); });
  }
  void float64(const Field& f, double value) override {
    field(f, value == 0, false, [&] { sink_.number(NumberKind::Int64, std::bit_cast<std::int64_t>(value)); });
  }
  void uuid(const Field& f, const Uuid& value) override {
    field(f, value.isZero(), false, [&] {
      sink_.number(NumberKind::Int64, static_cast<std::int64_t>(value.high));
      sink_.number(NumberKind::Int64, static_cast<std::int64_t>(value.low));
    });
  }
  void text(const Field& f, const std::string* value) override {
    field(f, value == nullptr ? f.defaultNull : value->empty() && !f.defaultNull, value == nullptr, [&] {
      if constexpr (Sink::kMeasures) {
        if (value != nullptr && value->size() > kMaxText) return refuse(f, "a text longer than 32767 bytes", ErrorCode::IllegalArgument);
      }
      length<NumberKind::Int16>(f, value == nullptr ? -1 : static_cast<std::int64_t>(value->size()));
      if (value != nullptr) sink_.raw(asBytes(*value));
    });
  }
  void bytes(const Field& f, const Buffer* value) override {
    field(f, value == nullptr ? f.defaultNull : value->empty() && !f.defaultNull, value == nullptr, [&] {
      length<NumberKind::Int32>(f, value == nullptr ? -1 : static_cast<std::int64_t>(value->size()));
      if (value == nullptr) return;
      if (contiguous_ || value->size() < kSpliceFrom) sink_.raw(*value);
      else sink_.splice(*value);
    });
  }
  void records(const Field& f, const Parts* value) override {
    field(f, value == nullptr, value == nullptr, [&] {
      length<NumberKind::Int32>(f, value == nullptr ? -1 : static_cast<std::int64_t>(value->size()));
      if (value != nullptr) payload(f, *value);
    });
  }
  void array(const Field& f, const ConstArray* value) override {
    field(f, value == nullptr ? f.defaultNull : value->size == 0 && !f.defaultNull, value == nullptr, [&] {
      length<NumberKind::Int32>(f, value == nullptr ? -1 : static_cast<std::int64_t>(value->size));
      if (value == nullptr) return;
      path_.push(f);
      const auto* element = static_cast<const std::byte*>(value->first);
      for (std::size_t i = 0; i < value->size && !failed_; ++i, element += value->stride) {
        path_.setIndex(i);
        value->element(element, *this);
      }
      path_.pop();
    });
  }
  void structure(const Field& f, const ConstStruct* value) override {
    const bool isDefault = value == nullptr ? f.defaultNull : needsDefault(f) && !f.defaultNull && value->ops->isDefault(value->object);
    const bool inTag = tagPass_;
    field(f, isDefault, value == nullptr, [&] {
      if (f.nullable.contains(version_)) presence(inTag, value != nullptr);
      if (value == nullptr) return;
      path_.push(f);
      body(*value);
      path_.pop();
    });
  }

 private:
  [[nodiscard]] bool needsDefault(const Field& f) const noexcept { return tagPass_ || !f.versions.contains(version_); }

  /// Decides whether the version carries the field here, and frames it when it stands in the tag section.
  template <class Write>
  void field(const Field& f, bool isDefault, bool isNull, Write write) {
    if (failed_) return;
    if (tagPass_) {
      if (isDefault || !f.tagged.contains(version_)) return;
      ++tags_;
    } else if (!f.versions.contains(version_)) {
      if constexpr (Sink::kMeasures) {
        if (!isDefault && !f.ignorable) refuse(f, "a value other than the default cannot be sent in this version");
      }
      return;
    } else if (f.tagged.contains(version_)) {
      return;
    }
    if constexpr (Sink::kMeasures) {
      if (isNull && !f.nullable.contains(version_)) return refuse(f, "null cannot be sent in this version");
    }
    const bool inTag = tagPass_;
    tagPass_ = false;
    if (inTag) tagged(f, write);
    else write();
    tagPass_ = inTag;
  }

  template <class Write>
  void tagged(const Field& f, Write write) {
    if constexpr (Sink::kMeasures) {
      const std::size_t place = sink_.open();
      const std::uint64_t before = sink_.total();
      write();
      const std::uint64_t size = sink_.total() - before;
      sink_.close(place, size);
      sink_.varint(static_cast<std::uint64_t>(f.tag));
      sink_.varint(size);
    } else {
      sink_.varint(static_cast<std::uint64_t>(f.tag));
      sink_.varint(sink_.nextSize());
      write();
    }
  }

  /// Kafka marks a struct that may be null by an int8 of 1 or -1, in a tagged field by a varint of 1 or 0.
  void presence(bool inTag, bool present) {
    if (inTag) sink_.varint(present ? 1 : 0);
    else sink_.number(NumberKind::Int8, present ? 1 : -1);
  }

  void body(const ConstStruct& value) {
    const bool outer = std::exchange(tagPass_, false);
    value.ops->read(value.object, *this);
    if (flexible_ && !failed_) tagSection(value);
    tagPass_ = outer;
  }

  void tagSection(const ConstStruct& value) {
    const UnknownTaggedFields& unknown = *value.ops->unknownTaggedFields(const_cast<void*>(value.object));  // only read
    const std::uint32_t outerTags = std::exchange(tags_, 0);
    tagPass_ = true;
    if constexpr (Sink::kMeasures) {
      const std::size_t place = value.ops->readTagged != nullptr ? sink_.open() : 0;
      if (value.ops->readTagged != nullptr) value.ops->readTagged(value.object, *this);
      if (value.ops->readTagged != nullptr) sink_.close(place, tags_);
      sink_.varint(tags_ + unknown.size());
    } else {
      sink_.varint((value.ops->readTagged != nullptr ? sink_.nextSize() : 0) + unknown.size());
      if (value.ops->readTagged != nullptr) value.ops->readTagged(value.object, *this);
    }
    tagPass_ = false;
    tags_ = outerTags;
    for (const UnknownTaggedField& field : unknown) {
      sink_.varint(field.tag);
      sink_.varint(field.data.size());
      sink_.raw(field.data);
    }
  }

  /// -1 is null. Compact lengths are one more, so that null is 0.
  template <NumberKind Classic>
  void length(const Field& f, std::int64_t value) {
    if (flexible_ && f.flexible.contains(version_)) sink_.varint(static_cast<std::uint64_t>(value + 1));
    else sink_.number(Classic, value);
  }

  void payload(const Field& f, const Parts& parts) {
    if (!contiguous_ && !isSmallMemory(parts)) return sink_.splice(parts);
    for (const Part& part : parts.list()) {
      if (const auto* buffer = std::get_if<Buffer>(&part)) sink_.raw(*buffer);
      else refuse(f, "a range of a file cannot be copied into one slice", ErrorCode::IllegalArgument);
    }
  }

  void refuse(std::string_view why) {
    if (failed_) return;
    failed_ = true;
    error_ = Error(ErrorCode::UnsupportedVersion, std::string(info_->name) + " v" + std::to_string(version_) + ": " + std::string(why));
  }
  void refuse(const Field& f, std::string_view why, ErrorCode code = ErrorCode::UnsupportedVersion) {
    if (failed_) return;
    failed_ = true;
    error_ = Error(code, std::string(info_->name) + " v" + std::to_string(version_) + ": field " + path_.to(f) + ": " + std::string(why));
  }

  Sink& sink_;
  const MessageInfo* info_ = nullptr;
  FieldPath path_;
  Error error_;
  std::uint32_t tags_ = 0;
  std::int16_t version_ = 0;
  bool flexible_ = false;
  bool contiguous_;
  bool tagPass_ = false;
  bool failed_ = false;
};

Status measure(std::span<const Encodable> messages, bool contiguous, Sizing& sizing) {
  WireVisitor<Sizing> visitor(sizing, contiguous);
  for (const Encodable& encodable : messages) visitor.message(encodable);
  KLAMM_TRY(std::move(visitor).status());
  if (sizing.total() > kMaxMessage) {
    return fail(ErrorCode::MessageTooLarge, std::string(messages.front().message.info->name) + " of " + std::to_string(sizing.total()) + " bytes");
  }
  return {};
}

}  // namespace

Result<std::uint64_t> encodedSize(ConstMessage message, std::int16_t version) {
  const Encodable one{message, version};
  Sizing sizing;
  KLAMM_TRY(measure({&one, 1}, false, sizing));
  return sizing.total();
}

Result<Parts> encodeAll(std::span<const Encodable> messages, const EncodeOptions& options) {
  Sizing sizing;
  sizing.raw(options.prefix);
  KLAMM_TRY(measure(messages, options.contiguous, sizing));
  const std::size_t contiguous = sizing.contiguous() + (options.sizePrefix ? sizeof(std::int32_t) : 0);
  Writing writing(contiguous, sizing.takeSizes());
  if (options.sizePrefix) writing.number(NumberKind::Int32, static_cast<std::int64_t>(sizing.total()));
  writing.raw(options.prefix);
  WireVisitor<Writing> visitor(writing, options.contiguous);
  for (const Encodable& encodable : messages) visitor.message(encodable);
  return std::move(writing).take();
}

}  // namespace klamm::protocol
