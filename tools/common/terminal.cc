#include "common/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include <fmt/format.h>

namespace klamm::tools {
namespace {

std::atomic<int> stopSignal{0};
std::atomic<StopSignal::Wake> wakeFunction{nullptr};
std::atomic<void*> wakeContext{nullptr};

void onSignal(int number) {
  const int savedErrno = errno;
  stopSignal.store(number);
  if (const auto wake = wakeFunction.load()) wake(wakeContext.load());
  errno = savedErrno;
}

void handle(void (*handler)(int)) noexcept {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

void Output::flush() {
  if (!buffer_.empty()) writeOut({buffer_.data(), buffer_.size()});
  buffer_.clear();
}

void Output::writeOut(std::string_view text) {
  while (!text.empty() && !failed_) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written >= 0) text.remove_prefix(static_cast<std::size_t>(written));
    else if (errno != EINTR && errno != EAGAIN) failed_ = true;
  }
}

bool isTerminal(int descriptor) noexcept { return ::isatty(descriptor) == 1; }

std::size_t terminalWidth() noexcept {
  winsize size = {};
  if (::ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) return size.ws_col;
  return 100;
}

void say(std::string_view line) { fmt::print(stderr, "{}\n", line); }

void complain(std::string_view line) {
  if (isTerminal(2)) fmt::print(stderr, "\033[31merror:\033[0m {}\n", line);
  else fmt::print(stderr, "error: {}\n", line);
}

Progress::Progress(std::string_view verb)
    : verb_(verb), enabled_(isTerminal(2) && !isTerminal(1)), started_(std::chrono::steady_clock::now()), last_(started_) {}

Progress::~Progress() {
  if (shown_) fmt::print(stderr, "\r\033[K");
}

void Progress::show() {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < std::chrono::milliseconds(200)) return;
  last_ = now;
  shown_ = true;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  const auto bytes = static_cast<double>(bytes_);
  fmt::print(stderr, "\r\033[K{} records {}, {:.1f} MB, {:.1f} MB/s", records_, verb_, bytes / 1e6, bytes / 1e6 / seconds);
  std::fflush(stderr);
}

StopSignal::StopSignal(Wake wake, void* context) noexcept {
  stopSignal.store(0);
  wakeContext.store(context);
  wakeFunction.store(wake);
  handle(onSignal);
}

StopSignal::~StopSignal() {
  handle(SIG_DFL);
  wakeFunction.store(nullptr);
}

int StopSignal::stopped() const noexcept { return stopSignal.load(); }

}  // namespace klamm::tools
