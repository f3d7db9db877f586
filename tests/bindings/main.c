/* Klamm from C, against a cluster:  c_client SERVERS [KEY=VALUE...]
 *
 * Runs every test and prints its name. The first thing that is not as it should be ends the program. */
#include "check.h"

#include <time.h>

static int property_count;
static char **properties;

void fail(const char *file, int line, const char *what) {
  fprintf(stderr, "%s:%d: %s\n", file, line, what);
  exit(1);
}

void fail_code(const char *file, int line, const char *call, int32_t expected, int32_t got) {
  fprintf(stderr, "%s:%d: %s: %s instead of %s\n", file, line, call, klamm_error_code_name(got), klamm_error_code_name(expected));
  exit(1);
}

klamm_config_t *config_with(const char *const *pairs) {
  klamm_config_t *config = klamm_config_new();
  CHECK(config != NULL);
  for (int i = 0; i < property_count; i++) {
    char *text = properties[i];
    char *equals = strchr(text, '=');
    CHECK(equals != NULL);
    *equals = '\0';
    OK(klamm_config_set(config, text, equals + 1, &error));
    *equals = '=';
  }
  for (; pairs != NULL && *pairs != NULL; pairs += 2) OK(klamm_config_set(config, pairs[0], pairs[1], &error));
  return config;
}

klamm_producer_t *new_producer(const klamm_producer_options_t *options) {
  klamm_config_t *config = config_with(NULL);
  klamm_producer_t *producer = NULL;
  OK(klamm_producer_new(config, options, &producer, &error));
  klamm_config_free(config);
  return producer;
}

klamm_consumer_t *new_consumer(const char *group) {
  const char *pairs[] = {"auto.offset.reset", "earliest", "enable.auto.commit", "false", "group.id", group, NULL};
  klamm_config_t *config = config_with(pairs);
  klamm_consumer_t *consumer = NULL;
  OK(klamm_consumer_new(config, &consumer, &error));
  klamm_config_free(config);
  return consumer;
}

klamm_admin_t *new_admin(void) {
  klamm_config_t *config = config_with(NULL);
  klamm_admin_t *admin = NULL;
  OK(klamm_admin_new(config, &admin, &error));
  klamm_config_free(config);
  return admin;
}

const char *new_name(const char *prefix) {
  static char names[100][100];
  static int count;
  char *name = names[count % 100]; /* more than any test asks for */
  snprintf(name, sizeof names[0], "%s-%ld-%d", prefix, (long)time(NULL), count++);
  return name;
}

void create_topic(const char *name, int32_t partitions) {
  klamm_admin_t *admin = new_admin();
  klamm_new_topic_t topic = {.struct_size = sizeof topic};
  topic.name = name;
  topic.partitions = partitions;
  OK(klamm_admin_create_topics(admin, &topic, 1, NULL, NULL, &error));
  klamm_admin_free(admin);
}

void produce_numbers(const char *topic, int count, int32_t partitions) {
  klamm_producer_t *producer = new_producer(NULL);
  for (int i = 0; i < count; i++) {
    char text[12];
    klamm_producer_record_t record = {.struct_size = sizeof record};
    record.topic = topic;
    record.has_partition = 1;
    record.partition = i % partitions;
    record.value = text;
    record.value_size = (size_t)snprintf(text, sizeof text, "%d", i);
    OK(klamm_producer_send(producer, &record, &error));
  }
  OK(klamm_producer_flush(producer, &error));
  klamm_producer_free(producer);
}

klamm_partitions_t *one(const char *topic, int32_t partition, int64_t offset) {
  klamm_partitions_t *list = klamm_partitions_new();
  OK(klamm_partitions_add(list, topic, partition, offset, &error));
  return list;
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*run)(void);
  } tests[] = {
      {"wrong arguments", test_arguments},
      {"wrong arguments of reading", test_reading_arguments},
      {"sizes of structs", test_struct_sizes},
      {"configuration", test_config},
      {"errors", test_errors},
      {"topics", test_topics},
      {"10,000 records with their deliveries", test_ten_thousand_deliveries},
      {"failed deliveries", test_failed_deliveries},
      {"deliveries that are kept", test_kept_deliveries},
      {"two threads that take deliveries", test_two_takers},
      {"close ends the wait for deliveries", test_close_ends_taking},
      {"free in a callback", test_free_in_a_callback},
      {"fields of records", test_fields_of_records},
      {"a group of two members", test_group_of_two},
      {"commits", test_commits},
      {"positions", test_positions},
      {"pause and resume", test_pause},
      {"wakeup", test_wakeup},
      {"two threads in one consumer", test_two_threads},
      {"after close", test_after_close},
  };
  if (argc < 2) {
    fprintf(stderr, "usage: c_client SERVERS [KEY=VALUE...]\n");
    return 2;
  }
  static char servers[1000]; /* argv may outlive this frame */
  snprintf(servers, sizeof servers, "bootstrap.servers=%s", argv[1]);
  argv[1] = servers;
  properties = argv + 1;
  property_count = argc - 1;
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
    tests[i].run();
    printf("ok: %s\n", tests[i].name);
    fflush(stdout);
  }
  return 0;
}
