#include "support/broker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "base/clock.h"

namespace klamm::test {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);

/// Between fork and exec: nothing that takes a lock.
[[noreturn]] void becomeBroker(char* const* arguments, int output, int log) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

}  // namespace

BrokerProcess::BrokerProcess(BrokerProcessOptions options)
    : options_(std::move(options)), reservation_(bindLocal(0)), port_(portOf(reservation_)) {}

BrokerProcess::~BrokerProcess() { kill(); }

std::vector<std::string> BrokerProcess::arguments() const {
  std::vector<std::string> arguments{options_.program};
  const auto set = [&](const std::string& key, const std::string& value) {
    arguments.insert(arguments.end(), {"--override", key + "=" + value});
  };
  const std::string own = "127.0.0.1:" + std::to_string(port_);
  set("listeners", "PLAINTEXT://" + own);
  set("advertised.listeners", "PLAINTEXT://" + (options_.advertised.empty() ? own : options_.advertised));
  set("log.dirs", options_.folder);
  for (const auto& [key, value] : options_.config) set(key, value);
  return arguments;
}

void BrokerProcess::start() {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const Descriptor output(pipe[0]);
  Descriptor input(pipe[1]);
  const Descriptor log(::open((options_.folder + ".log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  std::vector<std::string> texts = arguments();
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("no fork");
  if (pid_ == 0) becomeBroker(pointers.data(), input.get(), log.get());
  input.close();
  waitReady(output);
}

void BrokerProcess::waitReady(const Descriptor& output) {
  std::string line;
  const TimePoint deadline = systemClock().now() + kPatience;
  while (line.find('\n') == std::string::npos) {
    pollfd poll{output.get(), POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - systemClock().now());
    char room[256];
    const ssize_t got = left.count() > 0 && ::poll(&poll, 1, static_cast<int>(left.count())) == 1 ? ::read(output.get(), room, sizeof room) : -1;
    if (got <= 0) {
      const bool ended = got == 0;
      kill();
      throw std::runtime_error((ended ? "klamm-broker ended at its start:\n" : "klamm-broker was not ready in time:\n") + lastLines());
    }
    line.append(room, static_cast<std::size_t>(got));
  }
  if (line.rfind("ready ", 0) != 0) throw std::runtime_error("klamm-broker said: " + line);
}

std::string BrokerProcess::lastLines() const {
  std::ifstream file(options_.folder + ".log");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return text.size() > 2000 ? text.substr(text.size() - 2000) : text;
}

int BrokerProcess::reap() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void BrokerProcess::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  (void)reap();
}

int BrokerProcess::stop() {
  if (pid_ <= 0) return 0;
  ::kill(pid_, SIGTERM);
  const TimePoint deadline = systemClock().now() + kPatience;
  for (siginfo_t info{}; systemClock().now() < deadline; ::usleep(5'000)) {
    info.si_pid = 0;
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid_) return reap();
  }
  ::kill(pid_, SIGKILL);
  return reap();
}

}  // namespace klamm::test
