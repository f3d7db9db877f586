/* Klamm for C and for bindings of other languages: a producer, a consumer and an admin client of Apache Kafka.
 *
 * C99. Link with -lklamm-c (pkg-config klamm-c); nothing of C++ shows. A program that sends one record:
 *
 *     #include <klamm.h>
 *     #include <stdio.h>
 *
 *     int main(void) {
 *       klamm_error_t *error = NULL;
 *       klamm_config_t *config = klamm_config_new();
 *       klamm_producer_t *producer = NULL;
 *       klamm_producer_record_t record = {.struct_size = sizeof record, .topic = "orders", .value = "tea", .value_size = 3};
 *       int failed = klamm_config_set(config, "bootstrap.servers", "localhost:9092", &error) != KLAMM_OK ||
 *                    klamm_producer_new(config, NULL, &producer, &error) != KLAMM_OK ||
 *                    klamm_producer_send(producer, &record, &error) != KLAMM_OK ||
 *                    klamm_producer_flush(producer, &error) != KLAMM_OK;
 *       if (failed) fprintf(stderr, "%s\n", klamm_error_message(error));
 *       klamm_error_free(error);
 *       klamm_producer_free(producer);
 *       klamm_config_free(config);
 *       return failed;
 *     }
 *
 * ERRORS. Every call that can fail returns an int32_t: KLAMM_OK (0), or a code of klamm_errors.h: Kafka's number, or below
 * -1000 one of this process. Its last parameter, `klamm_error_t **error`, may be NULL. When it is not, *error is always
 * written: NULL on success, else an object that says more and that the caller frees by klamm_error_free(). Results are
 * written on success only. A NULL handle, or a handle of another kind, is KLAMM_ILLEGAL_ARGUMENT; a call after close is
 * KLAMM_CLOSED. Klamm never prints, never ends the process, installs no signal handler and lets no C++ exception out.
 *
 * OWNERSHIP. What a function hands out through a pointer to a non-const pointer belongs to the caller, who ends it by the
 * _free function of its type; each takes NULL. Pointers to const belong to the object they came from and live as long,
 * or, in a callback, until it returns. Arguments are copied before a call returns.
 *
 * STRUCTS begin with `struct_size`, which whoever makes one sets to sizeof; so fields can be added without breaking
 * programs that are compiled already. Only klamm_header_t and klamm_property_t have no size and never grow. A struct of
 * zeros with its size is valid and asks for the defaults. In an array the first element's struct_size counts for all. A
 * field that this library does not know, and that is not zero, is refused.
 *
 * TEXT is UTF-8 ended by NUL. BYTES are a pointer and a size; the pointer NULL is Kafka's null (a tombstone, no key),
 * another pointer with the size 0 is no bytes at all. Sizes of a record's parts are at most INT32_MAX.
 *
 * TIME is milliseconds: int64_t, since 1970 for points in time. A timeout is at least 0, or KLAMM_DEFAULT_TIMEOUT where
 * that is said; INT64_MAX is without end.
 *
 * THREADS. A producer and an admin client serve any number of threads. A consumer serves one thread at a time, and tells
 * a second one KLAMM_CONCURRENT_MODIFICATION; klamm_consumer_wakeup() alone may come from everywhere. Other objects
 * are plain data: any thread, one at a time. Nobody may be inside a handle that is being freed. A callback must return: it
 * must not throw, longjmp or end its thread. A thread must not be cancelled (pthread_cancel) inside a call: the process would
 * end.
 *
 * BINDINGS need no macro and no inline function of this file: fixed-width integers, pointers, structs without bit-fields, no
 * variadic functions. Functions with an array of rows (klamm_producer_send_batch, klamm_deliveries_read,
 * klamm_records_read) do many records in one call.
 *
 * VERSIONS. Functions and fields are added, never changed or taken away, while the library is libklamm-c.so.1.
 */
#ifndef KLAMM_H
#define KLAMM_H

#include <stddef.h>
#include <stdint.h>

#include "klamm_errors.h"

