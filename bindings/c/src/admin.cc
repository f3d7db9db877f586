#include <klamm.h>
#include <klamm/detail/admin_core.h>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config.h"
#include "error.h"
#include "names.h"
#include "sized.h"
#include "timeout.h"
#include "topics.h"

using namespace klamm;

/// What klamm_admin_t is. Threading: any thread.
struct klamm_admin : c::Handle<c::Kind::Admin> {
  std::unique_ptr<detail::AdminCore> core = {};
};

namespace {

[[nodiscard]] Error optionsOf(const klamm_admin_options_t* given, AdminOptions& options) {
  if (given == nullptr) return {};
  klamm_admin_options_t asked;
  if (Error wrong = c::readSized(given, asked)) return wrong;
  if (asked.timeout_ms < 0) return c::illegalArgument("the timeout is negative");
  if (asked.timeout_ms > 0) options.timeout = c::millis(asked.timeout_ms);
  options.validateOnly = asked.validate_only != 0;
  options.listInternal = asked.list_internal != 0;
  return {};
}

[[nodiscard]] Error newTopicOf(const void* given, std::size_t size, NewTopic& topic) {
  klamm_new_topic_t asked;
  if (Error wrong = c::readSized(given, size, asked)) return wrong;
  if (asked.name == nullptr) return c::illegalArgument("the name of a topic is NULL");
  if (asked.configs == nullptr && asked.config_count != 0) return c::illegalArgument("configs is NULL and config_count is not 0");
  if (asked.replication_factor > INT16_MAX || asked.replication_factor < INT16_MIN) return c::illegalArgument("no such replication factor");
  topic.name = asked.name;
  if (asked.partitions != 0) topic.partitions = asked.partitions;
  if (asked.replication_factor != 0) topic.replicationFactor = static_cast<std::int16_t>(asked.replication_factor);
  for (std::size_t i = 0; i < asked.config_count; ++i) {
    const klamm_property_t& config = asked.configs[i];
    if (config.name == nullptr || config.value == nullptr) return c::illegalArgument("name or value of a config is NULL");
    topic.configs[config.name] = config.value;
  }
  return {};
}

/// Makes a call whose answer comes by callback, and waits for it: the call itself has a time limit.
template <class Answer, class Call>
[[nodiscard]] Answer awaited(Call&& call) {
  auto promise = std::make_shared<std::promise<Answer>>();
  std::future<Answer> answer = promise->get_future();
  call([promise](Answer outcome) { promise->set_value(std::move(outcome)); });
  return answer.get();
}

/// One row for each name in the order asked for; the error is the first one's.
template <class T, class Fill>
[[nodiscard]] Error answer(const std::vector<std::string>& names, const detail::Outcomes<std::string, T>& outcomes, klamm_topics_t** out, Fill&& fill) {
  auto topics = std::make_unique<klamm_topics>();
  Error first;
  for (const std::string& name : names) {
    const auto found = outcomes.find(name);
    if (found == outcomes.end()) continue;
    if (found->second.error && !first) first = found->second.error;
    c::TopicRow& row = topics->add(name, found->second.error);
    if (!found->second.error) fill(row, found->second.value);
  }
  if (out != nullptr) *out = topics.release();
  return first;
}

/// A call about the topics of these names: `ask(names, options)`.
template <class Ask>
[[nodiscard]] std::int32_t askAbout(klamm_admin_t* admin, const char* const* names, std::size_t count, const klamm_admin_options_t* options,
                                    klamm_error_t** error, Ask&& ask) noexcept {
  return c::guarded(admin, error, [&]() -> Error {
    AdminOptions how;
    std::vector<std::string> asked;
    if (Error wrong = optionsOf(options, how)) return wrong;
    if (Error wrong = c::namesOf(names, count, asked)) return wrong;
    return ask(asked, how);
  });
}

}  // namespace

int32_t klamm_admin_new(const klamm_config_t* config, klamm_admin_t** admin, klamm_error_t** error) {
  return c::guarded(config, error, [&]() -> Error {
    if (admin == nullptr) return c::illegalArgument("nowhere to put the admin client");
    auto made = std::make_unique<klamm_admin>();
    Error wrong;
    made->core = detail::makeAdminCore(config->config, wrong);
    if (wrong) return wrong;
    *admin = made.release();
    return {};
  });
}

