#include "log/disk.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace klamm::broker::log {

namespace fs = std::filesystem;

namespace {

tl::unexpected<Error> failed(const char* what, const std::string& path, int reason) {
  return fail(ErrorCode::KafkaStorageError,
              std::string(what) + " '" + path + "': " + std::error_code(reason, std::generic_category()).message());
}

Status check(const char* what, const std::string& path, const std::error_code& error) {
  if (error) return failed(what, path, error.value());
  return {};
}

/// Threading: as File.
class SystemFile final : public File {
 public:
  SystemFile(std::string path, int descriptor, bool syncs)
      : path_(std::move(path)), handle_(std::make_shared<FileHandle>(descriptor)), syncs_(syncs) {}

  Result<std::size_t> readAt(std::uint64_t offset, std::span<std::byte> into) const override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t got = ::pread(descriptor(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failed("cannot read", path_, errno);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Status writeAt(std::uint64_t offset, std::span<const BytesView> pieces) override {
    constexpr std::size_t kMost = 64;
    iovec vectors[kMost];
    std::size_t skip = 0;  // bytes of pieces.front() that are written already
    while (!pieces.empty()) {
      std::size_t count = 0;
      for (; count < std::min(kMost, pieces.size()); ++count) {
        const BytesView piece = count == 0 ? pieces[0].subspan(skip) : pieces[count];
        vectors[count] = {const_cast<std::byte*>(piece.data()), piece.size()};  // NOLINT: iovec has no const form
      }
      const ssize_t put = ::pwritev(descriptor(), vectors, static_cast<int>(count), static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return failed("cannot write", path_, errno);
      offset += static_cast<std::uint64_t>(put);
      skip += static_cast<std::size_t>(put);
      while (!pieces.empty() && skip >= pieces.front().size()) {
        skip -= pieces.front().size();
        pieces = pieces.subspan(1);
      }
    }
    return {};
  }

  Status truncate(std::uint64_t size) override {
    if (::ftruncate(descriptor(), static_cast<off_t>(size)) != 0) return failed("cannot shorten", path_, errno);
    return {};
  }
  Result<std::uint64_t> size() const override {
    struct stat info {};
    if (::fstat(descriptor(), &info) != 0) return failed("cannot look at", path_, errno);
    return static_cast<std::uint64_t>(info.st_size);
  }
  Status sync() override {
    if (syncs_ && ::fdatasync(descriptor()) != 0) return failed("cannot sync", path_, errno);
    return {};
  }
  std::shared_ptr<const FileHandle> handle() const override { return handle_; }

 private:
  [[nodiscard]] int descriptor() const noexcept { return handle_->descriptor(); }
  std::string path_;
  std::shared_ptr<FileHandle> handle_;
  bool syncs_;
};

/// Threading: any thread.
class SystemFolderLock final : public FolderLock {
 public:
  explicit SystemFolderLock(int descriptor) : file_(descriptor) {}

 private:
  FileHandle file_;
};

/// Threading: any thread; it has no state.
class SystemDisk final : public Disk {
 public:
  explicit SystemDisk(bool syncs) noexcept : syncs_(syncs) {}

  Result<std::shared_ptr<File>> open(const std::string& path, OpenMode mode) override {
    const int flags = mode == OpenMode::Read ? O_RDONLY : mode == OpenMode::Write ? O_RDWR : O_RDWR | O_CREAT;
    const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
    if (descriptor < 0) return failed("cannot open", path, errno);
    return std::make_shared<SystemFile>(path, descriptor, syncs_);
  }

  Result<Buffer> map(const std::string& path) override {
    KLAMM_TRY_ASSIGN(const auto file, open(path, OpenMode::Read));
    KLAMM_TRY_ASSIGN(const std::uint64_t size, file->size());
    constexpr std::uint64_t kWorthMapping = 64 * 1024;
    if (size < kWorthMapping) {
      std::vector<std::byte> bytes(size);
      KLAMM_TRY_ASSIGN(const std::size_t got, file->readAt(0, bytes));
      bytes.resize(got);
      return Buffer::adopt(std::move(bytes));
    }
    void* at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file->handle()->descriptor(), 0);
    if (at == MAP_FAILED) return failed("cannot map", path, errno);
    std::shared_ptr<const void> owner(at, [size](const void* mapped) { ::munmap(const_cast<void*>(mapped), size); });
    return Buffer(std::move(owner), {static_cast<const std::byte*>(at), size});
  }

  Status replace(const std::string& path, BytesView content, bool sync) override {
    const std::string temporary = path + ".tmp";
    {
      KLAMM_TRY_ASSIGN(const auto file, open(temporary, OpenMode::Create));
      KLAMM_TRY(file->truncate(0));
      const BytesView pieces[] = {content};
      KLAMM_TRY(file->writeAt(0, pieces));
      if (sync) KLAMM_TRY(file->sync());
    }
    KLAMM_TRY(rename(temporary, path));
    return sync ? syncFolder(fs::path(path).parent_path().string()) : Status();
  }

  Status rename(const std::string& from, const std::string& to) override {
    std::error_code error;
    fs::rename(from, to, error);
    return check("cannot rename", from, error);
  }
  Status remove(const std::string& path) override {
    std::error_code error;
    fs::remove(path, error);
    return check("cannot remove", path, error);
  }
  Status removeAll(const std::string& path) override {
    std::error_code error;
    fs::remove_all(path, error);
    return check("cannot remove", path, error);
  }
  Status createFolder(const std::string& path) override {
    std::error_code error;
    fs::create_directories(path, error);
    return check("cannot make the folder", path, error);
  }
  Status syncFolder(const std::string& path) override {
    if (!syncs_) return {};
    const int descriptor = ::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return failed("cannot open", path, errno);
    const FileHandle close(descriptor);
    if (::fsync(descriptor) != 0) return failed("cannot sync", path, errno);
    return {};
  }

  Result<std::vector<FolderEntry>> list(const std::string& path) override {
    std::error_code error;
    std::vector<FolderEntry> entries;
    for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
      std::error_code unreadable;
      FolderEntry entry{.name = it->path().filename().string(), .isFolder = it->is_directory(unreadable)};
      if (!entry.isFolder) entry.size = it->file_size(unreadable);
      if (unreadable) entry.size = 0;
      entries.push_back(std::move(entry));
    }
    if (error) return failed("cannot list", path, error.value());
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return entries;
  }
  bool exists(const std::string& path) override {
    std::error_code error;
    return fs::exists(path, error);
  }

  Result<std::unique_ptr<FolderLock>> lock(const std::string& path) override {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0) return failed("cannot open", path, errno);
    auto held = std::make_unique<SystemFolderLock>(descriptor);
    struct flock whole {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    // A lock of the open file, not of the process: two brokers in one process exclude each other as well, and so does
    // Apache Kafka, whose locks are of the older kind.
    if (::fcntl(descriptor, F_OFD_SETLK, &whole) != 0) {
      if (errno == EAGAIN || errno == EACCES) return fail(ErrorCode::KafkaStorageError, "'" + path + "' is locked: another broker uses this folder");
      return failed("cannot lock", path, errno);
    }
    return held;
  }

 private:
  bool syncs_;
};

}  // namespace

Result<std::string> Disk::readText(const std::string& path) {
  KLAMM_TRY_ASSIGN(const auto file, open(path, OpenMode::Read));
  KLAMM_TRY_ASSIGN(const std::uint64_t size, file->size());
  constexpr std::uint64_t kMost = 256U << 20;  // checkpoints and properties are small: a huge one is not ours
  if (size > kMost) return fail(ErrorCode::KafkaStorageError, "'" + path + "' is too large to be what it should be");
  std::string text(size, '\0');
  KLAMM_TRY_ASSIGN(const std::size_t got, file->readAt(0, std::as_writable_bytes(std::span(text))));
  text.resize(got);
  return text;
}

// Never destroyed: a broker that a program keeps until its exit may still use them while other statics go.
Disk& systemDisk() noexcept {
  static SystemDisk& disk = *new SystemDisk(true);
  return disk;
}

Disk& temporaryDisk() noexcept {
  static SystemDisk& disk = *new SystemDisk(false);
  return disk;
}

}  // namespace klamm::broker::log