#if defined(__GNUC__)
#define KLAMM_API __attribute__((visibility("default")))
#else
#define KLAMM_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct klamm_error klamm_error_t;
typedef struct klamm_config klamm_config_t;
typedef struct klamm_partitions klamm_partitions_t;
typedef struct klamm_producer klamm_producer_t;
typedef struct klamm_deliveries klamm_deliveries_t;
typedef struct klamm_consumer klamm_consumer_t;
typedef struct klamm_records klamm_records_t;
typedef struct klamm_admin klamm_admin_t;
typedef struct klamm_topics klamm_topics_t;

enum { KLAMM_DEFAULT_TIMEOUT = -1 };

/* "0.1.0" */
KLAMM_API const char *klamm_version(void);

/* ---- Errors --------------------------------------------------------------------------------------------------------------- */

/* The number, Kafka's name of it ("TOPIC_ALREADY_EXISTS") and a line for people. KLAMM_OK, "NONE" and "" of NULL. */
KLAMM_API int32_t klamm_error_code(const klamm_error_t *error);
KLAMM_API const char *klamm_error_name(const klamm_error_t *error);
KLAMM_API const char *klamm_error_message(const klamm_error_t *error);
/* 1: trying again may help (Kafka's RetriableException). Of a delivery: the client tried until delivery.timeout.ms. */
KLAMM_API int32_t klamm_error_is_retriable(const klamm_error_t *error);
/* 1: the client is of no more use; free it. */
KLAMM_API int32_t klamm_error_is_fatal(const klamm_error_t *error);
KLAMM_API void klamm_error_free(klamm_error_t *error);
/* The name of any code; "UNKNOWN_SERVER_ERROR" for a number that is not known. */
KLAMM_API const char *klamm_error_code_name(int32_t code);

/* ---- Configuration -------------------------------------------------------------------------------------------------------- */

enum { KLAMM_LOG_DEBUG = 0, KLAMM_LOG_INFO = 1, KLAMM_LOG_WARN = 2, KLAMM_LOG_ERROR = 3 };

/* A line without its end. Called from any thread, also from several at once; must not call the client. */
typedef void (*klamm_log_fn)(int32_t level, const char *line, void *user);

/* Kafka's keys and values as text, for any number of clients; a client takes a copy. NULL when there is no memory. */
KLAMM_API klamm_config_t *klamm_config_new(void);
KLAMM_API void klamm_config_free(klamm_config_t *config);
/* Sets or replaces one value and checks it: KLAMM_INVALID_CLIENT_CONFIG says what is allowed. Names that no client of
 * Kafka has are kept, and told to the log. */
KLAMM_API int32_t klamm_config_set(klamm_config_t *config, const char *name, const char *value, klamm_error_t **error);
/* Reads a Java .properties file. */
KLAMM_API int32_t klamm_config_load(klamm_config_t *config, const char *path, klamm_error_t **error);
/* Lines of `threshold` and above go to `log`; NULL: nothing is logged, which is the default. */
KLAMM_API int32_t klamm_config_set_log(klamm_config_t *config, int32_t threshold, klamm_log_fn log, void *user,
                                       klamm_error_t **error);

/* ---- Lists of partitions -------------------------------------------------------------------------------------------------- */

/* A partition and what a call wants to know or tells about it. */
typedef struct klamm_partition {
  size_t struct_size;
  const char *topic;
  int32_t partition;
  int32_t has_leader_epoch;   /* 1: leader_epoch counts */
  int32_t leader_epoch;
  int32_t reserved;           /* 0 */
  int64_t offset;             /* -1: none */
  int64_t timestamp;          /* of klamm_consumer_offsets_for_times() */
  const char *metadata;       /* beside a committed offset; NULL is "" */
} klamm_partition_t;

/* NULL when there is no memory. */
KLAMM_API klamm_partitions_t *klamm_partitions_new(void);
KLAMM_API void klamm_partitions_free(klamm_partitions_t *partitions);
/* Adds one at the end; `offset` is -1 where none is needed. */
KLAMM_API int32_t klamm_partitions_add(klamm_partitions_t *partitions, const char *topic, int32_t partition, int64_t offset,
                                       klamm_error_t **error);
