/* What the C test's files share. */
#ifndef KLAMM_TESTS_BINDINGS_CHECK_H
#define KLAMM_TESTS_BINDINGS_CHECK_H

#include <klamm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program, with the place and what was found. */
#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) fail(__FILE__, __LINE__, #condition);                     \
  } while (0)
/* A call that must succeed, with the error object it ends with. */
#define OK(call)                                                                \
  do {                                                                          \
    klamm_error_t *error = NULL;                                                \
    if ((call) != KLAMM_OK) fail(__FILE__, __LINE__, klamm_error_message(error)); \
    if (error != NULL) fail(__FILE__, __LINE__, "success with an error object"); \
  } while (0)
/* A call that must fail with this code, and say so with an object. */
#define FAILS(expected, call)                                                   \
  do {                                                                          \
    klamm_error_t *error = NULL;                                                \
    int32_t got = (call);                                                       \
    if (got != (expected)) fail_code(__FILE__, __LINE__, #call, expected, got); \
    if (klamm_error_code(error) != (expected)) fail(__FILE__, __LINE__, "the object has another code"); \
    if (*klamm_error_message(error) == '\0') fail(__FILE__, __LINE__, "the error has no message"); \
    klamm_error_free(error);                                                    \
  } while (0)

void fail(const char *file, int line, const char *what);
void fail_code(const char *file, int line, const char *call, int32_t expected, int32_t got);

/* The cluster's properties, and pairs of further ones ending with NULL. */
klamm_config_t *config_with(const char *const *pairs);
klamm_producer_t *new_producer(const klamm_producer_options_t *options);
klamm_consumer_t *new_consumer(const char *group);
klamm_admin_t *new_admin(void);
/* A name that no other run used. */
const char *new_name(const char *prefix);
void create_topic(const char *name, int32_t partitions);
/* `count` values "0", "1", ... to partition 0, 1, ... of `partitions` in turn. */
void produce_numbers(const char *topic, int count, int32_t partitions);
/* A list of one. */
klamm_partitions_t *one(const char *topic, int32_t partition, int64_t offset);

void test_arguments(void);
void test_reading_arguments(void);
void test_struct_sizes(void);
void test_config(void);
void test_errors(void);
void test_topics(void);
void test_ten_thousand_deliveries(void);
void test_failed_deliveries(void);
void test_kept_deliveries(void);
void test_two_takers(void);
void test_close_ends_taking(void);
void test_free_in_a_callback(void);
void test_fields_of_records(void);
void test_group_of_two(void);
void test_commits(void);
void test_positions(void);
void test_pause(void);
void test_wakeup(void);
void test_two_threads(void);
void test_after_close(void);

#endif
