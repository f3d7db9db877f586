#include "shop.h"

std::int64_t Shop::sell(const std::string& customer, const std::string& item) {
  auto stored = producer_.send({.topic = "orders", .key = customer, .value = item});
  producer_.flush();
  return stored.get().offset;
}
