#include "controller/control.h"

#include <algorithm>

#include <fmt/format.h>

namespace klamm::broker::controller {
namespace {

constexpr std::size_t kMaxTopicName = 249;

[[nodiscard]] bool isLegal(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

/// '.' and '_' fall together in metric names.
[[nodiscard]] bool sameMetric(std::string_view a, std::string_view b) noexcept {
  const auto folded = [](char c) { return c == '.' ? '_' : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return folded(x) == folded(y); });
}

}  // namespace

Status checkTopicName(std::string_view name) {
  const auto bad = [](std::string why) { return fail(ErrorCode::InvalidTopicException, "Topic name is invalid: " + std::move(why)); };
  if (name.empty()) return bad("the empty string is not allowed");
  if (name == "." || name == "..") return bad(fmt::format("'{}' is not allowed", name));
  if (name.size() > kMaxTopicName) return bad(fmt::format("the length of '{}' is longer than the max allowed length {}", name, kMaxTopicName));
  if (!std::all_of(name.begin(), name.end(), isLegal)) {
    return bad(fmt::format("'{}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'", name));
  }
  return {};
}

const image::TopicImage* collidingTopic(const image::ClusterImage& image, std::string_view name) {
  if (name.find_first_of("._") == std::string_view::npos) return nullptr;
  for (const auto& topic : image.topics()) {
    if (topic->name != name && sameMetric(topic->name, name)) return topic.get();
  }
  return nullptr;
}

}  // namespace klamm::broker::controller
