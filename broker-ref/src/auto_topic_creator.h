#pragma once
// Topics that come into being because a request names them.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "handlers/broker_context.h"

namespace klamm::broker {

/// Gives internal topics the settings that Kafka gives them, with as many replicas as there are brokers at most; others get
/// num.partitions and default.replication.factor. A topic that is being created is not asked for twice.
/// Threading: the loop.
class AutoTopicCreator final : public TopicCreator {
 public:
  /// The context is complete before the first call.
  explicit AutoTopicCreator(BrokerContext*& context) : context_(context) {}
  /// Those who still wait are dropped, not called.
  ~AutoTopicCreator() override;
  void create(const std::vector<std::string>& topics, InlineFunction<void(), 64> done) override;
  [[nodiscard]] ErrorCode check(std::string_view topic) const override;

 private:
  /// Calls back when the last of several creations is over.
  struct Waiter {
    InlineFunction<void(), 64> done;
    ~Waiter() {
      if (done) done();
    }
  };
  [[nodiscard]] protocol::CreateTopicsRequest::CreatableTopic settingsOf(const std::string& topic) const;

  BrokerContext*& context_;
  std::map<std::string, std::vector<std::shared_ptr<Waiter>>, std::less<>> inProgress_;
};

}  // namespace klamm::broker
