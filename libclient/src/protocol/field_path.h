#pragma once
// Where in a message a visitor stands, kept cheaply and spelled out only when something goes wrong.

#include <array>
#include <cstddef>
#include <string>

#include "protocol/field.h"

namespace klamm::protocol {

/// Prints as "topics[2].partitions[0].records". Depth is bounded by the schema (the parser refuses deeper nesting);
/// what lies deeper than kMaxDepth would be left out of the text. Threading: one thread.
class FieldPath {
 public:
  static constexpr std::size_t kMaxDepth = 16;
  static constexpr std::size_t kNoIndex = static_cast<std::size_t>(-1);

  void push(const Field& field) noexcept {
    if (depth_ < kMaxDepth) steps_[depth_] = {&field, kNoIndex};
    ++depth_;
  }
  void setIndex(std::size_t index) noexcept {
    if (depth_ <= kMaxDepth) steps_[depth_ - 1].index = index;
  }
  void pop() noexcept { --depth_; }

  /// The path, and `last` behind it unless it is an array's element.
  [[nodiscard]] std::string to(const Field& last) const {
    std::string text;
    for (std::size_t i = 0; i < depth_ && i < kMaxDepth; ++i) {
      if (steps_[i].field->name.empty()) continue;
      if (!text.empty()) text += '.';
      text += steps_[i].field->name;
      if (steps_[i].index != kNoIndex) text.append("[").append(std::to_string(steps_[i].index)).append("]");
    }
    if (last.name.empty()) return text;
    if (!text.empty()) text += '.';
    return text.append(last.name);
  }

 private:
  struct Step {
    const Field* field = nullptr;
    std::size_t index = kNoIndex;
  };
  std::array<Step, kMaxDepth> steps_{};
  std::size_t depth_ = 0;
};

}  // namespace klamm::protocol
