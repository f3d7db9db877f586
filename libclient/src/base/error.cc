#include <klamm/error.h>

namespace klamm {
namespace {

struct Row {
  ErrorCode code;
  std::string_view name;
  std::string_view sentence;
  bool retriable;
};

constexpr Row kRows[] = {
#define KLAMM_ERROR(code, name, kafkaName, exception, retriable, sentence) {ErrorCode::name, kafkaName, sentence, retriable},
#include <klamm/errors.def>
#undef KLAMM_ERROR
};

/// Wire codes stand in numeric order from -1; the process's own follow from -1001 downwards.
constexpr std::size_t kWireCodes = [] {
  std::size_t count = 0;
  for (const Row& row : kRows) count += static_cast<int>(row.code) >= -1 ? 1 : 0;
  return count;
}();

const Row& rowOf(ErrorCode code) noexcept {
  const int number = static_cast<int>(code);
  if (number >= -1 && static_cast<std::size_t>(number + 1) < kWireCodes) return kRows[number + 1];
  const std::size_t local = kWireCodes + static_cast<std::size_t>(-1001 - number);
  if (number <= -1001 && local < std::size(kRows)) return kRows[local];
  return kRows[0];
}

/// Brokers explain an error in sentences of their own, which say more than ours; what we note is a phrase in lower case.
bool isSentence(std::string_view context) noexcept {
  return !context.empty() && context.back() == '.' && context.front() >= 'A' && context.front() <= 'Z';
}

}  // namespace

std::string_view errorName(ErrorCode code) noexcept { return rowOf(code).name; }
std::string_view errorSentence(ErrorCode code) noexcept { return rowOf(code).sentence; }
bool isRetriable(ErrorCode code) noexcept { return rowOf(code).retriable; }

ErrorCode errorFromWire(std::int16_t number) noexcept {
  return number < -1 ? ErrorCode::UnknownServerError : rowOf(static_cast<ErrorCode>(number)).code;
}

std::string Error::message() const {
  std::string text = context_;
  if (isSentence(context_)) return text.append(" (").append(errorName(code_)).append(")");
  if (!text.empty()) text += ": ";
  return text.append(errorSentence(code_)).append(" (").append(errorName(code_)).append(")");
}

bool Error::fatal() const noexcept {
  switch (code_) {
    case ErrorCode::ProducerFenced:
    case ErrorCode::InvalidProducerEpoch:
    case ErrorCode::FencedInstanceId:
    case ErrorCode::UnsupportedVersion:
    case ErrorCode::SaslAuthenticationFailed:
    case ErrorCode::TlsFailed:
    case ErrorCode::Closed: return true;
    default: return false;
  }
}

}  // namespace klamm
