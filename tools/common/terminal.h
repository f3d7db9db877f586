#pragma once
// Between a tool and whoever started it: output that is fast and minds closed pipes, progress, signals.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::tools {

/// Standard output through a large buffer. When the reader is gone (`| head`) what is written is dropped and failed()
/// tells; the process must ignore SIGPIPE. Threading: one thread.
class Output {
 public:
  explicit Output(int descriptor = 1) : descriptor_(descriptor) { buffer_.reserve(kCapacity); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() { flush(); }

  void write(std::string_view text) {
    if (buffer_.size() + text.size() > kCapacity) flush();
    if (text.size() > kCapacity) writeOut(text);
    else buffer_.insert(buffer_.end(), text.begin(), text.end());
  }
  void flush();
  /// Nobody reads any more, or the disk is full.
  [[nodiscard]] bool failed() const noexcept { return failed_; }

 private:
  static constexpr std::size_t kCapacity = 256 * 1024;
  void writeOut(std::string_view text);

  int descriptor_;
  bool failed_ = false;
  std::vector<char> buffer_;
};

[[nodiscard]] bool isTerminal(int descriptor) noexcept;
/// Columns of the terminal on standard output, or 100.
[[nodiscard]] std::size_t terminalWidth() noexcept;
/// One line on standard error.
void say(std::string_view line);
/// "error: ..." on standard error, in red on a terminal.
void complain(std::string_view line);

/// One line on standard error that counts what was done, only on a terminal and only while standard output is none (they
/// would mix). Threading: one thread.
class Progress {
 public:
  /// `verb`: "sent" or "received".
  explicit Progress(std::string_view verb);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();
  void add(std::size_t bytes) {
    ++records_;
    bytes_ += bytes;
    if (enabled_ && (records_ & 0x3FF) == 0) show();
  }

 private:
  void show();
  std::string verb_;
  bool enabled_;
  bool shown_ = false;
  std::uint64_t records_ = 0;
  std::uint64_t bytes_ = 0;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point last_;
};

/// While it lives, SIGINT and SIGTERM do not end the process but set stopped() and call `wake` (inside the signal handler).
/// Threading: one at a time in a process.
class StopSignal {
 public:
  using Wake = void (*)(void* context) noexcept;
  StopSignal(Wake wake, void* context) noexcept;
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  ~StopSignal();
  /// The signal that came, or 0.
  [[nodiscard]] int stopped() const noexcept;
  /// What a shell expects of a process that a signal ended: 128 + the signal's number.
  [[nodiscard]] int exitCode() const noexcept { return 128 + stopped(); }
};

}  // namespace klamm::tools
