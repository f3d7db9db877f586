/* What C may get wrong: every pointer NULL, handles of another kind, sizes that no struct has. */
#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <time.h>

void test_arguments(void) {
  klamm_config_t *config = config_with(NULL);
  klamm_partitions_t *list = klamm_partitions_new();
  klamm_producer_t *producer = new_producer(NULL);
  klamm_consumer_t *consumer = new_consumer(new_name("group"));
  klamm_admin_t *admin = new_admin();
  klamm_producer_record_t record = {.struct_size = sizeof record};
  klamm_partitions_t *partitions = NULL;
  klamm_records_t *records = NULL;
  klamm_topics_t *topics = NULL;
  klamm_deliveries_t *deliveries = NULL;
  int64_t offset = 0;
  int32_t count = 0;
  const int32_t illegal = KLAMM_ILLEGAL_ARGUMENT;

  /* No handle. */
  FAILS(illegal, klamm_config_set(NULL, "acks", "all", &error));
  FAILS(illegal, klamm_producer_new(NULL, NULL, &producer, &error));
  FAILS(illegal, klamm_producer_send(NULL, &record, &error));
  FAILS(illegal, klamm_producer_flush(NULL, &error));
  FAILS(illegal, klamm_producer_close(NULL, 0, &error));
  FAILS(illegal, klamm_consumer_new(NULL, &consumer, &error));
  FAILS(illegal, klamm_consumer_poll(NULL, 0, &records, &error));
  FAILS(illegal, klamm_consumer_close(NULL, 0, &error));
  FAILS(illegal, klamm_admin_list_topics(NULL, NULL, &topics, &error));
  CHECK(klamm_producer_send(NULL, NULL, NULL) == illegal);

  /* A handle of another kind. */
  FAILS(illegal, klamm_producer_flush((klamm_producer_t *)consumer, &error));
  FAILS(illegal, klamm_consumer_assign(consumer, (klamm_partitions_t *)config, &error));
  klamm_producer_free((klamm_producer_t *)admin);
  CHECK(klamm_records_count((klamm_records_t *)list) == 0);

  /* Nothing to work on, or nowhere to put it. */
  FAILS(illegal, klamm_config_set(config, NULL, "all", &error));
  FAILS(illegal, klamm_config_set(config, "acks", NULL, &error));
  FAILS(illegal, klamm_config_load(config, NULL, &error));
  FAILS(illegal, klamm_config_set_log(config, 7, NULL, NULL, &error));
  FAILS(illegal, klamm_partitions_add(list, NULL, 0, 0, &error));
  FAILS(illegal, klamm_partitions_add(list, "t", -1, 0, &error));
  FAILS(illegal, klamm_partitions_add_entry(list, NULL, &error));
  FAILS(illegal, klamm_producer_new(config, NULL, NULL, &error));
  FAILS(illegal, klamm_producer_send(producer, NULL, &error));
  FAILS(illegal, klamm_producer_send_batch(producer, NULL, 3, NULL, &error));
  FAILS(illegal, klamm_producer_send(producer, &record, &error)); /* no topic */
  FAILS(illegal, klamm_producer_partition_count(producer, NULL, &count, &error));
  FAILS(illegal, klamm_producer_take_deliveries(producer, -1, &deliveries, &error));
  FAILS(KLAMM_ILLEGAL_STATE, klamm_producer_take_deliveries(producer, 0, &deliveries, &error));
  FAILS(illegal, klamm_consumer_subscribe(consumer, NULL, 1, NULL, &error));
  FAILS(illegal, klamm_consumer_subscribe_pattern(consumer, NULL, NULL, &error));
  FAILS(illegal, klamm_consumer_assign(consumer, NULL, &error));
  FAILS(illegal, klamm_consumer_poll(consumer, 0, NULL, &error));
  FAILS(illegal, klamm_consumer_poll(consumer, -5, &records, &error));
  FAILS(illegal, klamm_consumer_pause(consumer, NULL, &error));
  FAILS(illegal, klamm_consumer_seek(consumer, NULL, 0, 0, &error));
  FAILS(illegal, klamm_consumer_seek(consumer, "t", 0, -1, &error));
  FAILS(illegal, klamm_consumer_position(consumer, "t", 0, 0, NULL, &error));
  FAILS(illegal, klamm_consumer_position(consumer, NULL, 0, 0, &offset, &error));
  FAILS(illegal, klamm_consumer_committed(consumer, NULL, 0, &partitions, &error));
  FAILS(illegal, klamm_consumer_assignment(consumer, NULL, &error));
  FAILS(illegal, klamm_admin_create_topics(admin, NULL, 1, NULL, &topics, &error));
  FAILS(illegal, klamm_admin_delete_topics(admin, NULL, 1, NULL, &topics, &error));
  FAILS(illegal, klamm_admin_list_topics(admin, NULL, NULL, &error));
  FAILS(KLAMM_ILLEGAL_STATE, klamm_consumer_poll(consumer, 0, &records, &error)); /* nothing to read */
  CHECK(records == NULL && partitions == NULL && topics == NULL && deliveries == NULL); /* written on success only */

  /* NULL is nothing. */
  klamm_error_free(NULL);
  klamm_config_free(NULL);
  klamm_partitions_free(NULL);
  klamm_producer_free(NULL);
  klamm_deliveries_free(NULL);
  klamm_consumer_free(NULL);
  klamm_consumer_wakeup(NULL);
  klamm_records_free(NULL);
  klamm_records_rewind(NULL);
  klamm_admin_free(NULL);
  klamm_topics_free(NULL);
  CHECK(klamm_error_code(NULL) == KLAMM_OK && strcmp(klamm_error_name(NULL), "NONE") == 0 && *klamm_error_message(NULL) == '\0');
  CHECK(klamm_partitions_count(NULL) == 0 && klamm_partitions_at(NULL, 0) == NULL && klamm_partitions_find(NULL, "t", 0) == NULL);
  CHECK(klamm_records_count(NULL) == 0 && klamm_record_headers(NULL, NULL, 1) == 0 && klamm_deliveries_count(NULL) == 0);
  CHECK(klamm_topics_count(NULL) == 0 && klamm_topics_at(NULL, 0) == NULL && klamm_topics_partition(NULL, 0, 0) == NULL);

  klamm_admin_free(admin);
  klamm_consumer_free(consumer);
  klamm_producer_free(producer);
  klamm_partitions_free(list);
  klamm_config_free(config);
}