KLAMM_API int32_t klamm_partitions_add_entry(klamm_partitions_t *partitions, const klamm_partition_t *entry, klamm_error_t **error);
/* 0 of NULL. */
KLAMM_API size_t klamm_partitions_count(const klamm_partitions_t *partitions);
/* NULL behind the end. Valid until the list is freed or added to. */
KLAMM_API const klamm_partition_t *klamm_partitions_at(const klamm_partitions_t *partitions, size_t index);
/* NULL when it is not in the list. */
KLAMM_API const klamm_partition_t *klamm_partitions_find(const klamm_partitions_t *partitions, const char *topic, int32_t partition);

/* ---- Producer ------------------------------------------------------------------------------------------------------------- */

/* One header of a record. This struct has no size: it stays as it is. */
typedef struct klamm_header {
  const char *key;
  size_t key_size;
  const void *value; /* NULL: null */
  size_t value_size;
} klamm_header_t;

typedef struct klamm_producer_record {
  size_t struct_size;
  const char *topic;
  const void *key; /* NULL: null */
  size_t key_size;
  const void *value; /* NULL: null, a tombstone */
  size_t value_size;
  const klamm_header_t *headers;
  size_t header_count;
  int32_t has_partition; /* 0: the key, or else the producer, chooses */
  int32_t partition;
  int32_t has_timestamp; /* 0: the time of the call */
  int32_t reserved;      /* 0 */
  int64_t timestamp;
  void *user; /* comes back in the delivery */
} klamm_producer_record_t;

/* Where a record went, or why it did not. */
typedef struct klamm_delivery {
  size_t struct_size;
  void *user; /* the record's */
  const char *topic;
  int64_t offset;               /* -1 with acks=0, after an error, and for a duplicate that the broker forgot */
  int64_t timestamp;            /* the record's, or the broker's for message.timestamp.type=LogAppendTime */
  const klamm_error_t *error;   /* NULL: it arrived. Never freed by the caller */
  int32_t error_code;
  int32_t partition;            /* -1: none was chosen yet */
} klamm_delivery_t;

/* Called once for each record that klamm_producer_send() accepted: on the producer's one I/O thread, or inside the send for
 * what fails at once. Those of one partition come in the order of the sends. It must not block; it may send, but not flush
 * or close. */
typedef void (*klamm_delivery_fn)(const klamm_delivery_t *delivery, void *user);

typedef struct klamm_producer_options {
  size_t struct_size;
  klamm_delivery_fn on_delivery; /* NULL: nobody is called */
  void *user;                    /* on_delivery's second argument */
  /* Instead of on_delivery: keep deliveries for klamm_producer_take_deliveries(), so that no foreign thread calls into a
   * language that minds. At most so many records may be under way or not taken; with more, sends end with
   * KLAMM_BUFFER_EXHAUSTED. 0: deliveries are not kept. */
  size_t delivery_queue_limit;
} klamm_producer_options_t;

/* Starts a producer and its I/O thread; does not wait for a broker. `options` may be NULL. */
KLAMM_API int32_t klamm_producer_new(const klamm_config_t *config, const klamm_producer_options_t *options,
                                     klamm_producer_t **producer, klamm_error_t **error);
/* Closes, for at most delivery.timeout.ms, and frees. Does nothing in a callback of this producer. */
KLAMM_API void klamm_producer_free(klamm_producer_t *producer);

/* Copies a record into the open batch of its partition. Blocks, for at most max.block.ms, while the topic is not known or
 * buffer.memory is used up. KLAMM_OK means that there will be one delivery, also for what went wrong here: unknown
 * topic, no memory left, too large. Other codes mean that there will be none: the arguments were wrong, or it is closed. */
