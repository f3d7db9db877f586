/* Records out, and what becomes of them. */
#include <pthread.h>
#include <time.h>

#include "check.h"

enum { RECORDS = 10000, PARTITIONS = 3 };

typedef struct {
  int count;
  int failed;
  int next[PARTITIONS]; /* the offset that comes next */
  char seen[RECORDS];
  int32_t last_code;
  char last_topic[300];
  klamm_producer_t *producer;
} outcome_t;

/* Deliveries come on one thread, and flush() orders them before what follows it: no lock is needed. */
static void on_delivery(const klamm_delivery_t *delivery, void *user) {
  outcome_t *outcome = user;
  outcome->count++;
  outcome->last_code = delivery->error_code;
  CHECK(delivery->struct_size == sizeof *delivery);
  CHECK(klamm_error_code(delivery->error) == delivery->error_code);
  snprintf(outcome->last_topic, sizeof outcome->last_topic, "%s", delivery->topic);
  if (delivery->error != NULL) {
    outcome->failed++;
    return;
  }
  char *mark = delivery->user;
  if (mark == NULL) return;
  CHECK(mark >= outcome->seen && mark < outcome->seen + RECORDS && *mark == 0);
  *mark = 1;
  CHECK(delivery->partition == (int32_t)((mark - outcome->seen) % PARTITIONS));
  CHECK(delivery->offset == outcome->next[delivery->partition]++); /* in the order of the sends */
  CHECK(delivery->timestamp == 1000 + (mark - outcome->seen));
}

void test_ten_thousand_deliveries(void) {
  static outcome_t outcome;
  klamm_producer_options_t options = {.struct_size = sizeof options};
  options.on_delivery = on_delivery;
  options.user = &outcome;
  klamm_producer_t *producer = new_producer(&options);
  const char *topic = new_name("ten-thousand");
  int32_t partitions = 0;
  create_topic(topic, PARTITIONS);
  OK(klamm_producer_partition_count(producer, topic, &partitions, &error));
  CHECK(partitions == PARTITIONS);
  for (int i = 0; i < RECORDS; i++) {
    char text[20];
    klamm_producer_record_t record = {.struct_size = sizeof record};
    record.topic = topic;
    record.has_partition = 1;
    record.partition = i % PARTITIONS;
    record.has_timestamp = 1;
    record.timestamp = 1000 + i;
    record.key = "k";
    record.key_size = 1;
    record.value = text;
    record.value_size = (size_t)snprintf(text, sizeof text, "value %d", i);
    record.user = &outcome.seen[i];
    OK(klamm_producer_send(producer, &record, &error));
  }
  OK(klamm_producer_flush(producer, &error));
  CHECK(outcome.count == RECORDS && outcome.failed == 0);
  CHECK(memchr(outcome.seen, 0, RECORDS) == NULL);
  CHECK(strcmp(outcome.last_topic, topic) == 0);
  OK(klamm_producer_close(producer, KLAMM_DEFAULT_TIMEOUT, &error));
  klamm_producer_free(producer);
}

/* A call that is right gets one delivery, whatever becomes of it; one that is wrong gets none. */
void test_failed_deliveries(void) {
  static outcome_t outcome;
  static char large[2 << 20];
  klamm_producer_options_t options = {.struct_size = sizeof options};
  options.on_delivery = on_delivery;
  options.user = &outcome;
  klamm_producer_t *producer = new_producer(&options);
  const char *topic = new_name("failures");
  create_topic(topic, 1);

  klamm_producer_record_t record = {.struct_size = sizeof record};
  record.topic = "no topic can be called this";
  OK(klamm_producer_send(producer, &record, &error));
  OK(klamm_producer_flush(producer, &error));
  CHECK(outcome.count == 1 && outcome.last_code == KLAMM_INVALID_TOPIC_EXCEPTION);
  CHECK(strcmp(outcome.last_topic, record.topic) == 0);

  record.topic = topic;
  record.value = large;
  record.value_size = sizeof large;
  OK(klamm_producer_send(producer, &record, &error));
  CHECK(outcome.count == 2 && outcome.last_code == KLAMM_MESSAGE_TOO_LARGE);

  record.value = NULL;
  FAILS(KLAMM_ILLEGAL_ARGUMENT, klamm_producer_send(producer, &record, &error)); /* a size without bytes */
  record.value_size = 0;
  record.has_partition = 1;
  record.partition = -3;
  FAILS(KLAMM_ILLEGAL_ARGUMENT, klamm_producer_send(producer, &record, &error));
  record.has_partition = 0;
  record.header_count = 2;
  FAILS(KLAMM_ILLEGAL_ARGUMENT, klamm_producer_send(producer, &record, &error));
  record.header_count = 0;
  record.has_timestamp = 1;
  record.timestamp = -1;
  FAILS(KLAMM_ILLEGAL_ARGUMENT, klamm_producer_send(producer, &record, &error));
  record.has_timestamp = 0;
  record.value = large;
  record.value_size = (size_t)-1; /* also of a language that has no unsigned numbers */
  FAILS(KLAMM_ILLEGAL_ARGUMENT, klamm_producer_send(producer, &record, &error));
  CHECK(outcome.count == 2);
  klamm_producer_free(producer);
}

