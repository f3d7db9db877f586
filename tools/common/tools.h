#pragma once
// The sub-commands of klamm.

#include <string>
#include <vector>

#include "common/arguments.h"

namespace klamm::tools {

/// How a sub-command was called.
struct Call {
  std::string name;                ///< for the help, e.g. "klamm topics" or "kafka-topics.sh"
  std::vector<std::string> words;  ///< behind the name
};

/// Reads the words by `command`; nullopt when --help or --version was asked for and has been answered.
[[nodiscard]] std::optional<Arguments> readCall(const Command& command, const Call& call);

// Each returns the exit code. They throw UsageError for the command line and KafkaException for what went wrong.
int runTopics(const Call& call);
int runConsoleProducer(const Call& call);
int runConsoleConsumer(const Call& call);
int runConsumerGroups(const Call& call);
int runVerifiableProducer(const Call& call);
int runVerifiableConsumer(const Call& call);
int runProducerPerfTest(const Call& call);
int runConsumerPerfTest(const Call& call);
int runDumpLog(const Call& call);
int runBroker(const Call& call);
int runCompletion(const Call& call);

// What each takes; klamm-broker reads its words itself, and a test holds it to what stands here.
[[nodiscard]] const Command& topicsCommand() noexcept;
[[nodiscard]] const Command& consoleProducerCommand() noexcept;
[[nodiscard]] const Command& consoleConsumerCommand() noexcept;
[[nodiscard]] const Command& consumerGroupsCommand() noexcept;
[[nodiscard]] const Command& verifiableProducerCommand() noexcept;
[[nodiscard]] const Command& verifiableConsumerCommand() noexcept;
[[nodiscard]] const Command& producerPerfTestCommand() noexcept;
[[nodiscard]] const Command& consumerPerfTestCommand() noexcept;
[[nodiscard]] const Command& dumpLogCommand() noexcept;
[[nodiscard]] const Command& brokerCommand() noexcept;
[[nodiscard]] const Command& completionCommand() noexcept;

}  // namespace klamm::tools