KLAMM_API int32_t klamm_producer_send(klamm_producer_t *producer, const klamm_producer_record_t *record, klamm_error_t **error);
/* Sends records[0], records[1], ... until one is refused; *sent, when sent is not NULL, is the number of those accepted,
 * also after an error. */
KLAMM_API int32_t klamm_producer_send_batch(klamm_producer_t *producer, const klamm_producer_record_t *records, size_t count,
                                            size_t *sent, klamm_error_t **error);
/* Sends what was sent before without lingering, and waits until it has its deliveries; delivery.timeout.ms limits that. */
KLAMM_API int32_t klamm_producer_flush(klamm_producer_t *producer, klamm_error_t **error);
/* The number of partitions of a topic. Blocks for at most max.block.ms. */
KLAMM_API int32_t klamm_producer_partition_count(klamm_producer_t *producer, const char *topic, int32_t *count, klamm_error_t **error);
/* Waits until there are deliveries to take, at most `timeout_ms`, and takes all; none when the time is up. Several threads
 * may wait; klamm_producer_close() ends that when the last delivery is there. From then on this gives what is left without
 * waiting, and behind it KLAMM_CLOSED. */
KLAMM_API int32_t klamm_producer_take_deliveries(klamm_producer_t *producer, int64_t timeout_ms, klamm_deliveries_t **deliveries,
                                                 klamm_error_t **error);
/* Takes no more records, waits for those under way, fails what is left after `timeout_ms` with KLAMM_CLOSED and ends the I/O
 * thread. KLAMM_DEFAULT_TIMEOUT: until all is delivered or has failed. Closing twice is allowed. */
KLAMM_API int32_t klamm_producer_close(klamm_producer_t *producer, int64_t timeout_ms, klamm_error_t **error);

KLAMM_API size_t klamm_deliveries_count(const klamm_deliveries_t *deliveries);
/* The next ones, at most `capacity` and that is at least 1, into an array whose first element has struct_size; *count is how
 * many, 0 at the end. */
KLAMM_API int32_t klamm_deliveries_read(klamm_deliveries_t *deliveries, klamm_delivery_t *rows, size_t capacity, size_t *count,
                                        klamm_error_t **error);
KLAMM_API void klamm_deliveries_free(klamm_deliveries_t *deliveries);

/* ---- Consumer ------------------------------------------------------------------------------------------------------------- */

enum { KLAMM_CREATE_TIME = 0, KLAMM_LOG_APPEND_TIME = 1 };

/* A record that was read. Its pointers live as long as the klamm_records_t they came from: nothing is copied. */
typedef struct klamm_consumer_record {
  size_t struct_size;
  const char *topic;
  int64_t offset;
  int64_t timestamp;
  const void *key; /* NULL: null */
  size_t key_size;
  const void *value; /* NULL: null */
  size_t value_size;
  const void *headers; /* encoded: for klamm_record_headers() */
  size_t headers_size;
  size_t header_count;
  int32_t partition;
  int32_t leader_epoch;   /* -1: not known */
  int32_t timestamp_type; /* KLAMM_CREATE_TIME or KLAMM_LOG_APPEND_TIME */
  int32_t reserved;
} klamm_consumer_record_t;

/* Called inside klamm_consumer_poll(), _unsubscribe() and _close() on the thread that called those. The same consumer may be
 * called: position, seek, commit. */
typedef void (*klamm_rebalance_fn)(klamm_consumer_t *consumer, const klamm_partitions_t *partitions, void *user);

typedef struct klamm_rebalance_listener {
  size_t struct_size;
  klamm_rebalance_fn on_revoked;  /* before the member rejoins: the last chance to commit what was processed */
  klamm_rebalance_fn on_assigned; /* the group has decided; nothing was fetched from the new partitions yet */
  klamm_rebalance_fn on_lost;     /* others may own them already; NULL: on_revoked is called instead */
  void *user;
} klamm_rebalance_listener_t;

/* The outcome of a commit. Called inside klamm_consumer_poll(), _commit_sync() or _close() on the thread that called those. */
typedef void (*klamm_commit_fn)(const klamm_partitions_t *offsets, const klamm_error_t *error, void *user);

