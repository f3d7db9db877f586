#include "log/checkpoint.h"

#include <charconv>

namespace klamm::broker::log {

std::optional<std::int64_t> parseNumber(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

namespace {

std::string_view takeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

std::vector<std::string_view> wordsOf(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = line.find(' ');
    if (end != 0) words.push_back(line.substr(0, end));
    if (end == std::string_view::npos) break;
    line.remove_prefix(end + 1);
  }
  return words;
}

}  // namespace

std::optional<std::vector<std::vector<std::string_view>>> parseCheckpoint(std::string_view text, std::size_t columns) {
  if (parseNumber(takeLine(text)) != 0) return std::nullopt;
  const auto count = parseNumber(takeLine(text));
  if (!count || *count < 0) return std::nullopt;
  std::vector<std::vector<std::string_view>> rows;
  while (!text.empty()) {
    const std::string_view line = takeLine(text);
    if (line.empty()) continue;
    rows.push_back(wordsOf(line));
    if (rows.back().size() != columns) return std::nullopt;
  }
  if (rows.size() != static_cast<std::size_t>(*count)) return std::nullopt;
  return rows;
}

std::map<std::string, std::int64_t> readOffsetCheckpoint(Disk& disk, const std::string& path) {
  std::map<std::string, std::int64_t> offsets;
  const auto text = disk.readText(path);
  if (!text) return offsets;
  const auto rows = parseCheckpoint(*text, 3);
  if (!rows) return offsets;
  for (const auto& row : *rows) {
    const auto offset = parseNumber(row[2]);
    if (!offset) return {};
    offsets[fmt::format("{}-{}", row[0], row[1])] = *offset;
  }
  return offsets;
}

Status writeOffsetCheckpoint(Disk& disk, const std::string& path, const std::map<std::string, std::int64_t>& offsets, bool sync) {
  std::string text = fmt::format("0\n{}\n", offsets.size());
  for (const auto& [name, offset] : offsets) {
    const std::size_t dash = name.rfind('-');
    text += fmt::format("{} {} {}\n", std::string_view(name).substr(0, dash), std::string_view(name).substr(dash + 1), offset);
  }
  return disk.replace(path, asBytes(text), sync);
}

}  // namespace klamm::broker::log
