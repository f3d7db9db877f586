#pragma once
// A file system in memory that tests may damage: cut files, flip bits, run out of space, fail.

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "log/disk.h"

namespace klamm::test {

/// Writes reach the "disk" at once, as those of a process do that is killed later: a copy of a MemoryDisk is what a restart
/// after kill -9 finds. Threading: one thread.
class MemoryDisk final : public broker::log::Disk {
 public:
  using Bytes = std::vector<std::byte>;

  MemoryDisk() = default;
  /// The same files, none of them shared, no lock held.
  MemoryDisk(const MemoryDisk& other) : Disk() {
    for (const auto& [path, bytes] : other.files_) files_[path] = std::make_shared<Bytes>(*bytes);
    folders_ = other.folders_;
  }
  MemoryDisk& operator=(const MemoryDisk&) = delete;

  // --- damage ---
  [[nodiscard]] Bytes& bytes(const std::string& path) { return *files_.at(path); }
  [[nodiscard]] bool has(const std::string& path) const { return files_.contains(path); }
  void flipBit(const std::string& path, std::size_t bit) { bytes(path)[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8)); }
  void put(const std::string& path, std::string_view text) {
    files_[path] = std::make_shared<Bytes>(asBytes(text).begin(), asBytes(text).end());
  }
  [[nodiscard]] std::string text(const std::string& path) { return std::string(asText(bytes(path))); }
  /// After so many more bytes every write fails half way, as on a full disk; nullopt: never.
  void setSpace(std::optional<std::uint64_t> left) { space_ = left; }
  /// Cutting fails as well: what a failed write left behind stays.
  void failTruncates(bool fail) { failTruncates_ = fail; }
  [[nodiscard]] std::vector<std::string> paths() const {
    std::vector<std::string> all;
    for (const auto& [path, bytes] : files_) all.push_back(path);
    return all;
  }
  [[nodiscard]] int syncs() const noexcept { return syncs_; }
  /// All contents, for comparing two disks.
  [[nodiscard]] std::map<std::string, Bytes> contents() const {
    std::map<std::string, Bytes> all;
    for (const auto& [path, bytes] : files_) all[path] = *bytes;
    return all;
  }

