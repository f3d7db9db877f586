/* Records in: alone and in a group. */
#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <pthread.h>
#include <time.h>

enum { NUMBERS = 5000 };

/* Waits for records; never more than half a minute. */
static klamm_records_t *poll_some(klamm_consumer_t *consumer) {
  for (int tries = 0; tries < 30; tries++) {
    klamm_records_t *records = NULL;
    OK(klamm_consumer_poll(consumer, 1000, &records, &error));
    if (klamm_records_count(records) > 0) return records;
    klamm_records_free(records);
  }
  fail(__FILE__, __LINE__, "no records came");
  return NULL;
}

static int64_t first_offset(klamm_consumer_t *consumer) {
  klamm_records_t *records = poll_some(consumer);
  klamm_consumer_record_t record = {.struct_size = sizeof record};
  size_t count = 0;
  OK(klamm_records_read(records, &record, 1, &count, &error));
  CHECK(count == 1);
  klamm_records_free(records);
  return record.offset;
}

static int same(const void *bytes, size_t size, const char *text) {
  return bytes != NULL && size == strlen(text) && memcmp(bytes, text, size) == 0;
}

void test_fields_of_records(void) {
  const char *topic = new_name("fields");
  create_topic(topic, 1);
  klamm_header_t headers[3] = {{"a", 1, "1", 1}, {"", 0, NULL, 0}, {"a", 1, "", 0}};
  klamm_producer_record_t out[2];
  memset(out, 0, sizeof out);
  out[0].struct_size = sizeof *out;
  out[0].topic = out[1].topic = topic;
  out[0].key = "k";
  out[0].key_size = 1;
  out[0].has_timestamp = 1;
  out[0].timestamp = 1234567890123;
  out[0].headers = headers;
  out[0].header_count = 3; /* its value is null */
  out[1].value = "";       /* its key is null, its value empty */
  klamm_producer_t *producer = new_producer(NULL);
  OK(klamm_producer_send_batch(producer, out, 2, NULL, &error));
  OK(klamm_producer_close(producer, INT64_MAX, &error));
  klamm_producer_free(producer);

  klamm_consumer_t *consumer = new_consumer(new_name("group"));
  klamm_partitions_t *list = one(topic, 0, -1);
  OK(klamm_consumer_assign(consumer, list, &error));
  klamm_records_t *records = poll_some(consumer);
  klamm_consumer_free(consumer); /* the records live on */
  CHECK(klamm_records_count(records) == 2);
  for (int round = 0; round < 2; round++) {
    klamm_consumer_record_t in[3];
    in[0].struct_size = sizeof *in;
    size_t count = 0;
    OK(klamm_records_read(records, in, 3, &count, &error));
    CHECK(count == 2);
    CHECK(strcmp(in[0].topic, topic) == 0 && in[0].partition == 0 && in[0].offset == 0 && in[0].timestamp == 1234567890123);
    CHECK(in[0].timestamp_type == KLAMM_CREATE_TIME && in[0].struct_size == sizeof *in);
    CHECK(same(in[0].key, in[0].key_size, "k") && in[0].value == NULL && in[0].header_count == 3);
    klamm_header_t got[3];
    CHECK(klamm_record_headers(&in[0], got, 2) == 2 && klamm_record_headers(&in[0], got, 3) == 3);
    CHECK(got[0].key_size == 1 && got[0].key[0] == 'a' && same(got[0].value, got[0].value_size, "1"));
    CHECK(got[1].key_size == 0 && got[1].value == NULL && got[2].value != NULL && got[2].value_size == 0);
    CHECK(in[1].key == NULL && same(in[1].value, in[1].value_size, "") && in[1].offset == 1 && in[1].header_count == 0);
    OK(klamm_records_read(records, in, 3, &count, &error));
    CHECK(count == 0);
    klamm_records_rewind(records);
  }
  /* A struct without its size is not written to, and not taken for the end. */
  klamm_consumer_record_t record = {0};
  size_t count = 7;
  FAILS(KLAMM_ILLEGAL_ARGUMENT, klamm_records_read(records, &record, 1, &count, &error));
  CHECK(record.topic == NULL && count == 7);
  record.struct_size = sizeof record;
  OK(klamm_records_read(records, &record, 1, &count, &error));
  CHECK(count == 1 && record.offset == 0);
  klamm_partitions_t *next = NULL;
  OK(klamm_records_next_offsets(records, &next, &error));
  CHECK(klamm_partitions_count(next) == 1 && klamm_partitions_find(next, topic, 0)->offset == 2);
  klamm_partitions_free(next);
  klamm_records_free(records);
  klamm_partitions_free(list);
}

typedef struct {
  int assigned;
  int revoked;
  int owned;
} member_t;

