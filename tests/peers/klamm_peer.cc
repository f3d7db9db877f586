// Our own peer: produces and consumes records in the line form of README.md, through the public API only.

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include <klamm/consumer.h>
#include <klamm/producer.h>

namespace {

using klamm::Bytes;
using klamm::BytesView;

constexpr const char* kUsage =
    "usage: klamm-peer produce BOOTSTRAP TOPIC CODEC          (records on stdin)\n"
    "       klamm-peer consume BOOTSTRAP TOPIC GROUP COUNT     (records on stdout, offsets committed)\n";

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "klamm-peer: %s\n", why.c_str());
  std::exit(1);
}

/// Hexadecimal digits; "-" is null.
std::optional<Bytes> field(std::string_view text) {
  if (text == "-") return std::nullopt;
  Bytes bytes(text.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    unsigned value = 0;
    std::from_chars(text.data() + 2 * i, text.data() + 2 * i + 2, value, 16);
    bytes[i] = static_cast<std::byte>(value);
  }
  return bytes;
}

void show(std::optional<BytesView> bytes, std::string& out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  if (!bytes) {
    out += '-';
    return;
  }
  for (const std::byte byte : *bytes) {
    out += kDigits[static_cast<unsigned>(byte) >> 4];
    out += kDigits[static_cast<unsigned>(byte) & 15];
  }
}

std::optional<BytesView> viewOf(const std::optional<Bytes>& bytes) {
  return bytes ? std::optional<BytesView>(*bytes) : std::nullopt;
}

/// One line taken apart; its headers point into it and into `values`.
struct Line {
  std::optional<Bytes> key, value;
  std::vector<std::optional<Bytes>> values;
  std::vector<klamm::Header> headers;

  explicit Line(std::string_view text) {
    const std::size_t first = text.find('\t'), second = text.find('\t', first + 1);
    key = field(text.substr(0, first));
    value = field(text.substr(first + 1, second - first - 1));
    std::vector<std::string_view> names;
    for (std::string_view rest = text.substr(second + 1); !rest.empty();) {
      const std::size_t comma = std::min(rest.find(','), rest.size()), equals = rest.find('=');
      names.push_back(rest.substr(0, equals));
      values.push_back(field(rest.substr(equals + 1, comma - equals - 1)));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    for (std::size_t i = 0; i < names.size(); ++i) headers.push_back({.key = names[i], .value = viewOf(values[i])});
  }
};

void produce(const char* bootstrap, const char* topic, const char* codec) {
  klamm::Producer<BytesView, BytesView> producer(
      klamm::Config{{"bootstrap.servers", bootstrap}, {"compression.type", codec}, {"linger.ms", "5"}});
  for (std::string text; std::getline(std::cin, text);) {
    const Line line(text);
    producer.send({.topic = topic, .key = viewOf(line.key), .value = viewOf(line.value), .headers = line.headers},
                  [](const klamm::RecordMetadata&, const klamm::Error& error) {
                    if (error) die(error.message());
                  });
  }
  producer.close();
}

void consume(const char* bootstrap, const char* topic, const char* group, long count) {
  klamm::Consumer<BytesView, BytesView> consumer(klamm::Config{{"bootstrap.servers", bootstrap},
                                                               {"group.id", group},
                                                               {"auto.offset.reset", "earliest"},
                                                               {"enable.auto.commit", "false"}});
  consumer.subscribe({topic});
  std::string out;
  for (long seen = 0; seen < count;) {
    for (const auto& record : consumer.poll(std::chrono::seconds(1))) {
      show(record.key, out);
      out += '\t';
      show(record.value, out);
      out += '\t';
      const char* separator = "";
      for (const auto& header : record.headers) {
        out.append(separator).append(header.key).append("=");
        show(header.value, out);
        separator = ",";
      }
      out += '\n';
      ++seen;
    }
    std::fwrite(out.data(), 1, out.size(), stdout);
    out.clear();
  }
  consumer.commitSync();
  consumer.close();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "";
  try {
    if (verb == "produce" && argc == 5) produce(argv[2], argv[3], argv[4]);
    else if (verb == "consume" && argc == 6) consume(argv[2], argv[3], argv[4], std::atol(argv[5]));
    else {
      std::fputs(kUsage, stderr);
      return 2;
    }
  } catch (const klamm::KafkaException& failure) {
    die(failure.what());
  }
  return 0;
}
