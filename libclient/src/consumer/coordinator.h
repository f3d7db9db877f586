#pragma once
// The broker that coordinates the consumer's group: found when somebody needs it, forgotten when it was wrong.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "client/coordinator_finder.h"

namespace klamm::consumer {

/// Threading: the I/O thread.
class GroupCoordinatorLink {
 public:
  /// Told how a look-up ended.
  using Changed = std::function<void(const Status&)>;

  GroupCoordinatorLink(client::CoordinatorFinder& finder, std::string groupId, Duration timeout, Changed changed)
      : finder_(finder), groupId_(std::move(groupId)), timeout_(timeout), changed_(std::move(changed)), alive_(std::make_shared<bool>(true)) {}

  [[nodiscard]] std::optional<client::NodeId> node() const noexcept { return node_; }
  /// Looks it up, unless it is known or a look-up is under way.
  void need(TimePoint now) {
    if (node_ || finding_) return;
    finding_ = true;
    finder_.find(client::CoordinatorType::Group, groupId_, now + timeout_, [this, alive = std::weak_ptr<bool>(alive_)](Result<client::NodeId> found) {
      if (alive.expired()) return;
      finding_ = false;
      if (found) node_ = *found;
      changed_(found ? Status() : Status(klamm::fail(found.error())));
    });
  }
  /// Forgets it if it is still this one.
  void wrong(client::NodeId node) {
    if (node_ != node) return;
    finder_.markUnknown(client::CoordinatorType::Group, groupId_, node);
    node_.reset();
  }

 private:
  client::CoordinatorFinder& finder_;
  std::string groupId_;
  Duration timeout_;
  Changed changed_;
  std::shared_ptr<bool> alive_;
  std::optional<client::NodeId> node_;
  bool finding_ = false;
};

}  // namespace klamm::consumer