static void on_assigned(klamm_consumer_t *consumer, const klamm_partitions_t *partitions, void *user) {
  member_t *member = user;
  member->assigned++;
  member->owned += (int)klamm_partitions_count(partitions);
  klamm_consumer_free(consumer); /* not here: does nothing */
}

static void on_revoked(klamm_consumer_t *consumer, const klamm_partitions_t *partitions, void *user) {
  member_t *member = user;
  member->revoked++;
  member->owned -= (int)klamm_partitions_count(partitions);
  OK(klamm_consumer_commit_sync(consumer, NULL, KLAMM_DEFAULT_TIMEOUT, &error));
}

void test_group_of_two(void) {
  enum { PARTITIONS = 4, RECORDS = 10000 };
  static char seen[RECORDS];
  const char *topic = new_name("shared"), *group = new_name("group");
  create_topic(topic, PARTITIONS);
  member_t members[2] = {{0, 0, 0}, {0, 0, 0}};
  klamm_consumer_t *consumers[2];
  const char *topics[] = {topic};
  for (int m = 0; m < 2; m++) {
    klamm_rebalance_listener_t listener = {.struct_size = sizeof listener};
    listener.on_assigned = on_assigned;
    listener.on_revoked = on_revoked;
    listener.user = &members[m];
    consumers[m] = new_consumer(group);
    OK(klamm_consumer_subscribe(consumers[m], topics, 1, &listener, &error));
  }
  /* Until each has half of the partitions. */
  for (int tries = 0; members[0].owned != PARTITIONS / 2 || members[1].owned != PARTITIONS / 2; tries++) {
    klamm_records_t *records = NULL;
    CHECK(tries < 600);
    OK(klamm_consumer_poll(consumers[tries % 2], 100, &records, &error));
    CHECK(klamm_records_count(records) == 0);
    klamm_records_free(records);
  }
  klamm_partitions_t *assignment = NULL;
  OK(klamm_consumer_assignment(consumers[0], &assignment, &error));
  CHECK(klamm_partitions_count(assignment) == PARTITIONS / 2 && strcmp(klamm_partitions_at(assignment, 0)->topic, topic) == 0);
  klamm_partitions_free(assignment);
  produce_numbers(topic, RECORDS, PARTITIONS);

  int counts[2] = {0, 0};
  for (int tries = 0; counts[0] + counts[1] < RECORDS; tries++) {
    klamm_records_t *records = NULL;
    klamm_consumer_record_t rows[128];
    size_t n;
    CHECK(tries < 2000);
    OK(klamm_consumer_poll(consumers[tries % 2], 50, &records, &error));
    rows[0].struct_size = sizeof *rows;
    for (;;) {
      OK(klamm_records_read(records, rows, 128, &n, &error));
      if (n == 0) break;
      for (size_t i = 0; i < n; i++) {
        char text[12] = {0};
        CHECK(rows[i].value_size < sizeof text);
        memcpy(text, rows[i].value, rows[i].value_size);
        int number = atoi(text);
        CHECK(number >= 0 && number < RECORDS && seen[number]++ == 0 && rows[i].partition == number % PARTITIONS);
        counts[tries % 2]++;
      }
    }
    klamm_records_free(records);
  }
  CHECK(counts[0] == RECORDS / 2 && counts[1] == RECORDS / 2);
  for (int m = 0; m < 2; m++) {
    OK(klamm_consumer_close(consumers[m], 10000, &error)); /* revokes, which commits */
    CHECK(members[m].assigned >= 1 && members[m].revoked >= 1 && members[m].owned == 0);
    klamm_consumer_free(consumers[m]);
  }

  klamm_consumer_t *later = new_consumer(group);
  klamm_partitions_t *list = NULL, *committed = NULL;
  OK(klamm_consumer_partitions_for(later, topic, KLAMM_DEFAULT_TIMEOUT, &list, &error));
  CHECK(klamm_partitions_count(list) == PARTITIONS);
  OK(klamm_consumer_committed(later, list, KLAMM_DEFAULT_TIMEOUT, &committed, &error));
  for (int p = 0; p < PARTITIONS; p++) CHECK(klamm_partitions_find(committed, topic, p)->offset == RECORDS / PARTITIONS);
  klamm_partitions_free(committed);
  klamm_partitions_free(list);
  klamm_consumer_free(later);
}

static void on_commit(const klamm_partitions_t *offsets, const klamm_error_t *error, void *user) {
  int64_t *committed = user;
  CHECK(error == NULL);
  *committed = klamm_partitions_at(offsets, 0)->offset;
}

