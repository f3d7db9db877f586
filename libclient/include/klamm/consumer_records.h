#pragma once
// What poll() returns: records as views into the fetched buffers, decoded while they are looked at.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <klamm/detail/fetched_records.h>
#include <klamm/exceptions.h>
#include <klamm/headers.h>
#include <klamm/record.h>
#include <klamm/serializer.h>

namespace [[gnu::visibility("default")]] klamm {

/// Whose clock stamped a record (org.apache.kafka.common.record.TimestampType).
enum class TimestampType : std::int8_t { NoTimestampType = -1, CreateTime = 0, LogAppendTime = 1 };

/// One consumed record. Topic, headers and view types of key and value point into the ConsumerRecords it came from and
/// live as long. Threading: a value.
template <class K, class V>
struct ConsumerRecord {
  std::string_view topic = {};
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp = -1;  ///< milliseconds since 1970
  TimestampType timestampType = TimestampType::CreateTime;
  std::int32_t serializedKeySize = -1;    ///< bytes; -1 for null
  std::int32_t serializedValueSize = -1;  ///< bytes; -1 for null
  std::optional<K> key = {};
  std::optional<V> value = {};
  HeadersView headers = {};
  std::optional<std::int32_t> leaderEpoch = {};
};

namespace detail {

/// Where keys and values of one consumer are decoded. Null for a built-in type. Threading: called from every thread that
/// iterates, also at once.
template <class K, class V>
struct Deserializers {
  std::shared_ptr<Deserializer<K>> key = {};
  std::shared_ptr<Deserializer<V>> value = {};
};

[[noreturn]] inline void throwUndecodable(const TopicPartition& partition, std::int64_t offset, const char* what) {
  throwError(Error(ErrorCode::SerializationFailed, std::string(what) + " of " + partition.toString() + " at offset " +
                                                      std::to_string(offset)));
}

[[nodiscard]] inline HeadersView headersOf(const RawRecord& raw) noexcept {
  if (raw.headerCount == 0) return {};
  return {static_cast<std::size_t>(raw.headerCount), BytesView(raw.headers, static_cast<std::size_t>(raw.end - raw.headers))};
}

/// Headers in memory are made for a deserializer alone: the record's own stay in registers, and copying them for a call that
/// does not come took a sixth of the caller's loop.
template <class T>
[[nodiscard]] inline std::optional<T> decodeField(Deserializer<T>* deserializer, const TopicPartition& partition, const RawRecord& raw,
                                                  const std::byte* at, std::int32_t size, const char* what) {
  if (size < 0) return std::nullopt;
  const BytesView bytes(at, static_cast<std::size_t>(size));
  if (deserializer != nullptr) return deserializer->deserialize(partition.topic, headersOf(raw), bytes);
  if constexpr (BuiltInSerializable<T>) {
    if constexpr (WireBytes<T>) {
      return builtInValue<T>(bytes);
    } else {
      auto value = builtInValue<T>(bytes);
      if (!value) throwUndecodable(partition, raw.offset, what);
      return value;
    }
  } else {
    throwUndecodable(partition, raw.offset, what);  // the constructor of Consumer refuses a missing deserializer
  }
}

}  // namespace detail

/// The records of one poll, in order within each partition. Owns (by reference counts) the memory that its records point
/// into. A record is decoded when an iterator is dereferenced, each time anew:
///
///     for (const auto& record : consumer.poll(100ms)) use(record.key, record.value);
///
/// A value that a deserializer refuses throws there (SerializationException names partition and offset); the consumer's
/// position is already behind the whole batch of records. Threading: one thread at a time; may leave the polling thread.
template <class K, class V>
class ConsumerRecords {
 public:
  using Record = ConsumerRecord<K, V>;

  /// A forward iterator whose references are values: it decodes. Threading: one thread.
  class Iterator {
   public:
    using iterator_concept = std::forward_iterator_tag;
    using iterator_category = std::input_iterator_tag;
    using value_type = Record;
    using difference_type = std::ptrdiff_t;
    using reference = Record;
    using pointer = void;

    Iterator() noexcept = default;
    Iterator(const ConsumerRecords* records, std::size_t partition, std::size_t endPartition) noexcept
        : records_(records), partition_(partition), endPartition_(endPartition) {
      enterPartition();
    }

