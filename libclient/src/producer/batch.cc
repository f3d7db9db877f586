#include "producer/batch.h"

#include <algorithm>
#include <exception>

#include "producer/topic.h"

namespace klamm::producer {
namespace {

Error errorOf(const Completion& completion, std::int32_t index) {
  if (completion.recordErrors.empty()) return completion.error;
  const auto at = std::find_if(completion.recordErrors.begin(), completion.recordErrors.end(),
                               [index](const auto& one) { return one.first == index; });
  // The broker has one code for the whole batch: with several records at fault it does not say which record it belongs to.
  const ErrorCode code = completion.recordErrors.size() == 1 ? completion.error.code() : ErrorCode::InvalidRecord;
  if (at != completion.recordErrors.end()) return {code, at->second};
  return {completion.error.code(), "another record of the same batch is not valid"};
}

}  // namespace

std::string Completion::run() {
  std::string thrown;
  RecordMetadata sent{.topic = queue->topic.name, .partition = queue->partition};
  for (PendingRecord& record : pending) {
    sent.timestamp = logAppendTime != record::kNoTimestamp ? logAppendTime : record.timestamp;
    sent.serializedKeySize = record.keySize;
    sent.serializedValueSize = record.valueSize;
    sent.offset = error || baseOffset < 0 ? -1 : baseOffset + record.index;
    try {
      if (error) [[unlikely]] record.callback(sent, errorOf(*this, record.index));
      else record.callback(sent, error);
    } catch (const std::exception& e) {
      thrown = e.what();
    } catch (...) {
      thrown = "an object that is not a std::exception";
    }
  }
  return thrown;
}

}  // namespace klamm::producer
