#include "hostile/claims.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/bytes.h"
#include "protocol/field_path.h"

namespace klamm::hostile {
namespace {

using namespace protocol;

/// Encodes in one pass: the values of tagged fields are written aside, then put behind their sizes.
/// Threading: one thread.
class LyingEncoder final : public ConstVisitor {
 public:
  LyingEncoder(const MessageInfo& info, std::int16_t version, const Changes& changes)
      : changes_(changes), claim_(changes.claim), version_(version), flexible_(info.flexible.contains(version)) {}

  void body(const ConstStruct& value) {
    const bool outer = std::exchange(tagPass_, false);
    value.ops->read(value.object, *this);
    if (flexible_) tagSection(value);
    tagPass_ = outer;
  }
  [[nodiscard]] std::vector<std::byte> takeBytes() { return std::move(out_); }
  /// With `behind` set.
  [[nodiscard]] std::vector<Length> takeLengths() {
    for (std::size_t i = 0; i < lengths_.size(); ++i) lengths_[i].behind = out_.size() - ends_[i];
    return std::move(lengths_);
  }
  [[nodiscard]] std::vector<std::string> takeNumbers() { return std::move(numbers_); }

 protected:
  void number(const Field& f, NumberKind kind, std::int64_t value) override {
    const bool passes = tagPass_ ? f.tagged.contains(version_) : f.versions.contains(version_) && !f.tagged.contains(version_);
    if (passes) value = changed(f, kind, value);
    field(f, value == f.defaultNumber, [&] { fixed(widthOf(kind), value); });
  }
  void float64(const Field& f, double value) override {
    field(f, value == 0, [&] { fixed(8, std::bit_cast<std::int64_t>(value)); });
  }
  void uuid(const Field& f, const Uuid& value) override {
    field(f, value.isZero(), [&] {
      fixed(8, static_cast<std::int64_t>(value.high));
      fixed(8, static_cast<std::int64_t>(value.low));
    });
  }
  void text(const Field& f, const std::string* value) override {
    field(f, value == nullptr ? f.defaultNull : value->empty() && !f.defaultNull, [&] {
      length(f, LengthKind::Text, 2, value == nullptr ? -1 : static_cast<std::int64_t>(value->size()));
      if (value != nullptr) raw(asBytes(*value));
    });
  }
  void bytes(const Field& f, const Buffer* value) override {
    field(f, value == nullptr ? f.defaultNull : value->empty() && !f.defaultNull, [&] {
      length(f, LengthKind::Bytes, 4, value == nullptr ? -1 : static_cast<std::int64_t>(value->size()));
      if (value != nullptr) raw(*value);
    });
  }
  void records(const Field& f, const Parts* value) override {
    field(f, value == nullptr, [&] {
      length(f, LengthKind::Records, 4, value == nullptr ? -1 : static_cast<std::int64_t>(value->size()));
      if (value == nullptr) return;
      for (const Part& part : value->list()) raw(std::get<Buffer>(part));
    });
  }
  void array(const Field& f, const ConstArray* value) override {
    field(f, value == nullptr ? f.defaultNull : value->size == 0 && !f.defaultNull, [&] {
      length(f, LengthKind::Array, 4, value == nullptr ? -1 : static_cast<std::int64_t>(value->size));
      if (value == nullptr) return;
      path_.push(f);
      const auto* element = static_cast<const std::byte*>(value->first);
      for (std::size_t i = 0; i < value->size; ++i, element += value->stride) {
        path_.setIndex(i);
        value->element(element, *this);
      }
      path_.pop();
    });
  }
  void structure(const Field& f, const ConstStruct* value) override {
    const bool isDefault = value == nullptr ? f.defaultNull : tagPass_ && !f.defaultNull && value->ops->isDefault(value->object);
    const bool inTag = tagPass_;
    field(f, isDefault, [&] {
      if (f.nullable.contains(version_) && inTag) varint(value != nullptr ? 1 : 0);
      else if (f.nullable.contains(version_)) fixed(1, value != nullptr ? 1 : -1);
      if (value == nullptr) return;
      path_.push(f);
      body(*value);
      path_.pop();
    });
  }

 private:
  static constexpr Field kTags{.name = "(tags)"};

  template <class Write>
  void field(const Field& f, bool isDefault, Write write) {
    if (tagPass_ ? isDefault || !f.tagged.contains(version_) : !f.versions.contains(version_) || f.tagged.contains(version_)) return;
    if (!tagPass_) return write();
    ++tags_;
    varint(static_cast<std::uint64_t>(f.tag));
    tagPass_ = false;
    sized(f, write);
    tagPass_ = true;
  }

  /// A size, then what `write` writes.
  template <class Write>
  void sized(const Field& f, Write write) {
    const std::size_t note = reserveNote();
    const std::size_t start = out_.size();
    write();
    const std::vector<std::byte> value(out_.begin() + static_cast<std::ptrdiff_t>(start), out_.end());
    out_.resize(start);
    writeNoted(note, f, LengthKind::TagSize, static_cast<std::int64_t>(value.size()));
    moveNotesBehind(note, out_.size() - start);
    raw(value);
  }

  void tagSection(const ConstStruct& value) {
    const UnknownTaggedFields& unknown = *value.ops->unknownTaggedFields(const_cast<void*>(value.object));  // only read
    const std::uint32_t outer = std::exchange(tags_, 0);
    const std::size_t note = reserveNote();
    const std::size_t start = out_.size();
    tagPass_ = true;
    if (value.ops->readTagged != nullptr) value.ops->readTagged(value.object, *this);
    tagPass_ = false;
    for (const UnknownTaggedField& one : unknown) {
      varint(one.tag);
      sized(kTags, [&] { raw(one.data); });
    }
    const std::vector<std::byte> section(out_.begin() + static_cast<std::ptrdiff_t>(start), out_.end());
    out_.resize(start);
    writeNoted(note, kTags, LengthKind::TagCount, static_cast<std::int64_t>(tags_ + unknown.size()));
    moveNotesBehind(note, out_.size() - start);
    raw(section);
    tags_ = outer;
  }

