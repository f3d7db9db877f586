// klamm-fault-proxy: the fault proxy as a program, for brokers and clients of any kind.

#include <cstdio>
#include <exception>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include "support/fault_proxy/fault_proxy.h"

namespace {

using klamm::test::FaultProfile;
using klamm::test::FaultProxy;

constexpr const char* kFooter = R"(PROFILE is a list of faults, e.g. "delay=5 jitter=20 bandwidth=1000000 sliced=0.5 cut=0.01 reset=0.01 black-hole=0.001";
times in milliseconds, fractions of connections (sliced) and of frames. Without it bytes pass as they are.
When it listens, exactly one line is printed: ready 127.0.0.1:PORT
Commands on stdin, one a line: profile PROFILE | pass | silent | refuse | reset | counts. The end of stdin ends the proxy.
Example: klamm-fault-proxy --upstream 9092 --port 9192 --seed 7 --profile "delay=20 cut=0.01"
         with advertised.listeners=PLAINTEXT://127.0.0.1:9192 at the broker)";

void printCounts(const FaultProxy& proxy) {
  const auto counts = proxy.counts();
  std::cout << "connections=" << counts.connections << " bytes=" << counts.bytes << " cuts=" << counts.cuts << " resets=" << counts.resets
            << " black-holes=" << counts.blackHoles << " refusals=" << counts.refusals << std::endl;
}

bool obey(FaultProxy& proxy, const std::string& line) {
  if (line == "pass") proxy.setMode(FaultProxy::Mode::Passing);
  else if (line == "silent") proxy.setMode(FaultProxy::Mode::Silent);
  else if (line == "refuse") proxy.setMode(FaultProxy::Mode::Refusing);
  else if (line == "reset") proxy.resetAll();
  else if (line == "counts") printCounts(proxy);
  else if (line.rfind("profile ", 0) == 0) {
    const auto profile = FaultProfile::parse(line.substr(8));
    if (!profile) {
      std::cerr << profile.error().message() << '\n';
      return false;
    }
    proxy.setProfile(*profile);
  } else {
    return false;
  }
  return true;
}

int serve(klamm::test::FaultProxyOptions options, const std::string& profileText) {
  const auto profile = FaultProfile::parse(profileText);
  if (!profile) {
    std::cerr << "klamm-fault-proxy: --profile: " << profile.error().message() << '\n';
    return 2;
  }
  options.profile = *profile;
  FaultProxy proxy(options);
  std::cout << "ready " << proxy.address() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    if (!obey(proxy, line)) std::cerr << "klamm-fault-proxy: no such command: " << line << '\n';
  }
  printCounts(proxy);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  klamm::test::FaultProxyOptions options;
  std::string profile;
  CLI::App app("A TCP proxy that makes faults, by seed.", "klamm-fault-proxy");
  app.footer(kFooter);
  app.add_option("--upstream", options.upstreamPort, "port on the upstream host")->required();
  app.add_option("--upstream-host", options.upstreamHost, "numeric IPv4 address (127.0.0.1)");
  app.add_option("--port", options.port, "port to listen on, on 127.0.0.1; 0 picks one (0)");
  app.add_option("--seed", options.seed, "what decides where the faults are (1)");
  app.add_option("--profile", profile, "the faults");
  CLI11_PARSE(app, argc, argv);
  try {
    return serve(options, profile);
  } catch (const std::exception& error) {
    std::cerr << "klamm-fault-proxy: " << error.what() << '\n';
    return 1;
  }
}
