#pragma once
// The seam to files: what the log needs of a file system. One implementation on the operating system, one in memory
// that tests may damage.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/parts.h"
#include "base/result.h"

namespace klamm::broker::log {

/// An open file. Every failure is a KafkaStorageError that names the file and the system's reason.
/// Threading: writeAt and truncate from one thread at a time; the others from any thread.
class File {
 public:
  virtual ~File() = default;
  /// Bytes from `offset` on into `into`; fewer than asked for only at the end of the file.
  [[nodiscard]] virtual Result<std::size_t> readAt(std::uint64_t offset, std::span<std::byte> into) const = 0;
  /// All pieces, one behind the other, from `offset` on.
  [[nodiscard]] virtual Status writeAt(std::uint64_t offset, std::span<const BytesView> pieces) = 0;
  [[nodiscard]] virtual Status truncate(std::uint64_t size) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> size() const = 0;
  /// Returns when the file's bytes have reached the disk. May take long: not on a loop.
  [[nodiscard]] virtual Status sync() = 0;
  /// For sendfile; null when there is no descriptor (memory).
  [[nodiscard]] virtual std::shared_ptr<const FileHandle> handle() const = 0;
};

/// Held while a folder is in use by this process; another process is refused.
class FolderLock {
 public:
  virtual ~FolderLock() = default;
};

enum class OpenMode {
  Read,    ///< must exist
  Write,   ///< read and write; must exist
  Create,  ///< read and write; made when absent
};

struct FolderEntry {
  std::string name = {};
  bool isFolder = false;
  std::uint64_t size = 0;  ///< of a file
};

/// A file system. Paths are those of the operating system. Failures are KafkaStorageErrors, that of a missing file too.
/// Threading: any thread.
class Disk {
 public:
  virtual ~Disk() = default;
  [[nodiscard]] virtual Result<std::shared_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  /// The whole file as it is now; mapped where the system can, so that a large index costs no memory of ours. The file
  /// must not be shortened while the Buffer lives.
  [[nodiscard]] virtual Result<Buffer> map(const std::string& path) = 0;
  /// Replaces a file's content: readers find the old or the new content, never a mixture. With `sync` also after a loss
  /// of power (slow: not on a loop).
  [[nodiscard]] virtual Status replace(const std::string& path, BytesView content, bool sync) = 0;
  [[nodiscard]] virtual Status rename(const std::string& from, const std::string& to) = 0;
  /// Removes a file; one that is absent is no error.
  [[nodiscard]] virtual Status remove(const std::string& path) = 0;
  /// Removes a folder with all it holds.
  [[nodiscard]] virtual Status removeAll(const std::string& path) = 0;
  /// Makes a folder and those above it; one that exists is no error.
  [[nodiscard]] virtual Status createFolder(const std::string& path) = 0;
  /// Makes the folder's names durable.
  [[nodiscard]] virtual Status syncFolder(const std::string& path) = 0;
  /// Entries in order of their names.
  [[nodiscard]] virtual Result<std::vector<FolderEntry>> list(const std::string& path) = 0;
  [[nodiscard]] virtual bool exists(const std::string& path) = 0;
  /// Locks `path` (made when absent). Fails when another process, or this one, holds it.
  [[nodiscard]] virtual Result<std::unique_ptr<FolderLock>> lock(const std::string& path) = 0;

  /// The whole file, read into memory.
  [[nodiscard]] Result<std::string> readText(const std::string& path);
};

/// The machine's file system.
[[nodiscard]] Disk& systemDisk() noexcept;
/// The same for folders that are removed at exit: nothing is synced.
[[nodiscard]] Disk& temporaryDisk() noexcept;

}  // namespace klamm::broker::log