void klamm_admin_free(klamm_admin_t* admin) {
  if (c::isA(admin)) delete admin;
}

int32_t klamm_admin_create_topics(klamm_admin_t* admin, const klamm_new_topic_t* new_topics, size_t count,
                                  const klamm_admin_options_t* options, klamm_topics_t** topics, klamm_error_t** error) {
  return c::guarded(admin, error, [&]() -> Error {
    if (new_topics == nullptr && count != 0) return c::illegalArgument("the topics are NULL");
    AdminOptions how;
    if (Error wrong = optionsOf(options, how)) return wrong;
    std::vector<NewTopic> asked(count);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t size = c::sizeOf(new_topics);
      if (Error wrong = newTopicOf(reinterpret_cast<const unsigned char*>(new_topics) + i * size, size, asked[i])) return wrong;
      names.push_back(asked[i].name);
    }
    using Outcomes = detail::Outcomes<std::string, CreatedTopic>;
    const auto made = awaited<Outcomes>([&](auto done) { admin->core->createTopics(std::move(asked), how, std::move(done)); });
    return answer(names, made, topics, [](c::TopicRow& row, const CreatedTopic& topic) { row.describe(topic.topicId, false, topic.partitions); });
  });
}

int32_t klamm_admin_delete_topics(klamm_admin_t* admin, const char* const* names, size_t count, const klamm_admin_options_t* options,
                                  klamm_topics_t** topics, klamm_error_t** error) {
  return askAbout(admin, names, count, options, error, [&](const std::vector<std::string>& asked, const AdminOptions& how) {
    using Outcomes = detail::Outcomes<std::string, detail::Nothing>;
    const auto gone = awaited<Outcomes>([&](auto done) { admin->core->deleteTopics(asked, how, std::move(done)); });
    return answer(asked, gone, topics, [](c::TopicRow&, const detail::Nothing&) {});
  });
}

int32_t klamm_admin_describe_topics(klamm_admin_t* admin, const char* const* names, size_t count, const klamm_admin_options_t* options,
                                    klamm_topics_t** topics, klamm_error_t** error) {
  return askAbout(admin, names, count, options, error, [&](const std::vector<std::string>& asked, const AdminOptions& how) {
    using Outcomes = detail::Outcomes<std::string, TopicDescription>;
    const auto found = awaited<Outcomes>([&](auto done) { admin->core->describeTopics(asked, how, std::move(done)); });
    return answer(asked, found, topics, [](c::TopicRow& row, const TopicDescription& topic) { row.describe(topic); });
  });
}

int32_t klamm_admin_list_topics(klamm_admin_t* admin, const klamm_admin_options_t* options, klamm_topics_t** topics, klamm_error_t** error) {
  return c::guarded(admin, error, [&]() -> Error {
    if (topics == nullptr) return c::illegalArgument("nowhere to put the topics");
    AdminOptions how;
    if (Error wrong = optionsOf(options, how)) return wrong;
    using Outcome = detail::Outcome<std::map<std::string, TopicListing>>;
    const auto listed = awaited<Outcome>([&](auto done) { admin->core->listTopics(how, std::move(done)); });
    if (listed.error) return listed.error;
    auto rows = std::make_unique<klamm_topics>();
    for (const auto& [name, listing] : listed.value) rows->add(name, {}).describe(listing.topicId, listing.isInternal, -1);
    *topics = rows.release();
    return {};
  });
}

int32_t klamm_admin_create_partitions(klamm_admin_t* admin, const char* topic, int32_t total, const klamm_admin_options_t* options,
                                      klamm_error_t** error) {
  return c::guarded(admin, error, [&]() -> Error {
    if (topic == nullptr) return c::illegalArgument("the topic is NULL");
    AdminOptions how;
    if (Error wrong = optionsOf(options, how)) return wrong;
    using Outcomes = detail::Outcomes<std::string, detail::Nothing>;
    const auto grown = awaited<Outcomes>(
        [&](auto done) { admin->core->createPartitions({{topic, NewPartitions{.totalCount = total}}}, how, std::move(done)); });
    return answer({topic}, grown, nullptr, [](c::TopicRow&, const detail::Nothing&) {});
  });
}
