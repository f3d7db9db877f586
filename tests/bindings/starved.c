/* Calls in which memory runs out, at the first allocation, at the second and so on until there are enough: each says so by
 * its code and an error object, and nothing is broken behind it. And handles that were freed. No cluster is needed. */
#include <klamm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__libc_malloc(size_t size); /* glibc's own, behind those below */
void __libc_free(void *memory);

static __thread long left = -1; /* allocations that this thread may make; -1: any number */
static __thread int once;       /* only one of them fails */

void *malloc(size_t size) {
  if (left == 0) {
    if (once) left = -1;
    return NULL;
  }
  if (left > 0) left--;
  return __libc_malloc(size);
}

static __thread int keep; /* what this thread frees stays readable */

void free(void *memory) {
  if (!keep) __libc_free(memory);
}

static klamm_config_t *config;
static klamm_partitions_t *list;
static klamm_producer_t *producer;
static klamm_producer_t *keeping; /* one delivery at most */
static klamm_consumer_t *consumer;

static int32_t set_config(klamm_error_t **error) {
  return klamm_config_set(config, "client.id", "a name that is longer than what fits into a string in place", error);
}
static int32_t refuse_config(klamm_error_t **error) {
  int32_t code = klamm_config_set(config, "linger.ms", "soon", error);
  return code == KLAMM_INVALID_CLIENT_CONFIG ? KLAMM_OK : code;
}
static int32_t add_partition(klamm_error_t **error) {
  size_t before = klamm_partitions_count(list);
  int32_t code = klamm_partitions_add(list, before % 2 == 0 ? "even" : "a topic with a name that is longer than others", 0, 0, error);
  if (klamm_partitions_count(list) != before + (code == KLAMM_OK)) exit(3); /* all or nothing */
  return code;
}
static int32_t make_producer(klamm_error_t **error) { return klamm_producer_new(config, NULL, &producer, error); }
static int32_t make_consumer(klamm_error_t **error) { return klamm_consumer_new(config, &consumer, error); }
static int32_t assign(klamm_error_t **error) { return klamm_consumer_assign(consumer, list, error); }
static int32_t pause_all(klamm_error_t **error) { return klamm_consumer_pause(consumer, list, error); }
static int32_t seek_all(klamm_error_t **error) { return klamm_consumer_seek_all(consumer, list, error); }
static int32_t read_assignment(klamm_error_t **error) {
  klamm_partitions_t *assignment = NULL;
  int32_t code = klamm_consumer_assignment(consumer, &assignment, error);
  if ((assignment != NULL) != (code == KLAMM_OK)) exit(4); /* results on success only */
  klamm_partitions_free(assignment);
  return code;
}
static int32_t refuse_record(klamm_error_t **error) {
  klamm_producer_record_t record = {.struct_size = sizeof record, .topic = "t", .has_partition = 1, .partition = -1};
  int32_t code = klamm_producer_send(producer, &record, error);
  return code == KLAMM_ILLEGAL_ARGUMENT ? KLAMM_OK : code;
}

static int32_t send_kept(klamm_error_t **error) {
  klamm_producer_record_t record = {.struct_size = sizeof record, .topic = "a topic with a name that no broker has told of"};
  klamm_deliveries_t *deliveries = NULL;
  int32_t code = klamm_producer_send(keeping, &record, error);
  long rest = left;
  left = -1;
  int32_t taken = klamm_producer_take_deliveries(keeping, 0, &deliveries, NULL); /* there is room for the next one */
  if (taken != KLAMM_OK && taken != KLAMM_OUT_OF_MEMORY) exit(8);
  if (taken == KLAMM_OK && klamm_deliveries_count(deliveries) != (code == KLAMM_OK)) exit(9);
  klamm_deliveries_free(deliveries);
  left = rest;
  return code;
}

