#pragma once
// The one error value of Klamm: what callbacks, per-key results and exceptions carry.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace [[gnu::visibility("default")]] klamm {

/// Kafka's error codes (-1 and above, as on the wire) and those of this process (below -1000). Source: errors.def.
enum class ErrorCode : std::int16_t {
#define KLAMM_ERROR(code, name, kafkaName, exception, retriable, sentence) name = code,
#include <klamm/errors.def>
#undef KLAMM_ERROR
};

/// Kafka's upper-case name of a code, e.g. "OFFSET_OUT_OF_RANGE"; "UNKNOWN_SERVER_ERROR" for a number it does not have.
[[nodiscard]] std::string_view errorName(ErrorCode code) noexcept;
/// One sentence in lower case that says what the code means.
[[nodiscard]] std::string_view errorSentence(ErrorCode code) noexcept;
/// True when trying again may help (Kafka's RetriableException).
[[nodiscard]] bool isRetriable(ErrorCode code) noexcept;
/// The code with this number; an unknown number becomes UnknownServerError.
[[nodiscard]] ErrorCode errorFromWire(std::int16_t number) noexcept;

/// A code and what was being done when it arose. Cheap to pass; false when there is no error.
/// Threading: a plain value.
class [[nodiscard]] Error {
 public:
  Error() noexcept = default;
  Error(ErrorCode code) : code_(code) {}  // NOLINT(google-explicit-constructor): a code is an error
  Error(ErrorCode code, std::string context) : code_(code), context_(std::move(context)) {}

  [[nodiscard]] ErrorCode code() const noexcept { return code_; }
  /// "topic 'x': the partition has no leader at the moment (LEADER_NOT_AVAILABLE)".
  [[nodiscard]] std::string message() const;
  /// What was being done, where and with what; may be empty.
  [[nodiscard]] const std::string& context() const noexcept { return context_; }
  /// Trying again may help. For results of send(): the client has already tried until delivery.timeout.ms.
  [[nodiscard]] bool retriable() const noexcept { return isRetriable(code_); }
  /// The transaction must be aborted; the producer stays usable.
  [[nodiscard]] bool abortable() const noexcept { return code_ == ErrorCode::TransactionAbortable; }
  /// close() is the only way out.
  [[nodiscard]] bool fatal() const noexcept;
  [[nodiscard]] explicit operator bool() const noexcept { return code_ != ErrorCode::None; }

 private:
  ErrorCode code_ = ErrorCode::None;
  std::string context_;
};

}  // namespace klamm
