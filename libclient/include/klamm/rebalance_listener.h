#pragma once
// What a consumer of a group is told when partitions come and go.

#include <klamm/record.h>

namespace [[gnu::visibility("default")]] klamm {

/// Passed to subscribe(). Positions may be read, sought and committed inside; the same consumer may be called.
///
///     onPartitionsRevoked   before the member rejoins: the last chance to commit what was processed
///     onPartitionsAssigned  after the group has decided, before the first fetch from the new partitions
///     onPartitionsLost      the member was thrown out or was silent for too long: others may own the partitions already
///
/// An exception that is thrown here leaves the consumer in a good state and comes out of the call that ran the listener.
/// Threading: runs inside poll(), unsubscribe() and close() on the application's thread, never on the I/O thread.
class RebalanceListener {
 public:
  virtual ~RebalanceListener() = default;
  virtual void onPartitionsRevoked(const TopicPartitions& partitions) = 0;
  virtual void onPartitionsAssigned(const TopicPartitions& partitions) = 0;
  virtual void onPartitionsLost(const TopicPartitions& partitions) { onPartitionsRevoked(partitions); }
};

}  // namespace klamm