/* Nothing that is wrong with reading looks like the end. */
void test_reading_arguments(void) {
  const int32_t illegal = KLAMM_ILLEGAL_ARGUMENT;
  klamm_producer_options_t options = {.struct_size = sizeof options};
  options.delivery_queue_limit = 1;
  klamm_producer_t *producer = new_producer(&options);
  klamm_consumer_t *consumer = new_consumer(new_name("group"));
  const char *topic = new_name("empty");
  create_topic(topic, 1);
  klamm_partitions_t *list = one(topic, 0, -1);
  klamm_records_t *records = NULL;
  klamm_deliveries_t *deliveries = NULL;
  klamm_consumer_record_t record = {.struct_size = sizeof record};
  klamm_delivery_t delivery = {.struct_size = sizeof delivery};
  size_t count = 7;
  OK(klamm_consumer_assign(consumer, list, &error));
  OK(klamm_consumer_poll(consumer, 0, &records, &error));
  OK(klamm_producer_take_deliveries(producer, 0, &deliveries, &error));

  FAILS(illegal, klamm_records_read(NULL, &record, 1, &count, &error));
  FAILS(illegal, klamm_records_read((klamm_records_t *)list, &record, 1, &count, &error));
  FAILS(illegal, klamm_records_read(records, NULL, 1, &count, &error));
  FAILS(illegal, klamm_records_read(records, &record, 0, &count, &error));
  FAILS(illegal, klamm_records_read(records, &record, 1, NULL, &error));
  FAILS(illegal, klamm_deliveries_read(NULL, &delivery, 1, &count, &error));
  FAILS(illegal, klamm_deliveries_read(deliveries, NULL, 1, &count, &error));
  FAILS(illegal, klamm_deliveries_read(deliveries, &delivery, 0, &count, &error));
  FAILS(illegal, klamm_deliveries_read(deliveries, &delivery, 1, NULL, &error));
  const size_t wrong[] = {0, sizeof(size_t), sizeof delivery - 1, (size_t)-1};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    record.struct_size = delivery.struct_size = wrong[i];
    FAILS(illegal, klamm_records_read(records, &record, 1, &count, &error));
    FAILS(illegal, klamm_deliveries_read(deliveries, &delivery, 1, &count, &error));
  }
  CHECK(count == 7); /* written on success only */
  record.struct_size = sizeof record;
  OK(klamm_records_read(records, &record, 1, &count, &error));
  CHECK(count == 0);

  klamm_deliveries_free(deliveries);
  klamm_records_free(records);
  klamm_partitions_free(list);
  klamm_consumer_free(consumer);
  klamm_producer_free(producer);
}

