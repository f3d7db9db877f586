#pragma once
// What an event leads to.

#include <functional>
#include <vector>

#include "coordinator/answer.h"
#include "coordinator/group/group_records.h"
#include "coordinator/moment.h"

namespace klamm::broker::coordinator {

/// What a handler of the shard returns: records to append, and responses that leave once they are committed.
///
///     handler(request) -> Step{records, replies}
///         append accepted:  replay(records), replies parked until committed
///         append refused:   replies get the error, then ifRefused
///
/// Threading: that of its shard.
struct Step {
  std::vector<CoordinatorRecord> records = {};
  bool atomic = true;  ///< the records are one batch: all or none. Else as many as need be, in order
  std::vector<PendingReply> replies = {};
  /// Takes back what the handler did to a group in the making; may lead to further records and replies.
  std::function<void(Step& next, Moment now)> ifRefused = {};

  template <class Response>
  void reply(Answer<Response> answer, Response response) {
    if (answer) replies.emplace_back(std::move(answer), std::move(response));
  }
};

}  // namespace klamm::broker::coordinator