void test_commits(void) {
  const char *topic = new_name("commits"), *group = new_name("group");
  create_topic(topic, 1);
  produce_numbers(topic, 10, 1);
  klamm_consumer_t *consumer = new_consumer(group);
  klamm_partitions_t *list = one(topic, 0, -1), *committed = NULL;
  OK(klamm_consumer_assign(consumer, list, &error));
  OK(klamm_consumer_committed(consumer, list, 20000, &committed, &error));
  CHECK(klamm_partitions_count(committed) == 0);
  klamm_partitions_free(committed);
  CHECK(first_offset(consumer) == 0);

  klamm_partitions_t *offsets = klamm_partitions_new();
  klamm_partition_t entry = {.struct_size = sizeof entry};
  entry.topic = topic;
  entry.offset = 3;
  entry.metadata = "as far as this";
  OK(klamm_partitions_add_entry(offsets, &entry, &error));
  OK(klamm_consumer_commit_sync(consumer, offsets, KLAMM_DEFAULT_TIMEOUT, &error));
  OK(klamm_consumer_committed(consumer, list, KLAMM_DEFAULT_TIMEOUT, &committed, &error));
  CHECK(klamm_partitions_at(committed, 0)->offset == 3 && strcmp(klamm_partitions_at(committed, 0)->metadata, "as far as this") == 0);
  klamm_partitions_free(committed);

  static int64_t told = -1;
  OK(klamm_consumer_commit_async(consumer, NULL, on_commit, &told, &error)); /* the position: behind all ten */
  CHECK(told == -1);
  for (int tries = 0; told == -1; tries++) {
    klamm_records_t *records = NULL;
    CHECK(tries < 300);
    OK(klamm_consumer_poll(consumer, 100, &records, &error));
    klamm_records_free(records);
  }
  CHECK(told == 10);
  OK(klamm_consumer_commit_async(consumer, offsets, NULL, NULL, &error));
  OK(klamm_consumer_close(consumer, KLAMM_DEFAULT_TIMEOUT, &error));
  klamm_consumer_free(consumer);

  consumer = new_consumer(group);
  OK(klamm_consumer_assign(consumer, list, &error));
  CHECK(first_offset(consumer) == 3);
  klamm_consumer_free(consumer);
  klamm_partitions_free(offsets);
  klamm_partitions_free(list);
}

void test_positions(void) {
  const char *topic = new_name("positions");
  create_topic(topic, 1);
  produce_numbers(topic, NUMBERS, 1);
  klamm_consumer_t *consumer = new_consumer("positions");
  klamm_partitions_t *list = one(topic, 0, 4321), *found = NULL, *none = klamm_partitions_new();
  int64_t position = -1;
  OK(klamm_consumer_assign(consumer, list, &error));
  OK(klamm_consumer_seek(consumer, topic, 0, 1234, &error));
  CHECK(first_offset(consumer) == 1234);
  OK(klamm_consumer_position(consumer, topic, 0, KLAMM_DEFAULT_TIMEOUT, &position, &error));
  CHECK(position > 1234 && position <= NUMBERS);
  OK(klamm_consumer_seek_all(consumer, list, &error));
  CHECK(first_offset(consumer) == 4321);
  OK(klamm_consumer_seek_to_beginning(consumer, NULL, &error));
  CHECK(first_offset(consumer) == 0);
  OK(klamm_consumer_seek(consumer, topic, 0, 42, &error));
  OK(klamm_consumer_seek_to_end(consumer, none, &error)); /* of none is of none */
  OK(klamm_consumer_position(consumer, topic, 0, KLAMM_DEFAULT_TIMEOUT, &position, &error));
  CHECK(position == 42);
  OK(klamm_consumer_seek_to_end(consumer, list, &error));
  OK(klamm_consumer_position(consumer, topic, 0, 20000, &position, &error));
  CHECK(position == NUMBERS);
  FAILS(KLAMM_ILLEGAL_STATE, klamm_consumer_seek(consumer, "another", 0, 0, &error));

  OK(klamm_consumer_beginning_offsets(consumer, list, KLAMM_DEFAULT_TIMEOUT, &found, &error));
  CHECK(klamm_partitions_at(found, 0)->offset == 0);
  klamm_partitions_free(found);
  OK(klamm_consumer_end_offsets(consumer, list, KLAMM_DEFAULT_TIMEOUT, &found, &error));
  CHECK(klamm_partitions_at(found, 0)->offset == NUMBERS);
  klamm_partitions_free(found);

  klamm_partitions_t *times = klamm_partitions_new();
  klamm_partition_t entry = {.struct_size = sizeof entry};
  entry.topic = topic;
  entry.timestamp = 1; /* all records are younger */
  OK(klamm_partitions_add_entry(times, &entry, &error));
  OK(klamm_consumer_offsets_for_times(consumer, times, KLAMM_DEFAULT_TIMEOUT, &found, &error));
  CHECK(klamm_partitions_at(found, 0)->offset == 0 && klamm_partitions_at(found, 0)->timestamp > 1);
  klamm_partitions_free(found);
  klamm_partitions_free(times);
  klamm_partitions_free(none);
  klamm_partitions_free(list);
  klamm_consumer_free(consumer);
}