void test_struct_sizes(void) {
  klamm_producer_t *producer = new_producer(NULL);
  klamm_producer_record_t record = {0};
  struct {
    klamm_partition_t known;
    int64_t newer;
  } larger;
  klamm_partitions_t *list = klamm_partitions_new();

  FAILS(KLAMM_ILLEGAL_ARGUMENT, klamm_producer_send(producer, &record, &error)); /* the size was forgotten */
  record.struct_size = sizeof record - 1;
  FAILS(KLAMM_ILLEGAL_ARGUMENT, klamm_producer_send(producer, &record, &error));
  record.struct_size = (size_t)-1;
  FAILS(KLAMM_ILLEGAL_ARGUMENT, klamm_producer_send(producer, &record, &error));

  /* A program that is newer than the library: what it leaves zero does no harm, what it asks for is refused. */
  memset(&larger, 0, sizeof larger);
  larger.known.struct_size = sizeof larger;
  larger.known.topic = "t";
  larger.known.offset = 7;
  OK(klamm_partitions_add_entry(list, &larger.known, &error));
  larger.newer = 1;
  FAILS(KLAMM_UNSUPPORTED_VERSION, klamm_partitions_add_entry(list, &larger.known, &error));
  larger.newer = 0;
  larger.known.reserved = 1;
  FAILS(KLAMM_ILLEGAL_ARGUMENT, klamm_partitions_add_entry(list, &larger.known, &error));
  CHECK(klamm_partitions_count(list) == 1);
  CHECK(klamm_partitions_at(list, 0)->struct_size == sizeof(klamm_partition_t) && klamm_partitions_at(list, 0)->offset == 7);
  CHECK(klamm_partitions_at(list, 1) == NULL);
  klamm_partitions_free(list);
  klamm_producer_free(producer);
}

void test_config(void) {
  klamm_config_t *config = klamm_config_new();
  klamm_producer_t *producer = NULL;
  OK(klamm_config_set(config, "linger.ms", "5", &error));
  FAILS(KLAMM_INVALID_CLIENT_CONFIG, klamm_config_set(config, "linger.ms", "soon", &error));
  FAILS(KLAMM_INVALID_CLIENT_CONFIG, klamm_config_load(config, "/no/such/file", &error));
  FAILS(KLAMM_INVALID_CLIENT_CONFIG, klamm_producer_new(config, NULL, &producer, &error)); /* no bootstrap.servers */
  CHECK(producer == NULL);
  klamm_config_free(config);
}

void test_errors(void) {
  klamm_config_t *config = klamm_config_new();
  klamm_error_t *error = NULL;
  CHECK(klamm_config_set(config, "acks", "most", &error) == KLAMM_INVALID_CLIENT_CONFIG);
  CHECK(strcmp(klamm_error_name(error), "INVALID_CLIENT_CONFIG") == 0);
  CHECK(strstr(klamm_error_message(error), "acks") != NULL);
  CHECK(!klamm_error_is_retriable(error) && !klamm_error_is_fatal(error));
  klamm_error_free(error);
  CHECK(strcmp(klamm_error_code_name(KLAMM_OFFSET_OUT_OF_RANGE), "OFFSET_OUT_OF_RANGE") == 0);
  CHECK(strcmp(klamm_error_code_name(KLAMM_OUT_OF_MEMORY), "OUT_OF_MEMORY") == 0);
  CHECK(strcmp(klamm_error_code_name(1 << 20), "UNKNOWN_SERVER_ERROR") == 0);
  CHECK(strcmp(klamm_error_code_name(INT32_MIN), "UNKNOWN_SERVER_ERROR") == 0);
  CHECK(strchr(klamm_version(), '.') != NULL);
  klamm_config_free(config);
}