/* A batch of sends and an array of deliveries: how a binding works. */
void test_kept_deliveries(void) {
  enum { BATCH = 100, LIMIT = 250 };
  klamm_producer_options_t options = {.struct_size = sizeof options};
  options.delivery_queue_limit = LIMIT;
  klamm_producer_t *producer = new_producer(&options);
  const char *topic = new_name("kept");
  create_topic(topic, 1);
  klamm_producer_record_t records[BATCH];
  memset(records, 0, sizeof records);
  records[0].struct_size = sizeof *records; /* that of the first counts */
  for (int i = 0; i < BATCH; i++) {
    records[i].topic = topic;
    records[i].value = "x";
    records[i].value_size = 1;
    records[i].user = &records[i];
  }
  size_t sent = 0;
  OK(klamm_producer_send_batch(producer, records, BATCH, &sent, &error));
  CHECK(sent == BATCH);
  OK(klamm_producer_send_batch(producer, records, BATCH, &sent, &error));
  FAILS(KLAMM_BUFFER_EXHAUSTED, klamm_producer_send_batch(producer, records, BATCH, &sent, &error));
  CHECK(sent == LIMIT - 2 * BATCH);
  records[0].topic = "no topic can be called this";
  OK(klamm_producer_flush(producer, &error));

  klamm_deliveries_t *deliveries = NULL;
  klamm_delivery_t rows[64];
  rows[0].struct_size = sizeof *rows;
  OK(klamm_producer_take_deliveries(producer, 10000, &deliveries, &error));
  CHECK(klamm_deliveries_count(deliveries) == LIMIT);
  OK(klamm_producer_send(producer, records, &error)); /* there is room again */
  size_t read = 0, n;
  for (;;) {
    OK(klamm_deliveries_read(deliveries, rows, 64, &n, &error));
    if (n == 0) break;
    for (size_t i = 0; i < n; i++, read++) {
      CHECK(rows[i].error == NULL && rows[i].offset == (int64_t)read && rows[i].user == &records[read % BATCH]);
      CHECK(strcmp(rows[i].topic, topic) == 0);
    }
  }
  CHECK(read == LIMIT);
  klamm_deliveries_free(deliveries);

  /* Errors and texts live with the deliveries, also when the producer is gone. */
  OK(klamm_producer_take_deliveries(producer, 10000, &deliveries, &error));
  klamm_producer_free(producer);
  rows[0].struct_size = 0;
  FAILS(KLAMM_ILLEGAL_ARGUMENT, klamm_deliveries_read(deliveries, rows, 64, &n, &error)); /* not the end: nothing was read */
  rows[0].struct_size = sizeof *rows;
  OK(klamm_deliveries_read(deliveries, rows, 64, &n, &error));
  CHECK(n == 1);
  CHECK(rows[0].error_code == KLAMM_INVALID_TOPIC_EXCEPTION && *klamm_error_message(rows[0].error) != '\0');
  CHECK(strcmp(rows[0].topic, "no topic can be called this") == 0);
  OK(klamm_deliveries_read(deliveries, rows, 64, &n, &error));
  CHECK(n == 0);
  klamm_deliveries_free(deliveries);
}

static void *take_one(void *producer) {
  klamm_deliveries_t *deliveries = NULL;
  OK(klamm_producer_take_deliveries(producer, 60000, &deliveries, &error));
  CHECK(klamm_deliveries_count(deliveries) == 1);
  klamm_deliveries_free(deliveries);
  return NULL;
}

/* One waits long, another looks in again and again: the first one is woken all the same. */
void test_two_takers(void) {
  klamm_producer_options_t options = {.struct_size = sizeof options};
  options.delivery_queue_limit = 10;
  klamm_producer_t *producer = new_producer(&options);
  klamm_producer_record_t record = {.struct_size = sizeof record};
  klamm_deliveries_t *deliveries = NULL;
  pthread_t waiting;
  const time_t began = time(NULL);
  record.topic = new_name("taken");
  create_topic(record.topic, 1);
  CHECK(pthread_create(&waiting, NULL, take_one, producer) == 0);
  for (int i = 0; i < 100; i++) {
    OK(klamm_producer_take_deliveries(producer, 1, &deliveries, &error));
    CHECK(klamm_deliveries_count(deliveries) == 0);
    klamm_deliveries_free(deliveries);
  }
  OK(klamm_producer_send(producer, &record, &error));
  CHECK(pthread_join(waiting, NULL) == 0);
  CHECK(time(NULL) - began < 50);
  klamm_producer_free(producer);
}

