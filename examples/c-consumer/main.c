/* Prints a topic as a member of a group until Ctrl-C, or until COUNT records were printed:  c-consumer SERVERS TOPIC GROUP [COUNT]
 *
 * What was printed, and nothing else, is committed before the next poll: so also before partitions go to another member. */

#include <klamm.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static klamm_consumer_t *consumer;

static void on_signal(int number) {
  (void)number;
  klamm_consumer_wakeup(consumer); /* allowed in a signal handler */
}

static int32_t start(char **argv, klamm_error_t **error) {
  const char *settings[][2] = {{"bootstrap.servers", argv[1]}, {"group.id", argv[3]}, {"auto.offset.reset", "earliest"}, {"enable.auto.commit", "false"}};
  const char *topics[] = {argv[2]};
  klamm_config_t *config = klamm_config_new();
  int32_t code = KLAMM_OK;
  for (size_t i = 0; i < sizeof settings / sizeof *settings && code == KLAMM_OK; i++) {
    code = klamm_config_set(config, settings[i][0], settings[i][1], error);
  }
  if (code == KLAMM_OK) code = klamm_consumer_new(config, &consumer, error);
  if (code == KLAMM_OK) code = klamm_consumer_subscribe(consumer, topics, 1, NULL, error);
  klamm_config_free(config);
  return code;
}

/* Prints at most *left records, or all when that is negative, and commits the offsets behind them. */
static int32_t print_records(klamm_records_t *records, long *left, klamm_error_t **error) {
  int32_t code = KLAMM_OK;
  size_t count = 0;
  klamm_consumer_record_t record = {.struct_size = sizeof record};
  klamm_partitions_t *printed = klamm_partitions_new();
  while (code == KLAMM_OK && *left != 0) {
    code = klamm_records_read(records, &record, 1, &count, error);
    if (code != KLAMM_OK || count == 0) break;
    printf("%.*s\n", (int)record.value_size, record.value != NULL ? (const char *)record.value : "(null)");
    --*left;
    /* The poll may have brought more than is wanted, so the list has what was printed. The last entry of a partition counts. */
    code = klamm_partitions_add(printed, record.topic, record.partition, record.offset + 1, error);
  }
  fflush(stdout);
  if (code == KLAMM_OK && klamm_partitions_count(printed) > 0) code = klamm_consumer_commit_sync(consumer, printed, KLAMM_DEFAULT_TIMEOUT, error);
  klamm_partitions_free(printed);
  return code;
}

/* Until `left` records were printed, or for ever when it is negative. */
static int32_t consume(long left, klamm_error_t **error) {
  int32_t code = KLAMM_OK;
  while (code == KLAMM_OK && left != 0) {
    klamm_records_t *records = NULL;
    code = klamm_consumer_poll(consumer, 1000, &records, error);
    if (code == KLAMM_OK) code = print_records(records, &left, error);
    klamm_records_free(records);
  }
  return code;
}

int main(int argc, char **argv) {
  klamm_error_t *error = NULL;
  if (argc != 4 && argc != 5) {
    fprintf(stderr, "usage: c-consumer SERVERS TOPIC GROUP [COUNT]\n");
    return 2;
  }
  int32_t code = start(argv, &error);
  if (code == KLAMM_OK) {
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    code = consume(argc == 5 ? strtol(argv[4], NULL, 10) : -1, &error);
    if (code == KLAMM_WAKEUP) code = KLAMM_OK; /* a signal: the usual end */
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
  }
  if (code != KLAMM_OK) fprintf(stderr, "%s\n", klamm_error_message(error));
  klamm_error_free(error);
  klamm_consumer_free(consumer); /* leaves the group at once */
  return code != KLAMM_OK;
}
