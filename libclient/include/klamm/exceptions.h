#pragma once
// What blocking calls throw. One class per row of errors.def, named as in Kafka; all carry the Error.
//
//     try { producer.partitionsFor("orders"); }
//     catch (const klamm::TimeoutException&) { /* no answer within max.block.ms */ }
//     catch (const klamm::RetriableException&) { /* any other that may pass */ }
//     catch (const klamm::KafkaException& e) { std::cerr << e.what() << '\n'; }

#include <exception>
#include <stdexcept>

#include <klamm/error.h>

namespace [[gnu::visibility("default")]] klamm {

/// The root of what Klamm throws. what() is error().message(). Threading: a value.
class KafkaException : public std::runtime_error {
 public:
  explicit KafkaException(Error error) : std::runtime_error(error.message()), error_(std::move(error)) {}
  [[nodiscard]] const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

/// Trying again may help (org.apache.kafka.common.errors.RetriableException).
class RetriableException : public KafkaException {
 public:
  using KafkaException::KafkaException;
};

namespace detail {
template <bool Retriable>
struct ExceptionParent {
  using type = KafkaException;
};
template <>
struct ExceptionParent<true> {
  using type = RetriableException;
};
}  // namespace detail

/// The exception of one code; use the names below.
template <ErrorCode Code, bool Retriable>
class CodedException : public detail::ExceptionParent<Retriable>::type {
 public:
  explicit CodedException(Error error) : detail::ExceptionParent<Retriable>::type(std::move(error)) {}
};

#define KLAMM_ERROR(code, name, kafkaName, exception, retriable, sentence) \
  using exception = CodedException<ErrorCode::name, retriable>;
#define KLAMM_ERROR_AGAIN(code, name, kafkaName, exception, retriable, sentence)
#include <klamm/errors.def>
#undef KLAMM_ERROR

/// Throws the exception that belongs to the error's code; `error` must be one.
[[noreturn]] void throwError(Error error);

/// The same exception to be stored, e.g. in a promise.
[[nodiscard]] std::exception_ptr exceptionOf(Error error);

/// The only bridge from error values to exceptions.
inline void throwIfError(Error error) {
  if (error) throwError(std::move(error));
}

}  // namespace klamm
