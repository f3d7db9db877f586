#include "common/catalogue.h"

#include <fmt/format.h>

namespace klamm::tools {
namespace {

constexpr Tool kTools[] = {
    {"topics", "create, list, describe, alter and delete topics", topicsCommand, runTopics},
    {"console-producer", "send the lines of standard input to a topic", consoleProducerCommand, runConsoleProducer},
    {"console-consumer", "print the records of topics", consoleConsumerCommand, runConsoleConsumer},
    {"consumer-groups", "list and describe groups, reset and delete their offsets", consumerGroupsCommand, runConsumerGroups},
    {"verifiable-producer", "count into a topic, a line of JSON per record", verifiableProducerCommand, runVerifiableProducer},
    {"verifiable-consumer", "read as a member of a group, a line of JSON per event", verifiableConsumerCommand, runVerifiableConsumer},
    {"producer-perf-test", "measure how fast records are sent and acknowledged", producerPerfTestCommand, runProducerPerfTest},
    {"consumer-perf-test", "measure how fast records are read", consumerPerfTestCommand, runConsumerPerfTest},
    {"dump-log", "print log segments, indexes and snapshots of a broker's folder", dumpLogCommand, runDumpLog},
    {"broker", "start klamm-broker", brokerCommand, runBroker},
    {"completion", "print the completion script of a shell", completionCommand, runCompletion},
};

}  // namespace

std::span<const Tool> allTools() noexcept { return kTools; }

const Tool* findTool(std::string_view name) noexcept {
  for (const Tool& tool : kTools)
    if (tool.name == name) return &tool;
  return nullptr;
}

std::string programOf(const Tool& tool) { return tool.run == runCompletion ? "" : fmt::format("klamm-{}", tool.name); }

std::string overviewText() {
  std::string text = "klamm: Apache Kafka's console tools, native\n\nUsage: klamm COMMAND [options]      klamm COMMAND --help\n\n";
  for (const Tool& tool : kTools) text += fmt::format("  {:<21}{}\n", tool.name, tool.summary);
  text += "\nExamples:\n";
  for (std::string_view left = kFirstSteps; !left.empty(); left.remove_prefix(left.find('\n') + 1))
    text += fmt::format("  {}\n", left.substr(0, left.find('\n')));
  return text +
         "  eval \"$(klamm completion bash)\"\n\n"
         "Options, output and exit codes are those of Kafka 4.3. The program also answers to klamm-topics, kafka-topics,\n"
         "kafka-topics.sh and so on.\n";
}

}  // namespace klamm::tools
