// One record to a broker inside this process.

#include <cstdio>

#include <klamm/broker/embedded.h>
#include <klamm/producer.h>

int main() {
  auto kafka = klamm::broker::Embedded::start();
  klamm::Producer<std::string, std::string> producer({{"bootstrap.servers", kafka.bootstrapServers()}});
  bool acknowledged = false;
  producer.send({.topic = "first", .value = "hello"}, [&acknowledged](const klamm::RecordMetadata&, const klamm::Error& error) { acknowledged = !error; });
  producer.close();
  std::puts(acknowledged ? "acknowledged" : "failed");
  return acknowledged ? 0 : 1;
}
