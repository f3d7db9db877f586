#pragma once
// How behaviour walks over generated structs. The generator writes, per struct, one list of its fields; encoding,
// decoding, sizing, printing and random values are visitors of that list, each written once.
//
//   struct.fields(visitor) --> visitor.visit(Field, member) for each member
//                               |  typed overloads, inline, choose one of a handful of
//                               v  virtual functions
//                              number | float64 | uuid | text | bytes | records | array | structure

#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <klamm/error.h>

#include "base/parts.h"
#include "base/uuid.h"
#include "protocol/field.h"

namespace klamm::protocol {

/// A tagged field that the schema does not know; kept and sent on.
struct UnknownTaggedField {
  std::uint32_t tag = 0;
  Buffer data = {};
  friend bool operator==(const UnknownTaggedField&, const UnknownTaggedField&) = default;
};
using UnknownTaggedFields = std::vector<UnknownTaggedField>;

class ConstVisitor;
class Visitor;

/// What visitors need to know of a struct type; one constant per type, written by the generator.
struct StructOps {
  void (*read)(const void* self, ConstVisitor& visitor);
  void (*readTagged)(const void* self, ConstVisitor& visitor);  ///< In the order of the tags; null when there are none.
  void (*write)(void* self, Visitor& visitor);
  void (*writeTagged)(void* self, Visitor& visitor);
  UnknownTaggedFields* (*unknownTaggedFields)(void* self);      ///< Null when no version is flexible.
  bool (*isDefault)(const void* self);                          ///< Null when no field holds the struct directly.
};

struct ConstStruct {
  const void* object;
  const StructOps* ops;
};
struct MutableStruct {
  void* object;
  const StructOps* ops;
};

enum class NumberKind : std::uint8_t { Bool, Int8, Int16, Uint16, Int32, Uint32, Int64, ErrorCode };

/// Bytes that a number of the kind takes on the wire.
[[nodiscard]] constexpr std::size_t widthOf(NumberKind kind) noexcept {
  constexpr std::uint8_t kWidths[] = {1, 1, 2, 2, 4, 4, 8, 2};
  return kWidths[static_cast<std::size_t>(kind)];
}

template <class T>
inline constexpr bool kIsNumber = std::is_integral_v<T> || std::is_same_v<T, ErrorCode>;

template <class T>
[[nodiscard]] constexpr NumberKind numberKind() noexcept {
  if constexpr (std::is_same_v<T, bool>) return NumberKind::Bool;
  else if constexpr (std::is_same_v<T, std::int8_t>) return NumberKind::Int8;
  else if constexpr (std::is_same_v<T, std::int16_t>) return NumberKind::Int16;
  else if constexpr (std::is_same_v<T, std::uint16_t>) return NumberKind::Uint16;
  else if constexpr (std::is_same_v<T, std::int32_t>) return NumberKind::Int32;
  else if constexpr (std::is_same_v<T, std::uint32_t>) return NumberKind::Uint32;
  else if constexpr (std::is_same_v<T, std::int64_t>) return NumberKind::Int64;
  else {
    static_assert(std::is_same_v<T, ErrorCode>);
    return NumberKind::ErrorCode;
  }
}

/// The elements of an array, of whatever type.
struct ConstArray {
  const void* first = nullptr;
  std::size_t size = 0;
  std::size_t stride = 0;
  void (*element)(const void* element, ConstVisitor& visitor) = nullptr;
};

/// What visitors need in order to fill a std::vector of any element type.
struct ArrayOps {
  std::size_t elementSize;
  void (*reserve)(void* array, std::size_t count);
  void* (*append)(void* array);
  void (*element)(void* element, Visitor& visitor);
};
struct MutableArray {
  void* array;
  const ArrayOps* ops;
};

/// The ArrayOps of std::vector<T>.
template <class T>
struct VectorOps {
  static void reserve(void* array, std::size_t count) { static_cast<std::vector<T>*>(array)->reserve(count); }
  static void* append(void* array) { return &static_cast<std::vector<T>*>(array)->emplace_back(); }
  static void element(void* element, Visitor& visitor);
  static constexpr ArrayOps kOps{sizeof(T), &reserve, &append, &element};
};

/// The field that the elements of an array are visited with.
inline constexpr Field kElement{};

/// Reads a message. Threading: one thread.
class ConstVisitor {
 public:
  virtual ~ConstVisitor() = default;

  template <class T>
    requires kIsNumber<T>
  void visit(const Field& field, T value) { number(field, numberKind<T>(), static_cast<std::int64_t>(value)); }
  void visit(const Field& field, double value) { float64(field, value); }
  void visit(const Field& field, const Uuid& value) { uuid(field, value); }
  void visit(const Field& field, const std::string& value) { text(field, &value); }
  void visit(const Field& field, const std::optional<std::string>& value) { text(field, value ? &*value : nullptr); }
  void visit(const Field& field, const Buffer& value) { bytes(field, &value); }
  void visit(const Field& field, const std::optional<Buffer>& value) { bytes(field, value ? &*value : nullptr); }
  void visit(const Field& field, const std::optional<Parts>& value) { records(field, value ? &*value : nullptr); }
  template <class T>
  void visit(const Field& field, const std::vector<T>& value) { const ConstArray list = arrayOf(value); array(field, &list); }
  template <class T>
  void visit(const Field& field, const std::optional<std::vector<T>>& value) {
    if (value) visit(field, *value);
    else array(field, nullptr);
  }
  template <class S>
    requires requires { S::kOps; }
  void visit(const Field& field, const S& value) { const ConstStruct inner{&value, &S::kOps}; structure(field, &inner); }
  template <class S>
    requires requires { S::kOps; }
  void visit(const Field& field, const std::optional<S>& value) {
    if (value) visit(field, *value);
    else structure(field, nullptr);
  }