/* How often the call found no memory. */
static long starve(const char *name, int32_t (*call)(klamm_error_t **), int only_once) {
  once = only_once;
  for (long allowed = 0;; allowed++) {
    klamm_error_t *error = NULL;
    left = allowed;
    int32_t code = call(&error);
    int enough = left > 0;
    left = -1;
    if (enough) {
      if (code != KLAMM_OK) {
        fprintf(stderr, "%s: %s\n", name, klamm_error_message(error));
        exit(1);
      }
      klamm_error_free(error);
      printf("ok: %s: %ld allocations\n", name, allowed);
      return allowed;
    }
    if (code != KLAMM_OK && strcmp(klamm_error_name(error), "OUT_OF_MEMORY") != 0) {
      fprintf(stderr, "%s with %ld allocations: %d %s\n", name, allowed, (int)code, klamm_error_message(error));
      exit(1);
    }
    klamm_error_free(error);
  }
}

/* Without an error object NULL says it. */
static void starve_new(void) {
  left = 0;
  klamm_config_t *no_config = klamm_config_new();
  klamm_partitions_t *no_list = klamm_partitions_new();
  left = -1;
  if (no_config != NULL || no_list != NULL) exit(6);
}

/* Its sends fail at once: there is no broker. */
static void make_keeping(void) {
  klamm_config_t *impatient = klamm_config_new();
  klamm_producer_options_t options = {.struct_size = sizeof options, .delivery_queue_limit = 1};
  if (klamm_config_set(impatient, "bootstrap.servers", "127.0.0.1:1", NULL) != KLAMM_OK) exit(2);
  if (klamm_config_set(impatient, "max.block.ms", "0", NULL) != KLAMM_OK) exit(2);
  if (klamm_producer_new(impatient, &options, &keeping, NULL) != KLAMM_OK) exit(2);
  klamm_config_free(impatient);
}

/* As long as nobody else has their memory, freed handles are refused, and freeing them again does nothing. */
static void use_freed(void) {
  klamm_config_t *freed_config = klamm_config_new();
  klamm_partitions_t *freed_list = klamm_partitions_new();
  klamm_producer_t *freed_producer = NULL;
  if (klamm_config_set(freed_config, "bootstrap.servers", "127.0.0.1:1", NULL) != KLAMM_OK) exit(2);
  if (klamm_producer_new(freed_config, NULL, &freed_producer, NULL) != KLAMM_OK) exit(2);
  keep = 1;
  for (int i = 0; i < 2; i++) {
    klamm_producer_free(freed_producer);
    klamm_partitions_free(freed_list);
    klamm_config_free(freed_config);
  }
  if (klamm_producer_flush(freed_producer, NULL) != KLAMM_ILLEGAL_ARGUMENT) exit(7);
  if (klamm_partitions_add(freed_list, "t", 0, 0, NULL) != KLAMM_ILLEGAL_ARGUMENT) exit(7);
  if (klamm_config_set(freed_config, "acks", "all", NULL) != KLAMM_ILLEGAL_ARGUMENT) exit(7);
  keep = 0;
}

int main(void) {
  long starved = 0;
  starve_new();
  use_freed();
  config = klamm_config_new();
  list = klamm_partitions_new();
  if (klamm_config_set(config, "bootstrap.servers", "127.0.0.1:1", NULL) != KLAMM_OK) return 2;
  starved += starve("set a configuration", set_config, 0);
  starved += starve("refuse a configuration", refuse_config, 0);
  for (int i = 0; i < 5; i++) starved += starve("add a partition", add_partition, 0);
  starved += starve("make a producer", make_producer, 1);
  starved += starve("make a consumer", make_consumer, 1);
  starved += starve("refuse a record", refuse_record, 0);
  make_keeping();
  starved += starve("send with a kept delivery", send_kept, 0);
  starved += starve("assign", assign, 0);
  starved += starve("pause", pause_all, 0);
  starved += starve("seek", seek_all, 0);
  starved += starve("read the assignment", read_assignment, 0);
  klamm_consumer_free(consumer);
  klamm_producer_free(keeping);
  klamm_producer_free(producer);
  klamm_partitions_free(list);
  klamm_config_free(config);
  return starved > 20 ? 0 : 5; /* else malloc was not ours */
}