/* Starts a consumer and its I/O thread; does not wait for a broker. */
KLAMM_API int32_t klamm_consumer_new(const klamm_config_t *config, klamm_consumer_t **consumer, klamm_error_t **error);
/* klamm_consumer_close() with its default time limit, and frees. Does nothing in a callback of this consumer. */
KLAMM_API void klamm_consumer_free(klamm_consumer_t *consumer);

/* Joins the group of group.id for these topics; replaces the subscription before. `listener` may be NULL. */
KLAMM_API int32_t klamm_consumer_subscribe(klamm_consumer_t *consumer, const char *const *topics, size_t count,
                                           const klamm_rebalance_listener_t *listener, klamm_error_t **error);
/* All topics whose whole name matches a regular expression (ECMAScript), also those that come later. */
KLAMM_API int32_t klamm_consumer_subscribe_pattern(klamm_consumer_t *consumer, const char *pattern,
                                                   const klamm_rebalance_listener_t *listener, klamm_error_t **error);
KLAMM_API int32_t klamm_consumer_unsubscribe(klamm_consumer_t *consumer, klamm_error_t **error);
/* Reads these partitions without a group's management; not together with subscribe. Offsets in the list are not looked at. */
KLAMM_API int32_t klamm_consumer_assign(klamm_consumer_t *consumer, const klamm_partitions_t *partitions, klamm_error_t **error);
KLAMM_API int32_t klamm_consumer_assignment(klamm_consumer_t *consumer, klamm_partitions_t **partitions, klamm_error_t **error);

/* Waits for records, at most `timeout_ms`, and returns as soon as there are some: at most max.poll.records. Success without
 * records is a batch of 0. Runs what is due: rebalances with their listener, commit callbacks, auto commit. A consumer
 * that does not poll for max.poll.interval.ms leaves its group. KLAMM_WAKEUP after klamm_consumer_wakeup(). */
KLAMM_API int32_t klamm_consumer_poll(klamm_consumer_t *consumer, int64_t timeout_ms, klamm_records_t **records, klamm_error_t **error);

KLAMM_API size_t klamm_records_count(const klamm_records_t *records);
/* The next records, at most `capacity` and that is at least 1, into an array whose first element has struct_size; *count is how
 * many, 0 at the end. When the call fails nothing was read.
 *
 *     klamm_consumer_record_t record = {.struct_size = sizeof record};
 *     size_t count = 0;
 *     int32_t code;
 *     while ((code = klamm_records_read(records, &record, 1, &count, &error)) == KLAMM_OK && count == 1) {
 *       use(record.value, record.value_size);
 *     }
 */
KLAMM_API int32_t klamm_records_read(klamm_records_t *records, klamm_consumer_record_t *rows, size_t capacity, size_t *count,
                                     klamm_error_t **error);
/* The next klamm_records_read() begins with the first record again. */
KLAMM_API void klamm_records_rewind(klamm_records_t *records);
/* The positions behind these records: what to commit when they are processed. */
KLAMM_API int32_t klamm_records_next_offsets(const klamm_records_t *records, klamm_partitions_t **offsets, klamm_error_t **error);
/* May be freed on any thread, and after the consumer. */
KLAMM_API void klamm_records_free(klamm_records_t *records);
/* The first headers of a record, at most `capacity`; returns how many. Keys have no NUL at their end. */
KLAMM_API size_t klamm_record_headers(const klamm_consumer_record_t *record, klamm_header_t *headers, size_t capacity);

/* Commits `offsets`, where the last entry of a partition counts, or with NULL the positions behind all that poll returned,
 * and retries what may be retried; at most `timeout_ms` or KLAMM_DEFAULT_TIMEOUT (default.api.timeout.ms). KLAMM_COMMIT_FAILED: the group has moved on. */
KLAMM_API int32_t klamm_consumer_commit_sync(klamm_consumer_t *consumer, const klamm_partitions_t *offsets, int64_t timeout_ms,
                                             klamm_error_t **error);
