#include <klamm/exceptions.h>

namespace klamm {

void throwError(Error error) {
  switch (error.code()) {
#define KLAMM_ERROR(code, name, kafkaName, exception, retriable, sentence) \
  case ErrorCode::name: throw exception(std::move(error));
#include <klamm/errors.def>
#undef KLAMM_ERROR
  }
  throw KafkaException(std::move(error));
}

std::exception_ptr exceptionOf(Error error) {
  try {
    throwError(std::move(error));
  } catch (...) {
    return std::current_exception();
  }
}

}  // namespace klamm
