#include "support/fault_proxy/fault_profile.h"

#include <sstream>

#include <fmt/format.h>

namespace klamm::test {
namespace {

struct Field {
  std::string_view name;
  double (*get)(const FaultProfile&);
  void (*set)(FaultProfile&, double);
};

constexpr Field kFields[] = {
    {"delay", [](const FaultProfile& p) { return static_cast<double>(p.delay.count()); },
     [](FaultProfile& p, double v) { p.delay = Millis(static_cast<std::int64_t>(v)); }},
    {"jitter", [](const FaultProfile& p) { return static_cast<double>(p.jitter.count()); },
     [](FaultProfile& p, double v) { p.jitter = Millis(static_cast<std::int64_t>(v)); }},
    {"bandwidth", [](const FaultProfile& p) { return static_cast<double>(p.bytesPerSecond); },
     [](FaultProfile& p, double v) { p.bytesPerSecond = static_cast<std::int64_t>(v); }},
    {"sliced", [](const FaultProfile& p) { return p.sliced; }, [](FaultProfile& p, double v) { p.sliced = v; }},
    {"cut", [](const FaultProfile& p) { return p.cut; }, [](FaultProfile& p, double v) { p.cut = v; }},
    {"reset", [](const FaultProfile& p) { return p.reset; }, [](FaultProfile& p, double v) { p.reset = v; }},
    {"black-hole", [](const FaultProfile& p) { return p.blackHole; }, [](FaultProfile& p, double v) { p.blackHole = v; }},
};
constexpr std::size_t kCounts = 3;  ///< the first fields are counts, the others fractions

}  // namespace

std::string FaultProfile::toString() const {
  std::string text;
  for (const Field& field : kFields) {
    if (const double value = field.get(*this); value > 0) text += fmt::format("{}{}={:g}", text.empty() ? "" : " ", field.name, value);
  }
  return text.empty() ? "clean" : text;
}

Result<FaultProfile> FaultProfile::parse(std::string_view text) {
  FaultProfile profile;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    if (word == "clean") continue;
    const std::size_t equals = word.find('=');
    const Field* found = nullptr;
    for (const Field& field : kFields) {
      if (word.substr(0, equals) == field.name) found = &field;
    }
    double value = -1;
    std::istringstream number(equals == std::string::npos ? "" : word.substr(equals + 1));
    number >> value;
    const bool count = found != nullptr && found < kFields + kCounts;
    if (found == nullptr || !number || !number.eof() || value < 0 || value > (count ? 1e12 : 1.0)) {
      return fail(ErrorCode::IllegalArgument,
                  fmt::format("'{}': expected delay=MS, jitter=MS, bandwidth=BYTES/S or sliced, cut, reset, black-hole = 0 to 1", word));
    }
    found->set(profile, value);
  }
  return profile;
}

}  // namespace klamm::test