/* The same without waiting and without retries; `done` may be NULL. */
KLAMM_API int32_t klamm_consumer_commit_async(klamm_consumer_t *consumer, const klamm_partitions_t *offsets, klamm_commit_fn done,
                                              void *user, klamm_error_t **error);
/* What the group has committed for these partitions; those without a commit are not in the result. */
KLAMM_API int32_t klamm_consumer_committed(klamm_consumer_t *consumer, const klamm_partitions_t *partitions, int64_t timeout_ms,
                                           klamm_partitions_t **offsets, klamm_error_t **error);

/* The next poll reads from this offset. */
KLAMM_API int32_t klamm_consumer_seek(klamm_consumer_t *consumer, const char *topic, int32_t partition, int64_t offset,
                                      klamm_error_t **error);
/* To the offset of every entry, with its leader epoch. Those before one that is refused are sought. */
KLAMM_API int32_t klamm_consumer_seek_all(klamm_consumer_t *consumer, const klamm_partitions_t *offsets, klamm_error_t **error);
/* Of these partitions, or with NULL of all that are assigned; takes effect at the next poll or position. */
KLAMM_API int32_t klamm_consumer_seek_to_beginning(klamm_consumer_t *consumer, const klamm_partitions_t *partitions, klamm_error_t **error);
KLAMM_API int32_t klamm_consumer_seek_to_end(klamm_consumer_t *consumer, const klamm_partitions_t *partitions, klamm_error_t **error);
/* The offset of the next record that poll would return. */
KLAMM_API int32_t klamm_consumer_position(klamm_consumer_t *consumer, const char *topic, int32_t partition, int64_t timeout_ms,
                                          int64_t *offset, klamm_error_t **error);
/* The first offset, and the one behind the last record (with isolation.level=read_committed the last stable one). */
KLAMM_API int32_t klamm_consumer_beginning_offsets(klamm_consumer_t *consumer, const klamm_partitions_t *partitions,
                                                   int64_t timeout_ms, klamm_partitions_t **offsets, klamm_error_t **error);
KLAMM_API int32_t klamm_consumer_end_offsets(klamm_consumer_t *consumer, const klamm_partitions_t *partitions, int64_t timeout_ms,
                                             klamm_partitions_t **offsets, klamm_error_t **error);
/* The first record at or after the `timestamp` of each entry: its offset and timestamp; the offset is -1 where there is none. */
KLAMM_API int32_t klamm_consumer_offsets_for_times(klamm_consumer_t *consumer, const klamm_partitions_t *times, int64_t timeout_ms,
                                                   klamm_partitions_t **offsets, klamm_error_t **error);
/* The partitions of a topic, without offsets; an empty list for a topic that does not exist. */
KLAMM_API int32_t klamm_consumer_partitions_for(klamm_consumer_t *consumer, const char *topic, int64_t timeout_ms,
                                                klamm_partitions_t **partitions, klamm_error_t **error);

/* Poll returns nothing of these partitions until they are resumed; what was fetched is kept. */
KLAMM_API int32_t klamm_consumer_pause(klamm_consumer_t *consumer, const klamm_partitions_t *partitions, klamm_error_t **error);
KLAMM_API int32_t klamm_consumer_resume(klamm_consumer_t *consumer, const klamm_partitions_t *partitions, klamm_error_t **error);
KLAMM_API int32_t klamm_consumer_paused(klamm_consumer_t *consumer, klamm_partitions_t **partitions, klamm_error_t **error);
/* Ends the call that is waiting, or else the next one that would, with KLAMM_WAKEUP. From any thread and from a signal
 * handler. Does nothing with NULL. */
KLAMM_API void klamm_consumer_wakeup(klamm_consumer_t *consumer);
/* Commits if enable.auto.commit is true, leaves the group and ends the I/O thread, within `timeout_ms` whatever the network
 * does; KLAMM_DEFAULT_TIMEOUT is 30 s. Closing twice is allowed. */
