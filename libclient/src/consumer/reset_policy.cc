#include "consumer/reset_policy.h"

#include <cctype>
#include <limits>
#include <string>

namespace klamm::consumer {
namespace {

constexpr std::int64_t kLatestTimestamp = -1;
constexpr std::int64_t kEarliestTimestamp = -2;

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

/// Reads "12" or "1.5" in thousandths of a unit; false when there is no number or it is far too large.
bool readNumber(std::string_view& text, std::int64_t& thousandths, bool& hasFraction) {
  std::int64_t whole = 0;
  std::size_t at = 0;
  bool negative = false;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) negative = text[at++] == '-';
  const std::size_t firstDigit = at;
  for (; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0; ++at) {
    if (whole > std::numeric_limits<std::int64_t>::max() / 10'000'000'000) return false;
    whole = whole * 10 + (text[at] - '0');
  }
  if (at == firstDigit) return false;
  thousandths = whole * 1000;
  hasFraction = at < text.size() && (text[at] == '.' || text[at] == ',');
  if (hasFraction) {
    ++at;
    for (std::int64_t weight = 100; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0; ++at, weight /= 10) {
      thousandths += (text[at] - '0') * weight;
    }
  }
  if (negative) thousandths = -thousandths;
  text.remove_prefix(at);
  return true;
}

}  // namespace

Result<Millis> parseIsoDuration(std::string_view text) {
  const auto refuse = [&] {
    return klamm::fail(ErrorCode::InvalidClientConfig, "'" + std::string(text) + "' is not an ISO-8601 duration such as P1DT2H30M");
  };
  std::string_view rest = text;
  if (rest.empty() || lower(rest.front()) != 'p') return refuse();
  rest.remove_prefix(1);
  std::int64_t millis = 0;
  bool inTime = false;
  bool any = false;
  constexpr std::string_view order = "dhms";
  std::size_t nextUnit = 0;
  while (!rest.empty()) {
    if (lower(rest.front()) == 't') {
      if (inTime) return refuse();
      inTime = true;
      rest.remove_prefix(1);
      if (rest.empty()) return refuse();
      continue;
    }
    std::int64_t thousandths = 0;
    bool fraction = false;
    if (!readNumber(rest, thousandths, fraction) || rest.empty()) return refuse();
    const char unit = lower(rest.front());
    const std::size_t index = order.find(unit, nextUnit);
    if (index == std::string_view::npos || (unit == 'd') == inTime || (fraction && unit != 's')) return refuse();
    rest.remove_prefix(1);
    constexpr std::int64_t secondsOf[] = {86400, 3600, 60, 1};
    if (__builtin_mul_overflow(thousandths, secondsOf[index], &thousandths) || __builtin_add_overflow(millis, thousandths, &millis)) return refuse();
    nextUnit = index + 1;
    any = true;
  }
  if (!any) return refuse();
  return Millis(millis);
}

Result<ResetPolicy> ResetPolicy::parse(std::string_view text) {
  std::string word(text);
  for (char& c : word) c = lower(c);
  if (word == "earliest") return ResetPolicy{Kind::Earliest, {}};
  if (word == "latest") return ResetPolicy{Kind::Latest, {}};
  if (word == "none") return ResetPolicy{Kind::None, {}};
  constexpr std::string_view prefix = "by_duration:";
  if (word.rfind(prefix, 0) == 0) {
    KLAMM_TRY_ASSIGN(const Millis ago, parseIsoDuration(text.substr(prefix.size())));
    if (ago < Millis(0)) return klamm::fail(ErrorCode::InvalidClientConfig, "auto.offset.reset: the duration must not be negative");
    return ResetPolicy{Kind::ByDuration, ago};
  }
  return klamm::fail(ErrorCode::InvalidClientConfig,
                     "auto.offset.reset = '" + std::string(text) + "': allowed are earliest, latest, none and by_duration:DURATION");
}

std::int64_t ResetPolicy::timestamp(std::int64_t wallMillis) const noexcept {
  if (kind == Kind::Earliest) return kEarliestTimestamp;
  if (kind == Kind::ByDuration) return wallMillis - ago.count();
  return kLatestTimestamp;
}

}  // namespace klamm::consumer
