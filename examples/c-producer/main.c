/* Sends each line of standard input as a record:  c-producer SERVERS TOPIC */

#include <klamm.h>

#include <stdio.h>
#include <string.h>

typedef struct {
  int delivered;
  int failed;
} counts_t;

/* On the producer's I/O thread; what it counts is read behind klamm_producer_close(). */
static void on_delivery(const klamm_delivery_t *delivery, void *user) {
  counts_t *counts = user;
  if (delivery->error == NULL) {
    counts->delivered++;
  } else {
    counts->failed++;
    fprintf(stderr, "%s\n", klamm_error_message(delivery->error));
  }
}

static int32_t send_lines(klamm_producer_t *producer, const char *topic, klamm_error_t **error) {
  char line[65536];
  while (fgets(line, sizeof line, stdin) != NULL) {
    klamm_producer_record_t record = {.struct_size = sizeof record, .topic = topic, .value = line};
    record.value_size = strcspn(line, "\n");
    /* A record that cannot be delivered is told to on_delivery; this is for what is wrong with the call itself. */
    int32_t code = klamm_producer_send(producer, &record, error);
    if (code != KLAMM_OK) return code;
  }
  return klamm_producer_close(producer, KLAMM_DEFAULT_TIMEOUT, error); /* waits until each delivery has come */
}

int main(int argc, char **argv) {
  counts_t counts = {0, 0};
  klamm_error_t *error = NULL;
  klamm_producer_t *producer = NULL;
  klamm_producer_options_t options = {.struct_size = sizeof options, .on_delivery = on_delivery, .user = &counts};
  if (argc != 3) {
    fprintf(stderr, "usage: c-producer SERVERS TOPIC\n");
    return 2;
  }
  klamm_config_t *config = klamm_config_new();
  if (klamm_config_set(config, "bootstrap.servers", argv[1], &error) == KLAMM_OK &&
      klamm_producer_new(config, &options, &producer, &error) == KLAMM_OK && send_lines(producer, argv[2], &error) == KLAMM_OK) {
    printf("%d delivered, %d failed\n", counts.delivered, counts.failed);
  }
  const int status = error != NULL || counts.failed != 0;
  if (error != NULL) fprintf(stderr, "%s\n", klamm_error_message(error));
  klamm_error_free(error);
  klamm_producer_free(producer);
  klamm_config_free(config);
  return status;
}