typedef struct {
  klamm_producer_t *producer;
  size_t count;
} taker_t;

/* Takes until no more can come. */
static void *take_all(void *user) {
  taker_t *taker = user;
  klamm_deliveries_t *deliveries = NULL;
  int32_t code;
  while ((code = klamm_producer_take_deliveries(taker->producer, INT64_MAX, &deliveries, NULL)) == KLAMM_OK) {
    taker->count += klamm_deliveries_count(deliveries);
    klamm_deliveries_free(deliveries);
  }
  CHECK(code == KLAMM_CLOSED);
  return NULL;
}

/* Who waits without end gets all that is delivered until the end, and then the end. */
void test_close_ends_taking(void) {
  enum { TAKERS = 3, SENT = 1000 };
  klamm_producer_options_t options = {.struct_size = sizeof options};
  options.delivery_queue_limit = SENT;
  klamm_producer_t *producer = new_producer(&options);
  klamm_producer_record_t record = {.struct_size = sizeof record};
  klamm_deliveries_t *deliveries = NULL;
  taker_t takers[TAKERS];
  pthread_t threads[TAKERS];
  size_t count = 0;
  record.topic = new_name("closed");
  create_topic(record.topic, 1);
  for (int i = 0; i < TAKERS; i++) {
    takers[i] = (taker_t){producer, 0};
    CHECK(pthread_create(&threads[i], NULL, take_all, &takers[i]) == 0);
  }
  for (int i = 0; i < SENT; i++) OK(klamm_producer_send(producer, &record, &error));
  OK(klamm_producer_close(producer, KLAMM_DEFAULT_TIMEOUT, &error));
  for (int i = 0; i < TAKERS; i++) {
    CHECK(pthread_join(threads[i], NULL) == 0);
    count += takers[i].count;
  }
  CHECK(count == SENT);
  FAILS(KLAMM_CLOSED, klamm_producer_take_deliveries(producer, INT64_MAX, &deliveries, &error));
  klamm_producer_free(producer);

  /* What nobody took before stays. */
  producer = new_producer(&options);
  OK(klamm_producer_send(producer, &record, &error));
  OK(klamm_producer_close(producer, KLAMM_DEFAULT_TIMEOUT, &error));
  OK(klamm_producer_take_deliveries(producer, INT64_MAX, &deliveries, &error));
  CHECK(klamm_deliveries_count(deliveries) == 1);
  klamm_deliveries_free(deliveries);
  klamm_producer_free(producer);
}

static void free_it(const klamm_delivery_t *delivery, void *user) {
  outcome_t *outcome = user;
  (void)delivery;
  outcome->count++;
  klamm_producer_free(outcome->producer);
  CHECK(klamm_producer_flush(outcome->producer, NULL) == KLAMM_ILLEGAL_STATE); /* it would wait for itself */
}

/* Fails at once, on this thread. */
static void send_nowhere(const klamm_delivery_t *delivery, void *user) {
  klamm_producer_record_t record = {.struct_size = sizeof record, .topic = ""};
  (void)delivery;
  OK(klamm_producer_send(user, &record, &error));
}

void test_free_in_a_callback(void) {
  static outcome_t outcome;
  klamm_producer_options_t options = {.struct_size = sizeof options};
  options.on_delivery = free_it;
  options.user = &outcome;
  klamm_producer_record_t record = {.struct_size = sizeof record};
  const char *topic = new_name("freed");
  create_topic(topic, 1);
  record.topic = topic;
  outcome.producer = new_producer(&options);
  OK(klamm_producer_send(outcome.producer, &record, &error));
  OK(klamm_producer_flush(outcome.producer, &error));
  OK(klamm_producer_send(outcome.producer, &record, &error));
  OK(klamm_producer_flush(outcome.producer, &error));
  CHECK(outcome.count == 2);
  klamm_producer_free(outcome.producer);

  /* Nor in the callback of another producer inside that of the first. */
  klamm_producer_t *inner = new_producer(&options);
  options.on_delivery = send_nowhere;
  options.user = inner;
  outcome.producer = new_producer(&options);
  OK(klamm_producer_send(outcome.producer, &record, &error));
  OK(klamm_producer_flush(outcome.producer, &error));
  CHECK(outcome.count == 3);
  klamm_producer_free(outcome.producer);
  klamm_producer_free(inner);
}