 protected:
  // A null pointer is Kafka's null.
  virtual void number(const Field& field, NumberKind kind, std::int64_t value) = 0;
  virtual void float64(const Field& field, double value) = 0;
  virtual void uuid(const Field& field, const Uuid& value) = 0;
  virtual void text(const Field& field, const std::string* value) = 0;
  virtual void bytes(const Field& field, const Buffer* value) = 0;
  virtual void records(const Field& field, const Parts* value) = 0;
  virtual void array(const Field& field, const ConstArray* value) = 0;
  virtual void structure(const Field& field, const ConstStruct* value) = 0;

 private:
  template <class T>
  static ConstArray arrayOf(const std::vector<T>& list) {
    return {list.data(), list.size(), sizeof(T),
            [](const void* element, ConstVisitor& visitor) { visitor.visit(kElement, *static_cast<const T*>(element)); }};
  }
};

/// Fills a new message: arrays are appended to. Threading: one thread.
class Visitor {
 public:
  virtual ~Visitor() = default;

  template <class T>
    requires kIsNumber<T>
  void visit(const Field& field, T& value) {
    const std::int64_t number = this->number(field, numberKind<T>(), static_cast<std::int64_t>(value));
    if constexpr (std::is_same_v<T, bool>) value = number != 0;
    else value = static_cast<T>(number);
  }
  void visit(const Field& field, double& value) { float64(field, value); }
  void visit(const Field& field, Uuid& value) { uuid(field, value); }
  void visit(const Field& field, std::string& value) { text(field, value); }
  void visit(const Field& field, std::optional<std::string>& value) { nullableText(field, value); }
  void visit(const Field& field, Buffer& value) { bytes(field, value); }
  void visit(const Field& field, std::optional<Buffer>& value) { nullableBytes(field, value); }
  void visit(const Field& field, std::optional<Parts>& value) { records(field, value); }
  template <class T>
  void visit(const Field& field, std::vector<T>& value) { array(field, {&value, &VectorOps<T>::kOps}, false); }
  template <class T>
  void visit(const Field& field, std::optional<std::vector<T>>& value) {
    // Filled aside: whether it is null, absent or a list is known only after the visit.
    std::vector<T> list;
    switch (array(field, {&list, &VectorOps<T>::kOps}, true)) {
      case Presence::Absent: return;
      case Presence::Null: value.reset(); return;
      case Presence::Present: value = std::move(list); return;
    }
  }
  template <class S>
    requires requires { S::kOps; }
  void visit(const Field& field, S& value) { structure(field, {&value, &S::kOps}, false); }
  template <class S>
    requires requires { S::kOps; }
  void visit(const Field& field, std::optional<S>& value) {
    S inner;
    switch (structure(field, {&inner, &S::kOps}, true)) {
      case Presence::Absent: return;
      case Presence::Null: value.reset(); return;
      case Presence::Present: value = std::move(inner); return;
    }
  }

 protected:
  enum class Presence : std::uint8_t { Absent, Null, Present };

  /// The new value, or `current` to leave it.
  virtual std::int64_t number(const Field& field, NumberKind kind, std::int64_t current) = 0;
  virtual void float64(const Field& field, double& value) = 0;
  virtual void uuid(const Field& field, Uuid& value) = 0;
  virtual void text(const Field& field, std::string& value) = 0;
  virtual void nullableText(const Field& field, std::optional<std::string>& value) = 0;
  virtual void bytes(const Field& field, Buffer& value) = 0;
  virtual void nullableBytes(const Field& field, std::optional<Buffer>& value) = 0;
  virtual void records(const Field& field, std::optional<Parts>& value) = 0;
  virtual Presence array(const Field& field, MutableArray value, bool nullable) = 0;
  virtual Presence structure(const Field& field, MutableStruct value, bool nullable) = 0;
};

template <class T>
void VectorOps<T>::element(void* element, Visitor& visitor) { visitor.visit(kElement, *static_cast<T*>(element)); }

/// Everything about one message type; `M::kInfo` of each generated struct.
struct MessageInfo {
  std::string_view name;
  MessageKind kind;
  std::int16_t key;  ///< API key or record type; -1 for a kind that has none.
  Versions versions;
  Versions flexible;
  const StructOps* ops;
  void* (*create)();
  void (*destroy)(void* message);
  bool (*equal)(const void* a, const void* b);
};

}  // namespace klamm::protocol