  void length(const Field& f, LengthKind kind, std::size_t width, std::int64_t honest) {
    const std::size_t note = reserveNote();
    Length& noted = lengths_[note];
    noted = {path_.to(f), kind, flexible_ && f.flexible.contains(version_), f.nullable.contains(version_), honest, 0};
    if (lies(note) && claim_->endlessVarint) return endless();
    const std::int64_t written = lies(note) ? claim_->value : honest;
    if (noted.compact) varint(static_cast<std::uint32_t>(written + 1));
    else fixed(width, written);
    ends_[note] = out_.size();
  }

  // ---- Notes: one per length, in the order in which the lengths stand ----
  std::size_t reserveNote() {
    lengths_.emplace_back();
    ends_.push_back(0);
    return lengths_.size() - 1;
  }
  void writeNoted(std::size_t note, const Field& f, LengthKind kind, std::int64_t honest) {
    lengths_[note] = {path_.to(f), kind, true, false, honest, 0};
    if (lies(note) && claim_->endlessVarint) return endless();
    varint(static_cast<std::uint32_t>(lies(note) ? claim_->value : honest));
    ends_[note] = out_.size();
  }
  void moveNotesBehind(std::size_t note, std::size_t by) {
    for (std::size_t i = note + 1; i < ends_.size(); ++i) ends_[i] += by;
  }
  [[nodiscard]] std::int64_t changed(const Field& f, NumberKind kind, std::int64_t value) {
    const std::size_t which = numbers_.size();
    numbers_.push_back(path_.to(f));
    if (changes_.number && changes_.number->which == which) return limitedTo(kind, changes_.number->value);
    return changes_.port && f.name == "port" && value == changes_.port->first ? changes_.port->second : value;
  }
  [[nodiscard]] bool lies(std::size_t note) const { return claim_ && claim_->length == note; }

  // ---- Bytes ----
  void fixed(std::size_t width, std::int64_t value) {
    for (std::size_t i = width; i-- > 0;) out_.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i)));
  }
  void varint(std::uint64_t value) { ByteWriter(out_).writeVarint(value); }
  void endless() { out_.insert(out_.end(), {std::byte{0xFF}, std::byte{0xFF}, std::byte{0xFF}, std::byte{0xFF}, std::byte{0xFF}, std::byte{1}}); }
  void raw(BytesView view) { out_.insert(out_.end(), view.begin(), view.end()); }

  const Changes& changes_;
  const std::optional<Claim>& claim_;
  std::int16_t version_;
  bool flexible_;
  bool tagPass_ = false;
  std::uint32_t tags_ = 0;
  FieldPath path_;
  std::vector<std::byte> out_;
  std::vector<std::string> numbers_;
  std::vector<Length> lengths_;
  std::vector<std::size_t> ends_;  ///< where the bytes of each length end
};

}  // namespace

std::vector<Length> lengthsOf(ConstMessage message, std::int16_t version) {
  const Changes none;
  LyingEncoder encoder(*message.info, version, none);
  encoder.body({message.object, message.info->ops});
  return encoder.takeLengths();
}

std::vector<std::string> numbersOf(ConstMessage message, std::int16_t version) {
  const Changes none;
  LyingEncoder encoder(*message.info, version, none);
  encoder.body({message.object, message.info->ops});
  return encoder.takeNumbers();
}

std::int64_t limitedTo(NumberKind kind, std::int64_t value) noexcept {
  if (kind == NumberKind::Bool) return value == 0 ? 0 : 1;
  const std::size_t bits = 8 * widthOf(kind);
  const bool isUnsigned = kind == NumberKind::Uint16 || kind == NumberKind::Uint32;
  const auto highest = static_cast<std::int64_t>(~std::uint64_t{0} >> (65 - bits - (isUnsigned ? 1 : 0)));
  return std::clamp(value, isUnsigned ? 0 : -highest - 1, highest);
}

std::vector<Claim> liesAbout(const Length& length, std::size_t index) {
  const std::int64_t beyond = static_cast<std::int64_t>(length.behind) + 1;
  const bool ofTags = length.kind == LengthKind::TagCount || length.kind == LengthKind::TagSize;
  const bool isShort = length.kind == LengthKind::Text && !length.compact;
  std::vector<Claim> lies;
  if (!length.nullable && !ofTags) lies.push_back({index, -1});
  if (!length.compact) lies.push_back({index, -2});
  if (!length.compact) lies.push_back({index, isShort ? std::numeric_limits<std::int16_t>::min() : std::numeric_limits<std::int32_t>::min()});
  const std::int64_t largest = isShort ? std::numeric_limits<std::int16_t>::max() : std::numeric_limits<std::int32_t>::max();
  if (largest > static_cast<std::int64_t>(length.behind)) lies.push_back({index, largest});
  if (beyond < largest) lies.push_back({index, beyond});
  if (length.compact) lies.push_back({index, std::int64_t{0xFFFFFFFE}});
  if (length.compact) lies.push_back({index, 0, true});
  return lies;
}

std::vector<std::byte> encodeWith(ConstMessage message, std::int16_t version, const Changes& changes) {
  LyingEncoder encoder(*message.info, version, changes);
  encoder.body({message.object, message.info->ops});
  return encoder.takeBytes();
}

}  // namespace klamm::hostile