/* Apache Kafka answers a change before every broker has heard of it. */
static void await_partitions(klamm_admin_t *admin, const char *name, int32_t count) {
  for (int tries = 0;; tries++) {
    struct timespec moment = {0, 20 * 1000 * 1000};
    klamm_topics_t *topics = NULL;
    int32_t code = klamm_admin_describe_topics(admin, &name, 1, NULL, &topics, NULL);
    int32_t found = code == KLAMM_OK ? klamm_topics_at(topics, 0)->partition_count : -1;
    klamm_topics_free(topics);
    if (found == count) return;
    CHECK(tries < 500 && (code == KLAMM_OK || code == KLAMM_UNKNOWN_TOPIC_OR_PARTITION));
    nanosleep(&moment, NULL);
  }
}

void test_topics(void) {
  klamm_admin_t *admin = new_admin();
  const char *first = new_name("first"), *second = new_name("second");
  klamm_property_t retention = {"retention.ms", "3600000"};
  klamm_new_topic_t asked[2] = {{.struct_size = sizeof asked[0]}};
  asked[0].name = first;
  asked[0].partitions = 3;
  asked[0].configs = &retention;
  asked[0].config_count = 1;
  asked[1].name = second;
  klamm_topics_t *topics = NULL;
  klamm_admin_options_t try_only = {.struct_size = sizeof try_only};
  try_only.validate_only = 1;
  try_only.timeout_ms = 20000;
  const char *names[] = {first, second};
  const char *missing[] = {"no-such-topic", first};

  OK(klamm_admin_create_topics(admin, asked, 2, &try_only, NULL, &error));
  FAILS(KLAMM_UNKNOWN_TOPIC_OR_PARTITION, klamm_admin_describe_topics(admin, names, 2, NULL, NULL, &error));
  OK(klamm_admin_create_topics(admin, asked, 2, NULL, &topics, &error));
  CHECK(klamm_topics_count(topics) == 2 && klamm_topics_at(topics, 0)->partition_count == 3);
  CHECK(strlen(klamm_topics_at(topics, 0)->topic_id) == 22);
  klamm_topics_free(topics);
  topics = NULL;

  /* One of two is there already: the call fails, and the list says which. */
  FAILS(KLAMM_TOPIC_ALREADY_EXISTS, klamm_admin_create_topics(admin, asked, 1, NULL, &topics, &error));
  CHECK(klamm_topics_count(topics) == 1 && klamm_topics_at(topics, 0)->error_code == KLAMM_TOPIC_ALREADY_EXISTS);
  CHECK(strcmp(klamm_error_name(klamm_topics_at(topics, 0)->error), "TOPIC_ALREADY_EXISTS") == 0);
  klamm_topics_free(topics);
  topics = NULL;

  OK(klamm_admin_create_partitions(admin, first, 5, NULL, &error));
  await_partitions(admin, first, 5);
  FAILS(KLAMM_UNKNOWN_TOPIC_OR_PARTITION, klamm_admin_describe_topics(admin, missing, 2, NULL, &topics, &error));
  CHECK(klamm_topics_count(topics) == 2 && klamm_topics_at(topics, 0)->error != NULL && klamm_topics_at(topics, 1)->error == NULL);
  CHECK(klamm_topics_at(topics, 1)->partition_count == 5 && !klamm_topics_at(topics, 1)->is_internal);
  for (size_t p = 0; p < 5; p++) {
    const klamm_topic_partition_info_t *info = klamm_topics_partition(topics, 1, p);
    CHECK(info != NULL && info->partition == (int32_t)p && info->leader >= 0);
    CHECK(info->replica_count >= 1 && info->in_sync_count >= 1 && info->replicas[0] == info->leader);
  }
  CHECK(klamm_topics_partition(topics, 1, 5) == NULL && klamm_topics_partition(topics, 0, 0) == NULL);
  klamm_topics_free(topics);

  OK(klamm_admin_list_topics(admin, NULL, &topics, &error));
  int found = 0;
  for (size_t i = 0; i < klamm_topics_count(topics); i++) found += strcmp(klamm_topics_at(topics, i)->name, first) == 0;
  CHECK(found == 1);
  klamm_topics_free(topics);
  OK(klamm_admin_delete_topics(admin, names, 2, NULL, NULL, &error));
  FAILS(KLAMM_UNKNOWN_TOPIC_OR_PARTITION, klamm_admin_delete_topics(admin, names, 2, NULL, NULL, &error));
  klamm_admin_free(admin);
}
