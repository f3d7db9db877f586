/* Prints a topic as a member of a group until Ctrl-C, or until COUNT records were printed:  c-consumer SERVERS TOPIC GROUP [COUNT]
 *
 * What was printed is committed after each poll and before partitions go to another member. */

#include <klamm.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static klamm_consumer_t *consumer;

static void on_signal(int number) {
  (void)number;
  klamm_consumer_wakeup(consumer); /* allowed in a signal handler */
}

static void on_revoked(klamm_consumer_t *of, const klamm_partitions_t *partitions, void *user) {
  (void)user;
  klamm_error_t *error = NULL;
  if (klamm_partitions_count(partitions) > 0 && klamm_consumer_commit_sync(of, NULL, KLAMM_DEFAULT_TIMEOUT, &error) != KLAMM_OK) {
    fprintf(stderr, "commit: %s\n", klamm_error_message(error));
  }
  klamm_error_free(error);
}

static int32_t start(char **argv, klamm_error_t **error) {
  const char *settings[][2] = {{"bootstrap.servers", argv[1]}, {"group.id", argv[3]}, {"auto.offset.reset", "earliest"}, {"enable.auto.commit", "false"}};
  const char *topics[] = {argv[2]};
  klamm_rebalance_listener_t listener = {.struct_size = sizeof listener, .on_revoked = on_revoked};
  klamm_config_t *config = klamm_config_new();
  int32_t code = KLAMM_OK;
  for (size_t i = 0; i < sizeof settings / sizeof *settings && code == KLAMM_OK; i++) {
    code = klamm_config_set(config, settings[i][0], settings[i][1], error);
  }
  if (code == KLAMM_OK) code = klamm_consumer_new(config, &consumer, error);
  if (code == KLAMM_OK) code = klamm_consumer_subscribe(consumer, topics, 1, &listener, error);
  klamm_config_free(config);
  return code;
}

/* Prints until `left` is 0, or for ever when it was less from the start. */
static int32_t print_records(long left, klamm_error_t **error) {
  while (left != 0) {
    klamm_records_t *records = NULL;
    klamm_consumer_record_t record = {.struct_size = sizeof record};
    int32_t code = klamm_consumer_poll(consumer, 1000, &records, error);
    if (code != KLAMM_OK) return code;
    while (left != 0 && klamm_records_read(records, &record, 1)) {
      printf("%.*s\n", (int)record.value_size, record.value != NULL ? (const char *)record.value : "(null)");
      left--;
      /* The poll may have brought more than is wanted: the next poll, or the next program, begins behind this one. */
      if (left == 0) code = klamm_consumer_seek(consumer, record.topic, record.partition, record.offset + 1, error);
    }
    fflush(stdout);
    if (code == KLAMM_OK && klamm_records_count(records) > 0) code = klamm_consumer_commit_sync(consumer, NULL, KLAMM_DEFAULT_TIMEOUT, error);
    klamm_records_free(records);
    if (code != KLAMM_OK) return code;
  }
  return KLAMM_OK;
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
    code = print_records(argc == 5 ? strtol(argv[4], NULL, 10) : -1, &error);
    if (code == KLAMM_WAKEUP) code = KLAMM_OK; /* a signal: the usual end */
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
  }
  if (code != KLAMM_OK) fprintf(stderr, "%s\n", klamm_error_message(error));
  klamm_error_free(error);
  klamm_consumer_free(consumer); /* leaves the group at once */
  return code != KLAMM_OK;
}