    /// Inlined, so that what the caller does not look at is not made.
    [[nodiscard]] [[gnu::always_inline]] Record operator*() const {
      const detail::RecordRun& run = records_->data_.runs[run_];
      const TopicPartition& tp = *records_->data_.partitions[partition_].partition;
      const detail::RawRecord raw = detail::decodeRecord(run, at_);
      const auto& how = records_->deserializers_;
      return Record{.topic = tp.topic,
                    .partition = tp.partition,
                    .offset = raw.offset,
                    .timestamp = raw.timestamp,
                    .timestampType = run.logAppendTime ? TimestampType::LogAppendTime : TimestampType::CreateTime,
                    .serializedKeySize = raw.keySize,
                    .serializedValueSize = raw.valueSize,
                    .key = detail::decodeField<K>(how.key.get(), tp, raw, raw.key, raw.keySize, "key"),
                    .value = detail::decodeField<V>(how.value.get(), tp, raw, raw.value, raw.valueSize, "value"),
                    .headers = detail::headersOf(raw),
                    .leaderEpoch = run.leaderEpoch >= 0 ? std::optional(run.leaderEpoch) : std::nullopt};
    }
    Iterator& operator++() noexcept {
      if (--leftInRun_ > 0) {
        at_ = detail::recordEnd(at_);
      } else {
        ++run_;
        enterRun();
      }
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept {
      return a.partition_ == b.partition_ && a.run_ == b.run_ && a.leftInRun_ == b.leftInRun_;
    }

   private:
    void enterPartition() noexcept {
      if (partition_ == endPartition_) {
        run_ = 0;
        leftInRun_ = 0;
        return;
      }
      run_ = records_->data_.partitions[partition_].firstRun;
      enterRun();
    }
    void enterRun() noexcept {
      const detail::PartitionRun& partition = records_->data_.partitions[partition_];
      if (run_ == partition.firstRun + partition.runCount) {
        ++partition_;
        enterPartition();
        return;
      }
      at_ = records_->data_.runs[run_].first;
      leftInRun_ = records_->data_.runs[run_].count;
    }

    const ConsumerRecords* records_ = nullptr;
    const std::byte* at_ = nullptr;
    std::int32_t leftInRun_ = 0;
    std::size_t run_ = 0;
    std::size_t partition_ = 0;
    std::size_t endPartition_ = 0;
  };

  /// The records of one partition. Threading: as ConsumerRecords, which must outlive it.
  class Range {
   public:
    Range(Iterator begin, Iterator end, std::size_t count) noexcept : begin_(begin), end_(end), count_(count) {}
    [[nodiscard]] Iterator begin() const noexcept { return begin_; }
    [[nodiscard]] Iterator end() const noexcept { return end_; }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

   private:
    Iterator begin_;
    Iterator end_;
    std::size_t count_;
  };

  ConsumerRecords() = default;
  ConsumerRecords(detail::FetchedRecords data, detail::Deserializers<K, V> deserializers)
      : data_(std::move(data)), deserializers_(std::move(deserializers)) {}

  [[nodiscard]] Iterator begin() const noexcept { return Iterator(this, 0, data_.partitions.size()); }
  [[nodiscard]] Iterator end() const noexcept { return Iterator(this, data_.partitions.size(), data_.partitions.size()); }
  [[nodiscard]] std::size_t count() const noexcept { return data_.count; }
  [[nodiscard]] bool isEmpty() const noexcept { return data_.count == 0; }
  [[nodiscard]] bool empty() const noexcept { return data_.count == 0; }

  /// The partitions that have records here.
  [[nodiscard]] TopicPartitions partitions() const {
    TopicPartitions result;
    for (const auto& partition : data_.partitions) {
      if (partition.count > 0) result.push_back(*partition.partition);
    }
    return result;
  }
  /// The records of one partition; empty for one that has none here.
  [[nodiscard]] Range records(const TopicPartition& wanted) const {
    for (std::size_t i = 0; i < data_.partitions.size(); ++i) {
      if (*data_.partitions[i].partition == wanted) {
        return Range(Iterator(this, i, i + 1), Iterator(this, i + 1, i + 1), data_.partitions[i].count);
      }
    }
    return Range(end(), end(), 0);
  }
  /// The position behind these records per partition: what to commit when they are processed.
  [[nodiscard]] OffsetMap nextOffsets() const {
    OffsetMap result;
    for (const auto& partition : data_.partitions) result.emplace(*partition.partition, partition.next);
    return result;
  }

 private:
  detail::FetchedRecords data_;
  detail::Deserializers<K, V> deserializers_;
};

}  // namespace klamm
