#include "golden/pairs.h"

#include <fmt/format.h>

#include "golden/json_message.h"
#include "protocol/frame.h"
#include "protocol/stored_record.h"
#include "unit/protocol/random_message.h"

namespace klamm::golden {
namespace {

using namespace klamm::protocol;
using protocol::test::AnyMessage;
using protocol::test::encodeAny;
using protocol::test::joined;
using protocol::test::toHex;

std::string unlike(std::string_view what, BytesView ours, BytesView kafkas) {
  return fmt::format("{}\n  {}\ninstead of\n  {}", what, toHex(ours), toHex(kafkas));
}

bool isTyped(ErrorCode code) { return code == ErrorCode::InvalidRequest || code == ErrorCode::MalformedResponse; }

/// Nothing but the whole may pass: whoever takes less would go on reading in the middle of a message.
std::string prefixThatPasses(const MessageInfo& info, std::int16_t version, const Buffer& bytes) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    AnyMessage message(info);
    const auto read = decodeInto(message.get(), bytes.slice(0, size), version);
    if (read) return fmt::format("decodes {} of its {} bytes", size, bytes.size());
    if (!isTyped(read.error().code())) return fmt::format("refuses {} bytes with {}", size, read.error().message());
  }
  return {};
}

/// Bytes -> values -> bytes, values -> JSON.
std::string decodingOf(const Pair& pair, AnyMessage& message) {
  const auto read = decodeInto(message.get(), pair.body, pair.version);
  if (!read) return "does not decode: " + read.error().message();
  if (*read != pair.body.size()) return fmt::format("leaves {} bytes", pair.body.size() - *read);
  const auto again = encodeAny(std::as_const(message).get(), pair.version);
  if (!again) return "does not encode: " + again.error().message();
  if (*again != pair.body) return unlike("encodes to", *again, pair.body);
  const std::string printed = toJson(std::as_const(message).get(), pair.version);
  if (printed != pair.printed) return fmt::format("prints\n  {}\ninstead of\n  {}", printed, pair.printed);
  return {};
}

/// JSON -> values -> bytes.
std::string encodingOf(const Pair& pair, const MessageInfo& info, const AnyMessage& decoded) {
  AnyMessage message(info);
  const std::string fault = fillFromJson(message.get(), pair.whole);
  if (!fault.empty()) return "cannot be filled from its JSON: " + fault;
  const auto bytes = encodeAny(std::as_const(message).get(), pair.version);
  if (!bytes) return "does not encode from its JSON: " + bytes.error().message();
  if (*bytes != pair.body) return unlike("encodes from its JSON to", *bytes, pair.body);
  if (!(message == decoded)) return "decodes to other values than those of " + pair.whole;
  const auto size = encodedSize(std::as_const(message).get(), pair.version);
  if (!size || *size != pair.body.size()) return "has the wrong size";
  return {};
}

Buffer concatenated(BytesView first, BytesView second) {
  std::vector<std::byte> all(first.begin(), first.end());
  all.insert(all.end(), second.begin(), second.end());
  return Buffer::adopt(std::move(all));
}

template <class Header>
std::string headerDifference(const Buffer& bytes, std::int16_t version, Header& header) {
  const auto read = decodePrefix<Header>(bytes, version);
  if (!read) return "has a header that does not decode: " + read.error().message();
  if (read->bytesRead != bytes.size()) return "has a header that leaves bytes";
  header = read->message;
  const auto again = encodeToBuffer(header, version);
  if (!again || *again != bytes) return "has a header that is encoded differently from " + toHex(bytes);
  return prefixThatPasses(Header::kInfo, version, bytes);
}

std::string requestDifference(const Pair& pair, const ApiInfo& api, const AnyMessage& body) {
  RequestHeader header;
  std::string difference = headerDifference(pair.front, api.requestHeaderVersion(pair.version), header);
  if (!difference.empty()) return difference;
  const Buffer frame = concatenated(pair.front, pair.body);
  const auto request = parseRequest(frame);
  if (!request) return "has a frame that is refused: " + request.error().message();
  if (request->api != &api || request->version() != pair.version || !(request->header == header) || request->body != pair.body) {
    return "has a frame that is taken for another";
  }
  if (!header.unknownTaggedFields.empty()) return {};
  const auto ours = encodeRequestFrame(api.key, body.get(), pair.version, header.correlationId, header.clientId);
  if (!ours) return "has a frame that does not encode: " + ours.error().message();
  const Buffer sent = joined(*ours);
  return sent.slice(sizeof(std::int32_t)) == frame ? "" : unlike("is framed as", sent.slice(sizeof(std::int32_t)), frame);
}

std::string responseDifference(const Pair& pair, const ApiInfo& api, const AnyMessage& body) {
  ResponseHeader header;
  std::string difference = headerDifference(pair.front, api.responseHeaderVersion(pair.version), header);
  if (!difference.empty()) return difference;
  const Buffer frame = concatenated(pair.front, pair.body);
  const auto response = parseResponse(frame, api.key, pair.version);
  if (!response) return "has a frame that is refused: " + response.error().message();
  if (response->correlationId != header.correlationId || response->body != pair.body) return "has a frame that is taken for another";
  if (!header.unknownTaggedFields.empty()) return {};
  const auto ours = encodeResponseFrame(api.key, body.get(), pair.version, header.correlationId);
  if (!ours) return "has a frame that does not encode: " + ours.error().message();
  const Buffer sent = joined(*ours);
  return sent.slice(sizeof(std::int32_t)) == frame ? "" : unlike("is framed as", sent.slice(sizeof(std::int32_t)), frame);
}