  // --- Disk ---
  Result<std::shared_ptr<broker::log::File>> open(const std::string& path, broker::log::OpenMode mode) override {
    auto found = files_.find(path);
    if (found == files_.end()) {
      if (mode != broker::log::OpenMode::Create) return missing(path);
      found = files_.emplace(path, std::make_shared<Bytes>()).first;
    }
    return std::make_shared<MemoryFile>(*this, path, found->second);
  }
  Result<Buffer> map(const std::string& path) override {
    const auto found = files_.find(path);
    if (found == files_.end()) return missing(path);
    return Buffer::copyOf(BytesView(*found->second));
  }
  Status replace(const std::string& path, BytesView content, bool) override {
    if (space_ && *space_ < content.size()) return full(path);
    files_[path] = std::make_shared<Bytes>(content.begin(), content.end());
    return {};
  }
  Status rename(const std::string& from, const std::string& to) override {
    if (folders_.contains(from)) {
      folders_.erase(from);
      folders_.insert(to);
      std::map<std::string, std::shared_ptr<Bytes>> moved;
      for (auto place = files_.begin(); place != files_.end();) {
        if (!place->first.starts_with(from + "/")) {
          ++place;
          continue;
        }
        moved[to + place->first.substr(from.size())] = place->second;
        place = files_.erase(place);
      }
      files_.merge(moved);
      return {};
    }
    const auto found = files_.find(from);
    if (found == files_.end()) return missing(from);
    files_[to] = found->second;
    files_.erase(from);
    return {};
  }
  Status remove(const std::string& path) override {
    files_.erase(path);
    return {};
  }
  Status removeAll(const std::string& path) override {
    folders_.erase(path);
    std::erase_if(files_, [&](const auto& item) { return item.first.starts_with(path + "/"); });
    return {};
  }
  Status createFolder(const std::string& path) override {
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) folders_.insert(path.substr(0, slash));
    folders_.insert(path);
    return {};
  }
  Status syncFolder(const std::string&) override {
    ++syncs_;
    return {};
  }
  Result<std::vector<broker::log::FolderEntry>> list(const std::string& path) override {
    if (!folders_.contains(path)) return missing(path);
    const auto isChild = [&](const std::string& name) {
      return name.starts_with(path + "/") && name.find('/', path.size() + 1) == std::string::npos;
    };
    std::vector<broker::log::FolderEntry> entries;
    for (const std::string& folder : folders_)
      if (isChild(folder)) entries.push_back({.name = folder.substr(path.size() + 1), .isFolder = true});
    for (const auto& [name, bytes] : files_)
      if (isChild(name)) entries.push_back({.name = name.substr(path.size() + 1), .size = bytes->size()});
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return entries;
  }
  bool exists(const std::string& path) override { return files_.contains(path) || folders_.contains(path); }
  Result<std::unique_ptr<broker::log::FolderLock>> lock(const std::string& path) override {
    if (!locks_->insert(path).second) return fail(ErrorCode::KafkaStorageError, "'" + path + "' is locked: another broker uses this folder");
    files_.try_emplace(path, std::make_shared<Bytes>());
    return std::make_unique<Held>(locks_, path);
  }

 private:
  struct Held final : broker::log::FolderLock {
    Held(std::shared_ptr<std::set<std::string>> all, std::string name) : locks(std::move(all)), path(std::move(name)) {}
    ~Held() override { locks->erase(path); }
    std::shared_ptr<std::set<std::string>> locks;
    std::string path;
  };

  class MemoryFile final : public broker::log::File {
   public:
    MemoryFile(MemoryDisk& disk, std::string path, std::shared_ptr<Bytes> bytes)
        : disk_(disk), path_(std::move(path)), bytes_(std::move(bytes)) {}
    Result<std::size_t> readAt(std::uint64_t offset, std::span<std::byte> into) const override {
      if (offset >= bytes_->size()) return 0;
      const std::size_t count = std::min(into.size(), bytes_->size() - static_cast<std::size_t>(offset));
      std::copy_n(bytes_->begin() + static_cast<std::ptrdiff_t>(offset), count, into.begin());
      return count;
    }
    Status writeAt(std::uint64_t offset, std::span<const BytesView> pieces) override {
      for (const BytesView piece : pieces) {
        std::size_t count = piece.size();
        if (disk_.space_) count = std::min<std::size_t>(count, *disk_.space_);
        if (bytes_->size() < offset + count) bytes_->resize(offset + count);
        std::copy_n(piece.begin(), count, bytes_->begin() + static_cast<std::ptrdiff_t>(offset));
        if (disk_.space_) *disk_.space_ -= count;
        if (count < piece.size()) return full(path_);
        offset += count;
      }
      return {};
    }
    Status truncate(std::uint64_t size) override {
      if (disk_.failTruncates_) return fail(ErrorCode::KafkaStorageError, "cannot shorten '" + path_ + "'");
      bytes_->resize(size);
      return {};
    }
    Result<std::uint64_t> size() const override { return bytes_->size(); }
    Status sync() override {
      ++disk_.syncs_;
      return {};
    }
    std::shared_ptr<const FileHandle> handle() const override { return nullptr; }

   private:
    MemoryDisk& disk_;
    std::string path_;
    std::shared_ptr<Bytes> bytes_;
  };

  [[nodiscard]] static tl::unexpected<Error> missing(const std::string& path) {
    return fail(ErrorCode::KafkaStorageError, "cannot open '" + path + "': No such file or directory");
  }
  [[nodiscard]] static tl::unexpected<Error> full(const std::string& path) {
    return fail(ErrorCode::KafkaStorageError, "cannot write '" + path + "': No space left on device");
  }

  std::map<std::string, std::shared_ptr<Bytes>> files_;
  std::set<std::string> folders_;
  std::shared_ptr<std::set<std::string>> locks_ = std::make_shared<std::set<std::string>>();
  std::optional<std::uint64_t> space_;
  bool failTruncates_ = false;
  int syncs_ = 0;
};

}  // namespace klamm::test