KLAMM_API int32_t klamm_consumer_close(klamm_consumer_t *consumer, int64_t timeout_ms, klamm_error_t **error);

/* ---- Admin ---------------------------------------------------------------------------------------------------------------- */

/* One setting of a topic. This struct has no size: it stays as it is. */
typedef struct klamm_property {
  const char *name;
  const char *value;
} klamm_property_t;

typedef struct klamm_new_topic {
  size_t struct_size;
  const char *name;
  int32_t partitions;         /* 0: the broker's default */
  int32_t replication_factor; /* 0: the broker's default */
  const klamm_property_t *configs;
  size_t config_count;
} klamm_new_topic_t;

typedef struct klamm_admin_options {
  size_t struct_size;
  int64_t timeout_ms;    /* 0: default.api.timeout.ms */
  int32_t validate_only; /* create_topics, create_partitions: 1 checks and changes nothing */
  int32_t list_internal; /* list_topics: 1 names internal topics as well */
} klamm_admin_options_t;

/* What a call has to say about one topic. */
typedef struct klamm_topic {
  size_t struct_size;
  const char *name;
  const char *topic_id;       /* as Kafka's tools print it; "" where the call does not say */
  const klamm_error_t *error; /* NULL: none. Never freed by the caller */
  int32_t error_code;
  int32_t is_internal;
  int32_t partition_count; /* -1 where the call does not say */
  int32_t reserved;
} klamm_topic_t;

typedef struct klamm_topic_partition_info {
  size_t struct_size;
  const int32_t *replicas; /* ids of brokers, the preferred leader first */
  size_t replica_count;
  const int32_t *in_sync_replicas;
  size_t in_sync_count;
  int32_t partition;
  int32_t leader; /* -1: none at the moment */
} klamm_topic_partition_info_t;

/* Starts an admin client and its I/O thread; does not wait for a broker. */
KLAMM_API int32_t klamm_admin_new(const klamm_config_t *config, klamm_admin_t **admin, klamm_error_t **error);
KLAMM_API void klamm_admin_free(klamm_admin_t *admin);

/* These calls wait for their answer. `options` may be NULL. `topics` may be NULL where nobody wants to know of each topic;
 * when it is not, *topics is a list in the order of the names, also when the call returns the first topic's error. */
KLAMM_API int32_t klamm_admin_create_topics(klamm_admin_t *admin, const klamm_new_topic_t *new_topics, size_t count,
                                            const klamm_admin_options_t *options, klamm_topics_t **topics, klamm_error_t **error);
KLAMM_API int32_t klamm_admin_delete_topics(klamm_admin_t *admin, const char *const *names, size_t count,
                                            const klamm_admin_options_t *options, klamm_topics_t **topics, klamm_error_t **error);
/* With their partitions: see klamm_topics_partition(). Never creates a topic. */
KLAMM_API int32_t klamm_admin_describe_topics(klamm_admin_t *admin, const char *const *names, size_t count,
                                              const klamm_admin_options_t *options, klamm_topics_t **topics, klamm_error_t **error);
KLAMM_API int32_t klamm_admin_list_topics(klamm_admin_t *admin, const klamm_admin_options_t *options, klamm_topics_t **topics,
                                          klamm_error_t **error);
/* Raises the number of a topic's partitions to `total`. */
KLAMM_API int32_t klamm_admin_create_partitions(klamm_admin_t *admin, const char *topic, int32_t total,
                                                const klamm_admin_options_t *options, klamm_error_t **error);

KLAMM_API size_t klamm_topics_count(const klamm_topics_t *topics);
/* NULL behind the end. */
KLAMM_API const klamm_topic_t *klamm_topics_at(const klamm_topics_t *topics, size_t index);
/* NULL behind the last partition, and for calls that do not describe. */
KLAMM_API const klamm_topic_partition_info_t *klamm_topics_partition(const klamm_topics_t *topics, size_t index, size_t partition);
KLAMM_API void klamm_topics_free(klamm_topics_t *topics);

#ifdef __cplusplus
}
#endif

#endif