std::string storedDifference(const Pair& pair, const MessageInfo& info, const AnyMessage& body) {
  if (info.kind == MessageKind::Metadata) {
    const auto frame = parseMetadataFrame(pair.front);
    if (!frame) return "is refused as stored: " + frame.error().message();
    if (frame->type != info.key || frame->version != pair.version || frame->body != pair.body) return "is taken for another as stored";
    const auto ours = encodeMetadataFrame(body.get(), pair.version);
    return ours && *ours == pair.front ? "" : "is stored differently from " + toHex(pair.front);
  }
  const std::int16_t prefix = info.kind == MessageKind::CoordinatorKey ? info.key : pair.version;
  const auto said = storedPrefix(pair.front);
  if (!said || *said != prefix) return "says another type or version as stored: " + toHex(pair.front);
  const auto ours = encodeStored(body.get(), prefix, pair.version);
  return ours && *ours == pair.front ? "" : "is stored differently from " + toHex(pair.front);
}

std::string headerVersions(const ApiInfo& api, bool request) {
  std::string text;
  for (std::int16_t version = api.versions.first; version <= api.versions.last; ++version) {
    text += (text.empty() ? "" : ",") + std::to_string(request ? api.requestHeaderVersion(version) : api.responseHeaderVersion(version));
  }
  return text;
}

}  // namespace

Pair pairOf(const std::vector<std::string>& columns) {
  Pair pair;
  pair.kind = columns.at(1);
  pair.javaClass = columns.at(2);
  pair.key = static_cast<std::int16_t>(std::stoi(columns.at(3)));
  pair.version = static_cast<std::int16_t>(std::stoi(columns.at(4)));
  pair.seed = std::stoi(columns.at(5));
  pair.front = protocol::test::fromHex(columns.at(6));
  pair.body = protocol::test::fromHex(columns.at(7));
  pair.printed = columns.at(8);
  pair.whole = columns.at(9) == "=" ? pair.printed : columns.at(9);
  return pair;
}

std::string javaClassOf(const MessageInfo& info) {
  const bool suffixed = info.kind == MessageKind::Request || info.kind == MessageKind::Response || info.kind == MessageKind::Header;
  return std::string(info.name) + (suffixed ? "Data" : "");
}

std::string differenceOf(const Pair& pair, const MessageInfo& info) {
  AnyMessage message(info);
  std::string difference = decodingOf(pair, message);
  if (difference.empty()) difference = encodingOf(pair, info, message);
  if (difference.empty()) difference = prefixThatPasses(info, pair.version, pair.body);
  if (!difference.empty()) return difference;
  if (pair.kind == "message") return info.kind == MessageKind::Header ? "" : storedDifference(pair, info, message);
  const ApiInfo* api = findApi(pair.key);
  if (api == nullptr) return "has a key that no API has";
  return pair.kind == "request" ? requestDifference(pair, *api, message) : responseDifference(pair, *api, message);
}

void Completeness::sawApi(const std::vector<std::string>& columns) {
  Declared& api = apis_[std::stoi(columns.at(1))];
  api.name = columns.at(2);
  api.facts = fmt::format("versions {}-{}, unstable {}, request headers {}, response headers {}", columns.at(3), columns.at(4), columns.at(5),
                          columns.at(6), columns.at(7));
}

void Completeness::sawClass(const std::vector<std::string>& columns) {
  classes_[columns.at(1)] = {static_cast<std::int16_t>(std::stoi(columns.at(2))), static_cast<std::int16_t>(std::stoi(columns.at(3)))};
}

void Completeness::needPairs(const std::string& javaClass, Versions versions, std::vector<std::string>& faults) const {
  for (std::int16_t version = versions.first; version <= versions.last; ++version) {
    const auto found = seen_.find({javaClass, version});
    for (int seed = 0; seed < seeds_; ++seed) {
      if (found != seen_.end() && found->second.contains(seed)) continue;
      faults.push_back(fmt::format("{} v{}: the pair of seed {} is missing", javaClass, version, seed));
    }
  }
}

std::vector<std::string> Completeness::faults() const {
  std::vector<std::string> faults;
  std::set<std::string> ours;
  for (const ApiInfo& api : allApis()) {
    const std::string facts = fmt::format("versions {}-{}, unstable {}, request headers {}, response headers {}", api.versions.first,
                                          api.versions.last, api.latestVersionUnstable, headerVersions(api, true), headerVersions(api, false));
    const auto kafkas = apis_.find(static_cast<int>(api.key));
    if (kafkas == apis_.end()) faults.push_back(fmt::format("{}: Kafka has no such API", api.name));
    else if (kafkas->second.facts != facts) faults.push_back(fmt::format("{}: {}, Kafka has {}", api.name, facts, kafkas->second.facts));
    needPairs(javaClassOf(*api.request), api.versions, faults);
    needPairs(javaClassOf(*api.response), api.versions, faults);
  }
  for (const auto& [key, api] : apis_) {
    if (findApi(static_cast<std::int16_t>(key)) == nullptr) faults.push_back(fmt::format("{} ({}) is not in the schema", api.name, key));
  }
  for (const MessageInfo* info : allMessages()) {
    if (info->kind == MessageKind::Request || info->kind == MessageKind::Response) continue;
    const std::string javaClass = javaClassOf(*info);
    ours.insert(javaClass);
    const auto kafkas = classes_.find(javaClass);
    if (kafkas == classes_.end()) faults.push_back(javaClass + ": Kafka has no such class");
    else if (kafkas->second != info->versions) faults.push_back(javaClass + " has other versions than Kafka's class");
    needPairs(javaClass, info->versions, faults);
  }
  for (const auto& [name, versions] : classes_) {
    if (!ours.contains(name)) faults.push_back(name + " is not in the schema");
  }
  return faults;
}

}  // namespace klamm::golden