void test_pause(void) {
  const char *topic = new_name("paused");
  create_topic(topic, 1);
  produce_numbers(topic, 10, 1);
  klamm_consumer_t *consumer = new_consumer(new_name("group"));
  klamm_partitions_t *list = one(topic, 0, -1), *paused = NULL;
  klamm_records_t *records = NULL;
  OK(klamm_consumer_assign(consumer, list, &error));
  OK(klamm_consumer_pause(consumer, list, &error));
  OK(klamm_consumer_paused(consumer, &paused, &error));
  CHECK(klamm_partitions_find(paused, topic, 0) != NULL);
  klamm_partitions_free(paused);
  OK(klamm_consumer_poll(consumer, 300, &records, &error));
  CHECK(klamm_records_count(records) == 0);
  klamm_records_free(records);
  OK(klamm_consumer_resume(consumer, list, &error));
  CHECK(first_offset(consumer) == 0);
  klamm_partitions_free(list);
  klamm_consumer_free(consumer);
}

static void *wake(void *consumer) {
  struct timespec moment = {0, 200 * 1000 * 1000};
  nanosleep(&moment, NULL);
  klamm_consumer_wakeup(consumer);
  return NULL;
}

void test_wakeup(void) {
  const char *topic = new_name("silent");
  create_topic(topic, 1);
  klamm_consumer_t *consumer = new_consumer(new_name("group"));
  klamm_partitions_t *list = one(topic, 0, -1);
  klamm_records_t *records = NULL;
  pthread_t thread;
  OK(klamm_consumer_assign(consumer, list, &error));
  CHECK(pthread_create(&thread, NULL, wake, consumer) == 0);
  FAILS(KLAMM_WAKEUP, klamm_consumer_poll(consumer, INT64_MAX, &records, &error));
  CHECK(pthread_join(thread, NULL) == 0 && records == NULL);
  klamm_consumer_wakeup(consumer); /* before the call that it ends */
  FAILS(KLAMM_WAKEUP, klamm_consumer_poll(consumer, 10000, &records, &error));
  OK(klamm_consumer_poll(consumer, 0, &records, &error));
  klamm_records_free(records);
  klamm_partitions_free(list);
  klamm_consumer_free(consumer);
}

static void *poll_until_woken(void *consumer) {
  klamm_records_t *records = NULL;
  int32_t code;
  do { /* until this thread is the first */
    code = klamm_consumer_poll(consumer, 60000, &records, NULL);
  } while (code == KLAMM_CONCURRENT_MODIFICATION);
  if (code == KLAMM_OK) klamm_records_free(records);
  return code == KLAMM_WAKEUP ? consumer : NULL;
}

void test_two_threads(void) {
  const char *topic = new_name("silent");
  create_topic(topic, 1);
  klamm_consumer_t *consumer = new_consumer(new_name("group"));
  klamm_partitions_t *list = one(topic, 0, -1);
  pthread_t thread;
  void *result = NULL;
  OK(klamm_consumer_assign(consumer, list, &error));
  CHECK(pthread_create(&thread, NULL, poll_until_woken, consumer) == 0);
  int32_t code = KLAMM_OK;
  for (int tries = 0; code != KLAMM_CONCURRENT_MODIFICATION; tries++) {
    struct timespec moment = {0, 1000 * 1000};
    CHECK(tries < 10000);
    code = klamm_consumer_resume(consumer, list, NULL);
    CHECK(code == KLAMM_OK || code == KLAMM_CONCURRENT_MODIFICATION);
    nanosleep(&moment, NULL);
  }
  klamm_consumer_wakeup(consumer);
  CHECK(pthread_join(thread, &result) == 0 && result == consumer);
  klamm_partitions_free(list);
  klamm_consumer_free(consumer);
}

void test_after_close(void) {
  klamm_producer_t *producer = new_producer(NULL);
  klamm_consumer_t *consumer = new_consumer(new_name("group"));
  klamm_producer_record_t record = {.struct_size = sizeof record};
  klamm_records_t *records = NULL;
  record.topic = "late";
  OK(klamm_producer_close(producer, 0, &error));
  OK(klamm_producer_close(producer, KLAMM_DEFAULT_TIMEOUT, &error));
  FAILS(KLAMM_CLOSED, klamm_producer_send(producer, &record, &error));
  OK(klamm_consumer_close(consumer, 0, &error));
  OK(klamm_consumer_close(consumer, KLAMM_DEFAULT_TIMEOUT, &error));
  FAILS(KLAMM_CLOSED, klamm_consumer_poll(consumer, 0, &records, &error));
  klamm_consumer_wakeup(consumer);
  klamm_consumer_free(consumer);
  klamm_producer_free(producer);
}
